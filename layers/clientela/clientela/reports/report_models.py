"""What all reports have in common: the head of every answer, the period, rows and money."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from pydantic import Field

from clientela.reports import report_counters, report_periods
from clientela.reports.report_counters import Numbers
from clientela.reports.report_definitions import definitions
from clientela.reports.report_generations import Generation
from clientela.reports.report_periods import Interval, Period
from clientela.reports.report_states import BASE
from clientela.schema import currencies
from clientela.schema.currencies import Currency
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp

Sum = Annotated[Decimal, Field(examples=["2328.60"])]  # an exact amount, of any size
Rate = Annotated[Decimal, Field(examples=["0.2500"])]  # between 0 and 1, with four decimals


class ReportPeriod(Model):
    """The days of a report, in the store's time zone."""

    start: date
    """The first day. Example: 2026-01-01"""
    end: date
    """The day after the last one. Example: 2026-04-01"""


class Report(Model):
    """What every report begins with."""

    as_of: Timestamp
    """When the report was computed."""
    timezone: str
    """The time zone of its days and months: that of the store. Example: Europe/Madrid"""
    complete_until: Timestamp
    """The end of the last day of the report that is over. Later figures are not complete yet."""
    definitions: dict[str, str]
    """What the figures mean. Example: {"returning_order": "Any other counted order of a customer."}
    """


def is_complete(end: date, generation: Generation, now: datetime) -> bool:
    """Return whether all days before one are over in the store's zone."""
    return end <= report_periods.today_in(generation.timezone, now)


class ReportParameters(Model):
    """The period of a report, by whole days of the store's time zone, and its currency."""

    start: Annotated[date | None, Field(alias="from")] = None
    """The first day; by default twelve months before `to`. Example: 2026-01-01"""
    end: Annotated[date | None, Field(alias="to")] = None
    """The day after the last one; by default the end of this month. Example: 2026-04-01"""
    currency: Currency | None = None
    """The amounts in this currency only."""


class MoneyLine(Model):
    """The counted orders in one currency, never converted."""

    currency: Currency
    """The currency."""
    orders: int
    """The number of counted orders in it. Example: 412"""
    amount: Sum
    """Their total."""
    average: Sum | None
    """The average order, rounded to the currency's unit; null without orders."""
    new_amount: Sum
    """The part of new orders."""
    returning_amount: Sum
    """The part of returning orders."""
    without_customer_amount: Sum
    """The part of orders without customer."""


def head(generation: Generation, now: datetime, end: date, *terms: str) -> dict[str, Any]:
    """Return the fields with which a report begins, with the definitions of its terms."""
    return {
        "as_of": now,
        "timezone": generation.timezone,
        "complete_until": report_periods.complete_until(end, generation.timezone, now),
        "definitions": {term: definitions()[term] for term in terms},
    }


def period_of(
    parameters: ReportParameters, generation: Generation, now: datetime, interval: Interval = "month"
) -> tuple[Period, date]:
    """Return the period of a request, and the present day in the store's zone.

    Raises:
        InvalidInputError: the period is invalid.
    """
    today = report_periods.today_in(generation.timezone, now)
    return report_periods.parse(parameters.start, parameters.end, interval, today), today


def reported_period(period: Period) -> ReportPeriod:
    """Return a period as reports show it."""
    return ReportPeriod(start=period.start, end=period.end)


def order_figures(sums: Numbers, currency: str | None) -> dict[str, Any]:
    """Return new and returning customers and orders, and the money, of the sums of a period."""
    new, own, alone = (int(sums.get(name, 0)) for name in ("n1", "orders", "alone"))
    return {
        "new_customers": new,
        "returning_customers": int(sums.get("active", 0) - sums["once"]),
        "orders": own + alone,
        "new_orders": new,
        "returning_orders": own - new,
        "orders_without_customer": alone,
        "money": money(sums, currency),
        "base": money(sums, currency, base=True),
    }


def money(numbers: Numbers, currency: str | None, *, base: bool = False) -> list[MoneyLine]:
    """Return the amounts by currency; with `base` those that orders carry in the store's own."""
    kinds = {kind: report_counters.lines(numbers, kind) for kind in ("money", "orders", "first", "alone", "alones")}
    found = [line for line in sorted(kinds["orders"] | kinds["alones"]) if _orders(kinds, line)]
    named = ((line, line.removeprefix(BASE)) for line in found if line.startswith(BASE) == base)
    return [_line(kinds, line, code) for line, code in named if currency in (None, code)]


def _line(kinds: Mapping[str, Mapping[str, int | Decimal]], line: str, currency: str) -> MoneyLine:
    own, first, alone = (Decimal(_of(kinds[kind], line)) for kind in ("money", "first", "alone"))
    orders, amount = _orders(kinds, line), own + alone
    return MoneyLine(
        currency=currency,
        orders=orders,
        amount=currencies.format_amount(amount, currency),
        average=average(amount, orders, currency),
        new_amount=currencies.format_amount(first, currency),
        returning_amount=currencies.format_amount(own - first, currency),
        without_customer_amount=currencies.format_amount(alone, currency),
    )


def average(amount: Decimal, orders: int, currency: str) -> Decimal | None:
    """Return the average of some orders, rounded; None without orders."""
    return currencies.round_amount(amount / orders, currency) if orders else None


def rate(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """Return a share with four decimals; None of nothing."""
    return (Decimal(part) / Decimal(whole)).quantize(Decimal("0.0001"), ROUND_HALF_UP) if whole else None


def _orders(kinds: Mapping[str, Mapping[str, int | Decimal]], line: str) -> int:
    return int(_of(kinds["orders"], line) + _of(kinds["alones"], line))


def _of(numbers: Mapping[str, int | Decimal], line: str) -> int | Decimal:
    return numbers.get(line, 0)
