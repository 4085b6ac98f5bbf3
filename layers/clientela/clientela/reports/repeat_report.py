"""Repeat customers: how many orders they have, and how long the second one took."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from clientela.reports import report_counters, report_generations, report_models, report_periods
from clientela.reports.report_contributions import NTHS, WAITS
from clientela.reports.report_counters import Numbers
from clientela.reports.report_models import Rate, Report
from clientela.reports.report_periods import Period
from clientela.schema.documents import Model
from clientela.stores.stores import Store

_TERMS = ("counted_order", "orders_per_customer", "repeat_rate", "time_to_second_order")


class RepeatParameters(Model):
    """The end of the report."""

    end: Annotated[date | None, Field(alias="to")] = None
    """The day after the last one that counts; by default tomorrow. Example: 2026-04-01"""


class OrdersClass(Model):
    """Customers with the same number of counted orders."""

    orders: int
    """The number of counted orders. Example: 2"""
    or_more: bool
    """Whether customers with more orders are in this class: the last one. Example: false"""
    customers: int
    """The number of customers. Example: 5"""
    share: Rate | None
    """Their share of the customers with orders."""


class WaitClass(Model):
    """Customers whose second order came after a similar time."""

    from_days: int
    """The least number of days. Example: 8"""
    to_days: int | None
    """The greatest number of days, included; null without end. Example: 30"""
    customers: int
    """The number of customers. Example: 9"""
    share: Rate | None
    """Their share of the customers with a second order."""


class RepeatReport(Report):
    """The customers with orders, by the number of orders and by the time to the second one."""

    until: date
    """The day after the last one that counts. Example: 2026-04-01"""
    complete: bool
    """Whether that time is over. Example: true"""
    customers_with_orders: int
    """The customers with a counted order. Example: 59"""
    repeat_customers: int
    """The customers with at least two. Example: 59"""
    repeat_rate: Rate | None
    """Their share."""
    orders_per_customer: list[OrdersClass]
    """Customers by the number of their orders."""
    time_to_second_order: list[WaitClass]
    """Customers by the days between their first and second order."""


def compute(store: Store, parameters: RepeatParameters, now: datetime) -> RepeatReport:
    """Return how often customers order, as of the end of a day.

    Raises:
        InvalidInputError: the day is not within `report_periods.YEARS`.
        ReportsNotReadyError: the reports are built for the first time.

    Cost: at most 20 read units (docs/costs.md).
    """
    generation = report_generations.current(store.id)
    report_periods.require_year("to", parameters.end)
    end = parameters.end or report_periods.day_after(report_periods.today_in(generation.timezone, now))
    ledger = report_counters.read(store, generation, [Period(end.replace(day=1), end)])
    until = report_counters.as_of(ledger, end)
    return RepeatReport(
        **report_models.head(generation, now, end, *_TERMS),
        until=end,
        complete=report_models.is_complete(end, generation, now),
        customers_with_orders=int(until["n1"]),
        repeat_customers=int(until["n2"]),
        repeat_rate=report_models.rate(until["n2"], until["n1"]),
        orders_per_customer=[_orders(until, nth) for nth in range(1, NTHS + 1)],
        time_to_second_order=[_wait(until, place) for place in range(len(WAITS) + 1)],
    )


def _orders(until: Numbers, nth: int) -> OrdersClass:
    customers = int(until[f"n{nth}"] - (until[f"n{nth + 1}"] if nth < NTHS else 0))
    share = report_models.rate(customers, until["n1"])
    return OrdersClass(orders=nth, or_more=nth == NTHS, customers=customers, share=share)


def _wait(until: Numbers, place: int) -> WaitClass:
    customers = int(until[f"wait{place}"])
    return WaitClass(
        from_days=WAITS[place - 1] + 1 if place else 0,
        to_days=WAITS[place] if place < len(WAITS) else None,
        customers=customers,
        share=report_models.rate(customers, until["n2"]),
    )
