"""Cohorts: who came back in the months after the first order, and what they have spent."""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from clientela.reports import report_counters, report_generations, report_models, report_periods
from clientela.reports.report_counters import Numbers
from clientela.reports.report_models import Rate, Report, ReportParameters, ReportPeriod, Sum
from clientela.reports.report_states import BASE
from clientela.schema import currencies
from clientela.schema.currencies import Currency
from clientela.schema.documents import Model
from clientela.stores.stores import Store

_TERMS = ("counted_order", "cohort", "cohort_cell", "money", "base")


class CohortMoney(Model):
    """What a cohort has spent until the end of a month, in one currency."""

    currency: Currency
    """The currency."""
    is_base: bool
    """Whether these are amounts that orders carry in the store's own currency. Example: false"""
    amount: Sum
    """Spent in this month."""
    cumulated: Sum
    """Spent until the end of this month."""
    cumulated_per_customer: Sum
    """The same for each customer of the cohort, rounded."""


class CohortCell(Model):
    """A cohort in one month."""

    k: int
    """The months since the first order. Example: 1"""
    month: str
    """The month. Example: 2026-02"""
    complete: bool
    """Whether the month is over. Example: true"""
    customers: int
    """The customers with a counted order in this month. Example: 5"""
    share: Rate | None
    """Their share of the cohort."""
    money: list[CohortMoney]
    """What the cohort has spent."""


class Cohort(Model):
    """The customers whose first counted order is in one month."""

    month: str
    """The month. Example: 2026-01"""
    customers: int
    """The number of customers. Example: 6"""
    cells: list[CohortCell | None]
    """The month itself and those after it, until the end of the period; null for months to come."""


class CohortReport(Report):
    """The cohorts of a period."""

    period: ReportPeriod
    """The period: whole months."""
    cohorts: list[Cohort]
    """The cohorts, one for each month."""


def compute(store: Store, parameters: ReportParameters, now: datetime) -> CohortReport:
    """Return the cohorts of a period of whole months, until its end.

    Raises:
        InvalidInputError: the period is invalid.
        ReportsNotReadyError: the reports are built for the first time.

    Cost: at most 40 read units (docs/costs.md).
    """
    generation = report_generations.current(store.id)
    period, today = report_models.period_of(parameters, generation, now)
    whole = report_periods.with_whole_months(period)
    counters = report_counters.read_cohorts(store, generation, whole.start, whole.end)
    by_distance = {month: _by_distance(numbers) for month, numbers in counters.items()}
    months = [_month(month, today) for month in report_periods.months(whole)]
    return CohortReport(
        **report_models.head(generation, now, whole.end, *_TERMS),
        period=report_models.reported_period(whole),
        cohorts=[
            _cohort(by_distance, months[place:], parameters.currency)
            for place, month in enumerate(months)
            if not month.is_to_come
        ],
    )


class _Month(NamedTuple):
    name: str  # like 2026-11
    is_complete: bool
    is_to_come: bool


class _Cell(NamedTuple):
    customers: int
    money: Numbers  # by line


_EMPTY = _Cell(0, {})


def _by_distance(numbers: Numbers) -> dict[int, _Cell]:
    """Return the counters of a month by the distance of their cohort's month."""
    cells: dict[int, _Cell] = {}
    for name, number in numbers.items():
        distance, _, line = name[1:].partition(":")
        cell = cells.get(int(distance), _Cell(0, {}))
        if line:
            cell.money[line] = number
        cells[int(distance)] = cell if line else _Cell(int(number), cell.money)
    return cells


def _month(first: date, today: date) -> _Month:
    return _Month(first.isoformat()[:7], report_periods.month_end(first) <= today, first > today)


def _cohort(counters: dict[str, dict[int, _Cell]], months: list[_Month], currency: str | None) -> Cohort:
    found = [counters.get(month.name, {}).get(k, _EMPTY) for k, month in enumerate(months)]
    size = found[0].customers
    cells, cumulated = list[CohortCell | None](), dict[str, Decimal]()
    for k, (month, (customers, spent)) in enumerate(zip(months, found, strict=True)):
        if month.is_to_come:
            cells.append(None)
            continue
        for line, amount in spent.items():
            cumulated[line] = cumulated.get(line, Decimal(0)) + amount
        cells.append(
            CohortCell(
                k=k,
                month=month.name,
                complete=month.is_complete,
                customers=customers,
                share=report_models.rate(customers, size),
                money=[_money(line, spent, cumulated, size) for line in _named(cumulated, currency)] if size else [],
            )
        )
    return Cohort(month=months[0].name, customers=size, cells=cells)


def _named(cumulated: dict[str, Decimal], currency: str | None) -> list[str]:
    return sorted(line for line in cumulated if currency in (None, line.removeprefix(BASE)))


def _money(line: str, spent: Numbers, cumulated: dict[str, Decimal], size: int) -> CohortMoney:
    code = line.removeprefix(BASE)
    return CohortMoney(
        currency=code,
        is_base=line.startswith(BASE),
        amount=currencies.format_amount(Decimal(spent.get(line, 0)), code),
        cumulated=currencies.format_amount(cumulated[line], code),
        cumulated_per_customer=currencies.round_amount(cumulated[line] / size, code),
    )
