"""RFM: recency, frequency and monetary value of customers, their segments, and why."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from clientela.customers import customer_search
from clientela.customers.customer_filter import CustomerFilter
from clientela.reports import (
    report_generations,
    report_models,
    report_periods,
    report_states,
    report_updates,
    rfm_scores,
)
from clientela.reports.report_models import Report
from clientela.reports.report_sources import ReportSource
from clientela.reports.report_states import CountedCustomer
from clientela.reports.report_updates import ReportedState
from clientela.reports.rfm_scores import CutOffs, Segment, Values, Window
from clientela.schema.currencies import Currency
from clientela.schema.documents import Model
from clientela.stores.stores import Store
from clientela.table import dynamodb
from clientela.table.pagination import Page

_TERMS = ("counted_order", "recency", "frequency", "monetary", "score", "base")


class RfmParameters(Model):
    """The window of frequency and monetary value."""

    window: Window = "year"
    """The last 365 days, or `ever`. Example: year"""


class RfmListParameters(RfmParameters):
    """The window, a segment and a page."""

    segment: Segment | None = None
    """Only customers of this segment. A page may be short. Example: champions"""
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    """The number of customers that a page looks at. Example: 50"""
    cursor: Annotated[str, Field(max_length=1000)] | None = None
    """`next_cursor` of the previous page. Example: WyJjdXJzb3IiXQ.x1Y2"""


class RfmReport(Report):
    """The cut-offs of the scores and the sizes of the segments."""

    window: Window
    """The window of F and M."""
    currency: Currency
    """The currency of M."""
    customers: int
    """The customers with a counted order. Example: 59"""
    cut_offs: CutOffs
    """The values between the fifths."""
    segments: dict[Segment, int]
    """The customers of each segment. Example: {"champions": 9}"""


class Score(Model):
    """One score, and why."""

    score: int
    """From 1 to 5. Example: 5"""
    value: Decimal
    """The customer's value. Example: 6"""
    reason: str
    """What the score means. Example: Last order 6 days ago: 5 means at most 14."""


class RfmCustomer(Model):
    """A customer with the scores and the segment that they make."""

    customer_id: str
    """The id of the customer. Example: cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    name: str | None
    """The full name. Example: Helena Holý"""
    email: str
    """The e-mail. Example: hholy@gmail.com"""
    segment: Segment
    """The segment."""
    recency: Score
    """R: days since the last counted order."""
    frequency: Score
    """F: counted orders in the window."""
    monetary: Score
    """M: the amount of counted orders in the window."""


def compute(store: Store, parameters: RfmParameters, now: datetime) -> RfmReport:
    """Return the cut-offs and segments of the last night.

    Raises:
        ReportsNotReadyError: they are computed for the first time.

    Cost: 2 read units.
    """
    scores = rfm_scores.get(store, now)
    window = scores.windows[parameters.window]
    generation = report_generations.current(store.id)._replace(timezone=scores.timezone)
    today = report_periods.today_in(scores.timezone, scores.computed_at)
    return RfmReport(
        **report_models.head(generation, scores.computed_at, report_periods.day_after(today), *_TERMS),
        window=parameters.window,
        currency=scores.currency,
        customers=window.customers,
        cut_offs=window.cut_offs,
        segments=window.segments,
    )


def list_customers(store: Store, parameters: RfmListParameters, now: datetime) -> Page[RfmCustomer]:
    """Return a page of customers with their scores, the one with the newest order first.

    Raises:
        InvalidInputError: the cursor belongs to another list.
        ReportsNotReadyError: the scores are computed for the first time.

    Cost: as a page of customers, and half a read unit for each customer.
    """
    scores, generation = rfm_scores.get(store, now), report_generations.current(store.id)
    filter_ = CustomerFilter(min_orders=1)
    page = customer_search.page(
        store, sort="-last_order", filter_=filter_, limit=parameters.limit, cursor=parameters.cursor
    )
    places = {each["id"]: report_updates.reported_keys(store.id, generation.number, ReportSource("customer", each["id"]))
              for each in page.items}  # fmt: skip
    items = dynamodb.get_many(list(places.values()))
    states = {item["sk"]["S"]: report_states.unpack(ReportedState.from_raw_data(item).state) for item in items}
    today = now.astimezone(ZoneInfo(generation.timezone)).toordinal()
    cut_offs, found = scores.windows[parameters.window].cut_offs, list[RfmCustomer]()
    for customer in page.items:
        state = states.get(customer["id"])
        if isinstance(state, CountedCustomer) and state.totals and cut_offs.recency[0] is not None:
            values = rfm_scores.values_of(state, parameters.window, today, scores.currency)
            found.append(_scored(customer["id"], customer, values, cut_offs))
    wanted = [each for each in found if parameters.segment in (None, each.segment)]
    return Page(wanted, page.next_cursor)


def _scored(customer_id: str, customer: dict[str, str | None], values: Values, cut_offs: CutOffs) -> RfmCustomer:
    scores = rfm_scores.scores_of(values, cut_offs)
    return RfmCustomer(
        customer_id=customer_id,
        name=customer["name"],
        email=str(customer["email"]),
        segment=scores.segment,
        recency=_recency(values.recency, scores.recency, cut_offs.recency),
        frequency=_score("Orders", Decimal(values.frequency), scores.frequency, cut_offs.frequency),
        monetary=_score("Amount", values.monetary, scores.monetary, cut_offs.monetary),
    )


def _recency(days: int, score: int, begin: list[int | None]) -> Score:
    bound = f"at most {begin[score - 2]}" if score > 1 else f"more than {begin[0]}"
    return Score(score=score, value=Decimal(days), reason=f"Last order {days} days ago: {score} means {bound}.")


def _score(what: str, value: Decimal, score: int, begin: Sequence[int | Decimal | None]) -> Score:
    bound = f"at least {begin[score - 2]}" if score > 1 else f"less than {begin[0]}"
    return Score(score=score, value=value, reason=f"{what} {value}: {score} means {bound}.")
