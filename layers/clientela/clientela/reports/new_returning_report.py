"""New and returning customers and orders, by day, week or month."""

from datetime import date, datetime

from clientela.reports import report_counters, report_generations, report_models, report_periods
from clientela.reports.report_counters import Ledger
from clientela.reports.report_models import MoneyLine, Report, ReportParameters, ReportPeriod
from clientela.reports.report_periods import Interval, PeriodRow
from clientela.schema.documents import Model
from clientela.stores.stores import Store

_TERMS = (
    "counted_order", "new_customer", "returning_customer", "active_customer", "new_order", "returning_order",
    "without_customer", "average", "money", "base",
)  # fmt: skip


class NewReturningParameters(ReportParameters):
    """The period of a report, and its rows."""

    interval: Interval = "month"
    """The length of a row. Weeks are those of ISO 8601; the outer rows may be cut.
    Example: month"""


class NewReturningRow(Model):
    """New and returning in one row, as of its end. All figures of a row to come are null."""

    start: date
    """The first day. Example: 2026-01-01"""
    end: date
    """The day after the last one. Example: 2026-02-01"""
    complete: bool
    """Whether the row is over. Example: true"""
    customers: int | None = None
    """The customers with a counted order in the row. Example: 7"""
    new_customers: int | None = None
    """The customers whose first counted order is in the row. Example: 2"""
    returning_customers: int | None = None
    """The customers with a returning order in the row. Example: 5"""
    orders: int | None = None
    """The counted orders. Example: 7"""
    new_orders: int | None = None
    """Of these, the first orders of customers. Example: 2"""
    returning_orders: int | None = None
    """Of these, the later orders of customers. Example: 5"""
    orders_without_customer: int | None = None
    """Of these, the orders without customer. Example: 0"""
    money: list[MoneyLine] | None = None
    """The counted orders in each currency."""
    base: list[MoneyLine] | None = None
    """The amounts that orders carry in the store's base currency."""


class NewReturningReport(Report):
    """New and returning customers and orders of a period."""

    period: ReportPeriod
    """The period."""
    interval: Interval
    """The length of a row."""
    rows: list[NewReturningRow]
    """The rows, in order of time."""
    total: NewReturningRow
    """The whole period: a customer with orders in several rows is one customer here."""


def compute(store: Store, parameters: NewReturningParameters, now: datetime) -> NewReturningReport:
    """Return new and returning customers and orders by row.

    Raises:
        InvalidInputError: the period is invalid.
        ReportsNotReadyError: the reports are built for the first time.

    Cost: at most 40 read units (docs/costs.md).
    """
    generation = report_generations.current(store.id)
    period, today = report_models.period_of(parameters, generation, now, parameters.interval)
    ledger = report_counters.read(store, generation, [period], parameters.interval)
    rows = report_periods.rows(period, parameters.interval, today)
    return NewReturningReport(
        **report_models.head(generation, now, period.end, *_TERMS),
        period=report_models.reported_period(period),
        interval=parameters.interval,
        rows=[_row(ledger, row, parameters.currency) for row in rows],
        total=_row(ledger, report_periods.row(period, today), parameters.currency),
    )


def _row(ledger: Ledger, row: PeriodRow, currency: str | None) -> NewReturningRow:
    head = {"start": row.period.start, "end": row.period.end, "complete": row.is_complete}
    if row.is_to_come:
        return NewReturningRow(**head)
    sums = report_counters.total(ledger, row.period)
    return NewReturningRow(**head, customers=int(sums.get("active", 0)), **report_models.order_figures(sums, currency))
