"""The cut-offs of RFM scores, computed each night from all customers and stored as one item.

R is the days since the last counted order, F the number and M the amount of counted orders in a
window: the last 365 days, or ever. Each is divided into fifths by value: equal values have the same
score. A customer's own scores are computed when they are read, so nothing is written per customer.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple, get_args

from pynamodb.attributes import UnicodeAttribute

from clientela import clock
from clientela.errors import ReportsNotReadyError
from clientela.reports import report_counters, report_generations, report_periods, report_states
from clientela.reports.report_generations import Generation
from clientela.reports.report_states import BASE, CountedCustomer
from clientela.reports.report_updates import STATE_SHARDS, ReportedState
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, records, report_keys
from clientela.table.attributes import DocumentAttribute
from clientela.table.records import Record

Window = Literal["year", "ever"]
Segment = Literal[
    "champions", "loyal", "active", "new", "promising", "needs_attention", "at_risk", "previously_loyal",
    "almost_lost", "dormant",
]  # fmt: skip
WINDOW_DAYS = 365
COMPUTED_AT_ONCE = 20_000  # customers of a store whose first scores a request may compute

# By R, from 1 to 5, and by the rounded mean of F and M, from 1 to 5.
SEGMENTS: tuple[tuple[Segment, ...], ...] = (
    ("dormant", "dormant", "dormant", "previously_loyal", "previously_loyal"),
    ("almost_lost", "almost_lost", "at_risk", "at_risk", "at_risk"),
    ("needs_attention", "needs_attention", "active", "loyal", "loyal"),
    ("promising", "promising", "active", "loyal", "champions"),
    ("new", "promising", "active", "loyal", "champions"),
)


class CutOffs(Model):
    """The four values that divide all customers with a counted order into fifths."""

    recency: list[int]
    """Days since the last order: up to the first one R is 5, up to the second one 4, and so on.
    Example: [14, 60, 130, 300]"""
    frequency: list[int]
    """Orders: above the last one F is 5, above the one before 4, and so on.
    Example: [0, 1, 2, 4]"""
    monetary: list[Decimal]
    """Amounts, as for orders. Example: ["0.00", "9.90", "49.90", "120.00"]"""


class WindowScores(Model):
    """The cut-offs of one window, and how many customers each segment has."""

    customers: int
    """The customers with a counted order. Example: 59"""
    cut_offs: CutOffs
    """The values between the fifths."""
    segments: dict[Segment, int]
    """The customers of each segment. Example: {"champions": 9}"""


class Scores(Model):
    """What a night has computed of a store."""

    computed_at: Timestamp
    timezone: str
    currency: str
    windows: dict[Window, WindowScores]


class ScoresRecord(Record):
    """`STORE#demo` / `REPORT_SCORES`."""

    computed_at = UnicodeAttribute()
    scores = DocumentAttribute(Scores)


class Values(NamedTuple):
    """R, F and M of one customer."""

    recency: int
    frequency: int
    monetary: Decimal


class CustomerScores(NamedTuple):
    """The scores of one customer, each from 1 to 5."""

    recency: int
    frequency: int
    monetary: int

    @property
    def segment(self) -> Segment:
        """The name of R and the mean of F and M, rounded half up."""
        return SEGMENTS[self.recency - 1][(self.frequency + self.monetary + 1) // 2 - 1]


def get(store: Store, now: datetime) -> Scores:
    """Return the newest scores; compute them if a small store has none yet.

    Raises:
        ReportsNotReadyError: a large store has none before its first night.

    Cost: 1 read unit.
    """
    record = ScoresRecord.find(keys.store(store.id), report_keys.SCORES)
    if record:
        return record.scores
    customers = report_counters.read_today(store, report_generations.current(store.id)).get("customers", 0)
    if customers > COMPUTED_AT_ONCE:
        raise ReportsNotReadyError
    return compute(store, now)


def compute(store: Store, now: datetime) -> Scores:
    """Compute and store the scores of all customers.

    Raises:
        ReportsNotReadyError: the reports are built for the first time.

    Cost: half a read unit per 4 KB of the counted states, some 250 bytes each; 1 write unit.
    """
    generation = report_generations.current(store.id)
    today = report_periods.today_in(generation.timezone, now).toordinal()
    values: dict[Window, list[Values]] = {window: [] for window in get_args(Window)}
    for state in _states(store, generation):
        for window, found in values.items():
            found.append(values_of(state, window, today, store.currency))
    scores = Scores(
        computed_at=now,
        timezone=generation.timezone,
        currency=store.currency,
        windows={window: _window(found) for window, found in values.items()},
    )
    computed_at = clock.format_timestamp(now)
    records.put(ScoresRecord(keys.store(store.id), report_keys.SCORES, computed_at=computed_at, scores=scores))
    return scores


def values_of(state: CountedCustomer, window: Window, today: int, currency: str) -> Values:
    """Return R, F and M of a customer with orders. M is of base amounts, if orders have them."""
    since = today - WINDOW_DAYS if window == "year" else 0
    inside = [total for total in state.totals if total.day > since]
    base = f"{BASE}{currency}"
    line = base if any(total.line == base for total in state.totals) else currency
    return Values(
        max(0, today - state.totals[-1].day),
        sum(total.orders for total in inside if not total.line.startswith(BASE)),
        sum((total.amount for total in inside if total.line == line), Decimal(0)),
    )


def scores_of(values: Values, cut_offs: CutOffs) -> CustomerScores:
    """Return the scores of a customer."""
    return CustomerScores(
        5 - bisect_left(cut_offs.recency, values.recency),
        1 + bisect_left(cut_offs.frequency, values.frequency),
        1 + bisect_left(cut_offs.monetary, values.monetary),
    )


def _states(store: Store, generation: Generation) -> Iterator[CountedCustomer]:
    """Yield the counted state of each customer with a counted order."""
    for shard in range(STATE_SHARDS):
        pk = report_keys.reported(store.id, generation.number, report_keys.CUSTOMERS, shard)
        pages = dynamodb.query_pages(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": pk}})
        for page in pages:
            for item in page["Items"]:
                state = report_states.unpack(ReportedState.from_raw_data(item).state)
                if isinstance(state, CountedCustomer) and state.totals:
                    yield state


def _window(values: list[Values]) -> WindowScores:
    cut_offs = CutOffs(
        recency=_fifths([each.recency for each in values]),
        frequency=_fifths([each.frequency for each in values]),
        monetary=_fifths([each.monetary for each in values]),
    )
    counted = Counter(scores_of(each, cut_offs).segment for each in values)
    return WindowScores(
        customers=len(values), cut_offs=cut_offs, segments={name: counted[name] for name in get_args(Segment)}
    )


def _fifths[N: (int, Decimal)](values: list[N]) -> list[N]:
    """Return the values that end the first four fifths; none of an empty list."""
    in_order = sorted(values)
    return [in_order[-(-len(in_order) * fifth // 5) - 1] for fifth in range(1, 5)] if in_order else []
