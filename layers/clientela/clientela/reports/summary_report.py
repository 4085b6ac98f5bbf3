"""The summary: customers, orders and money of a period, beside the period before."""

from datetime import date, datetime
from typing import Literal

from clientela.reports import report_counters, report_generations, report_models
from clientela.reports.report_counters import Ledger, Numbers
from clientela.reports.report_models import MoneyLine, Rate, Report, ReportParameters, ReportPeriod
from clientela.reports.report_periods import Period
from clientela.reports.report_sources import CONSENT
from clientela.schema.documents import Model
from clientela.stores.stores import Store

_TERMS = (
    "counted_order", "customers", "created", "new_customer", "returning_customer", "active_customer", "new_order",
    "returning_order", "without_customer", "repeat_rate", "period_repeat_rate", "average", "money", "base", "today",
)  # fmt: skip


class SummaryParameters(ReportParameters):
    """The period of a summary."""

    compare: Literal["previous"] | None = None
    """`previous` adds the figures of the period of the same length before. Example: previous"""


class SummaryFigures(Model):
    """The figures of one period; all of them as of its end."""

    period: ReportPeriod
    """The period."""
    complete: bool
    """Whether the period is over. Example: true"""
    customers: int
    """The customers at the end of the period. Example: 59"""
    created: int
    """The customers created in the period. Example: 12"""
    customers_with_orders: int
    """The customers with a counted order before the end. Example: 59"""
    active_customers: int
    """The customers with a counted order in the period. Example: 46"""
    new_customers: int
    """The customers whose first counted order is in the period. Example: 12"""
    returning_customers: int
    """The customers with a returning order in the period. Example: 34"""
    orders: int
    """The counted orders of the period. Example: 83"""
    new_orders: int
    """Of these, the first orders of customers. Example: 12"""
    returning_orders: int
    """Of these, the later orders of customers. Example: 71"""
    orders_without_customer: int
    """Of these, the orders without customer. Example: 0"""
    repeat_rate: Rate | None
    """The share of all customers with orders who have at least two."""
    period_repeat_rate: Rate | None
    """The share of the period's customers who have at least two by its end."""
    money: list[MoneyLine]
    """The counted orders in each currency."""
    base: list[MoneyLine]
    """The amounts that orders carry in the store's base currency; empty if none does."""


class TodayFigures(Model):
    """The customers as they are now, whatever the period."""

    customers: int
    """The number of customers. Example: 59"""
    consenting: int
    """The customers who accept marketing. Example: 20"""
    by_country: dict[str, int]
    """The customers by the country of their billing address, else of their shipping address.
    Example: {"ES": 12}"""
    by_group: dict[str, int]
    """The customers by group id; a customer may be in several. Example:
    {"grp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6": 3}"""
    by_source: dict[str, int]
    """The customers by what created them. Example: {"order": 59}"""


class SummaryReport(Report):
    """The summary of a period."""

    current: SummaryFigures
    """The figures of the period."""
    previous: SummaryFigures | None
    """The figures of the period before, if `compare` asks for it. Example: null"""
    today: TodayFigures
    """The customers as they are now."""


def compute(store: Store, parameters: SummaryParameters, now: datetime) -> SummaryReport:
    """Return the summary of a period.

    Raises:
        InvalidInputError: the period is invalid.
        ReportsNotReadyError: the reports are built for the first time.

    Cost: at most 50 read units (docs/costs.md).
    """
    generation = report_generations.current(store.id)
    period, today = report_models.period_of(parameters, generation, now)
    before = period.before() if parameters.compare else None
    ledger = report_counters.read(store, generation, [period, *([before] if before else [])])
    return SummaryReport(
        **report_models.head(generation, now, period.end, *_TERMS),
        current=_figures(ledger, period, today, parameters.currency),
        previous=_figures(ledger, before, today, parameters.currency) if before else None,
        today=_today(report_counters.read_today(store, generation)),
    )


def _figures(ledger: Ledger, period: Period, today: date, currency: str | None) -> SummaryFigures:
    sums, until = report_counters.total(ledger, period), report_counters.as_of(ledger, period.end)
    found = report_models.order_figures(sums, currency)
    active = int(sums.get("active", 0))
    return SummaryFigures(
        period=report_models.reported_period(period),
        complete=period.end <= today,
        customers=int(until["created"]),
        created=int(sums.get("created", 0)),
        customers_with_orders=int(until["n1"]),
        active_customers=active,
        repeat_rate=report_models.rate(until["n2"], until["n1"]),
        period_repeat_rate=report_models.rate(found["returning_customers"], active),
        **found,
    )


def _today(numbers: Numbers) -> TodayFigures:
    return TodayFigures(
        customers=int(numbers.get("customers", 0)),
        consenting=int(numbers.get(CONSENT, 0)),
        by_country=_by(numbers, "country"),
        by_group=_by(numbers, "group"),
        by_source=_by(numbers, "source"),
    )


def _by(numbers: Numbers, kind: str) -> dict[str, int]:
    found = {name: int(number) for name, number in report_counters.lines(numbers, kind).items() if number}
    return dict(sorted(found.items(), key=lambda entry: (-entry[1], entry[0])))
