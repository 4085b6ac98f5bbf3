"""What a customer, or an order without customer, adds to the counters: a function of its state.

The counters of a day and of a month have the same names:

| Name | Counts |
|---|---|
| `created` | customers created |
| `active` | customers with a counted order |
| `n1` … `n10` | customers whose 1st … 10th counted order it was |
| `orders`, `money:EUR`, `orders:EUR` | counted orders of customers, their amounts, their number |
| `first:EUR`, `firsts:EUR` | of those, first orders of customers |
| `alone`, `alone:EUR`, `alones:EUR` | counted orders without customer |
| `g3` | customers who had ordered 3 days (months) before, and not since |
| `h3` | customers with their second order, whose first one was 3 days (months) before |
| `wait4` | customers with their second order, by the time since the first (`WAITS`) |

With `g` and `h` the customers of any period are counted once, although counters only add up:
everybody who ordered on a day, without those who had ordered in the period before that day.
Distances of days beyond `MAX_DISTANCE` are not counted, because no period of days is longer.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from clientela.reports.report_states import REPLACED, CountedCustomer, DayTotal, Lines, OrderState, State, is_own
from clientela.table import report_keys

MAX_DISTANCE = 61  # days: a period of days has at most one more
NTHS = 10  # the 10th order and all later ones are one class
WAITS = (0, 1, 7, 30, 60, 90, 180, 365)  # days between first and second order, each the last of its class


class CounterKey(NamedTuple):
    """A counter: its item's sort key, and its attribute."""

    sk: str
    name: str


type Contribution = dict[CounterKey, Decimal]  # without zeros


def contribution(state: State | None) -> Contribution:
    """Return what a state adds to the counters; nothing for a source that is gone."""
    counters: Counter[CounterKey] = Counter()
    parts = _of_customer(state) if isinstance(state, CountedCustomer) else _of_order(state) if state else ()
    for sk, name, amount in parts:
        counters[CounterKey(sk, name)] += amount  # type: ignore[assignment]
    return {key: Decimal(amount) for key, amount in counters.items() if amount}


def difference(before: State | None, after: State | None) -> Contribution:
    """Return what must be added to the counters when one state replaces another."""
    old, new = contribution(before), contribution(after)
    changes = {key: new.get(key, Decimal(0)) - old.get(key, Decimal(0)) for key in old.keys() | new.keys()}
    return {key: amount for key, amount in sorted(changes.items()) if amount}


def month_of(day: int) -> str:
    """Return the month of a day, like 2026-11."""
    return date.fromordinal(day).isoformat()[:7]


def month_number(day: int) -> int:
    """Return the number of a day's month since the year 0."""
    then = date.fromordinal(day)
    return then.year * 12 + then.month - 1


type _Part = tuple[str, str, Decimal | int]  # sort key, attribute, amount


def _of_order(state: OrderState) -> Iterator[_Part]:
    for sk in _periods(state.day):
        yield sk, "alone", 1
        for line, amount in _counted(state.lines):
            yield sk, f"alone:{line}", amount
            yield sk, f"alones:{line}", 1


def _of_customer(state: CountedCustomer) -> Iterator[_Part]:
    for sk in _periods(state.created):
        yield sk, "created", 1
    for label in ("customers", *state.labels):
        yield report_keys.TODAY, label, 1
    if state.totals:
        yield from _of_days(state)
        yield from _of_order_numbers(state)
        yield from _of_distances(state)
        yield from _of_cohort(state)


def _of_days(state: CountedCustomer) -> Iterator[_Part]:
    for total in _counted_totals(state.totals):
        for sk in _periods(total.day):
            if is_own(total.line):
                yield sk, "orders", total.orders
            yield sk, f"money:{total.line}", total.amount
            yield sk, f"orders:{total.line}", total.orders
    for line, amount in _counted(state.first):
        for sk in _periods(state.totals[0].day):
            yield sk, f"first:{line}", amount
            yield sk, f"firsts:{line}", 1


def _of_order_numbers(state: CountedCustomer) -> Iterator[_Part]:
    """Count on which day the customer had the first, the second … order."""
    number, second, first = 0, None, state.totals[0].day
    for day, orders in _orders_by_day(state.totals):
        for nth in range(number + 1, min(number + orders, NTHS) + 1):
            for sk in _periods(day):
                yield sk, f"n{nth}", 1
        number += orders
        if second is None and number > 1:
            second = day
    if second is None:
        return
    for sk in _periods(second):
        yield sk, f"wait{bisect_left(WAITS, second - first)}", 1
    if second - first <= MAX_DISTANCE:
        yield _day(second), f"h{second - first}", 1
    yield report_keys.month(month_of(second)), f"h{month_number(second) - month_number(first)}", 1


def _of_distances(state: CountedCustomer) -> Iterator[_Part]:
    """Count the days and months with an order, by the distance to the one before."""
    days = [day for day, _ in _orders_by_day(state.totals)]
    for before, day in zip([None, *days], days, strict=False):
        yield _day(day), "active", 1
        if before is not None and day - before <= MAX_DISTANCE:
            yield _day(day), f"g{day - before}", 1
    months = {month_number(day): month_of(day) for day in days}
    for before, month in zip([None, *months], months, strict=False):
        yield report_keys.month(months[month]), "active", 1
        if before is not None:
            yield report_keys.month(months[month]), f"g{month - before}", 1


def _of_cohort(state: CountedCustomer) -> Iterator[_Part]:
    """Count each month with an order for the cohort of the customer's first one."""
    cohort = month_number(state.totals[0].day)
    for month, totals in groupby(_counted_totals(state.totals), key=lambda total: month_of(total.day)):
        of_month = list(totals)
        sk, distance = report_keys.cohorts(month), month_number(of_month[0].day) - cohort
        yield sk, f"c{distance}", 1
        for total in of_month:
            yield sk, f"c{distance}:{total.line}", total.amount


def _counted(lines: Lines) -> Iterator[tuple[str, Decimal]]:
    """Yield the lines that have counters."""
    return ((line, amount) for line, amount in lines if not line.startswith(REPLACED))


def _counted_totals(totals: tuple[DayTotal, ...]) -> Iterator[DayTotal]:
    """Yield the totals that have counters."""
    return (total for total in totals if not total.line.startswith(REPLACED))


def _orders_by_day(totals: tuple[DayTotal, ...]) -> list[tuple[int, int]]:
    days: dict[int, int] = {}
    for total in totals:
        if is_own(total.line):
            days[total.day] = days.get(total.day, 0) + total.orders
    return list(days.items())


def _day(day: int) -> str:
    return report_keys.day(date.fromordinal(day).isoformat())


def _periods(day: int) -> tuple[str, str]:
    """Return the items of a day: its own, and its month's."""
    return _day(day), report_keys.month(month_of(day))
