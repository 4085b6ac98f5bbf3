"""What reports know of one customer, or of one order without customer: the facts that they count.

A state has everything that the counters depend on, in the days of one time zone, and nothing
else: no name, no address, no order id. It is stored as it was counted last, to count the difference
later.
"""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

BASE = "~"  # marks the line of a store's own base currency, such as ~EUR
# Marks the own amounts of orders that have a base amount in the same currency, such as -EUR. RFM
# takes the base amount of an order instead of its own one, and not both.
REPLACED = "-"

type Lines = tuple[tuple[str, Decimal], ...]  # amounts by currency; the order's own one comes first


class CountedOrder(NamedTuple):
    """A counted order: paid or partially refunded."""

    placed_at: datetime
    order_id: str
    lines: Lines


class DayTotal(NamedTuple):
    """A customer's counted orders of a day on one line."""

    day: int  # as date.toordinal()
    line: str
    orders: int
    amount: Decimal


class CountedCustomer(NamedTuple):
    """What reports count of a customer."""

    created: int  # the day
    labels: tuple[str, ...] = ()  # as they are now: consent, country:ES, group:grp_01K…, source:order
    first: Lines = ()  # of the first counted order
    totals: tuple[DayTotal, ...] = ()  # by day and line


class OrderState(NamedTuple):
    """What reports count of an order that has no customer."""

    day: int
    lines: Lines


type State = CountedCustomer | OrderState


def is_own(line: str) -> bool:
    """Return whether a line has the amounts of orders in their own currency: one for each order."""
    return not line.startswith((BASE, REPLACED))


def order_lines(currency: str, total: Decimal, base: tuple[str, Decimal] | None) -> Lines:
    """Return the lines of an order, with what it carries in the store's base currency."""
    if base is None:
        return ((currency, total),)
    replaced = ((f"{REPLACED}{currency}", total),) if base[0] == currency else ()
    return (currency, total), (f"{BASE}{base[0]}", base[1]), *replaced


def day_of(moment: datetime, zone: ZoneInfo) -> int:
    """Return the day of a moment in a zone."""
    try:
        return moment.astimezone(zone).toordinal()
    except OverflowError:  # a local time before the year 1 or after 9999
        return (date.min if moment.year == 1 else date.max).toordinal()


def customer_state(
    created_at: datetime, labels: Iterable[str], orders: Iterable[CountedOrder], zone: ZoneInfo
) -> CountedCustomer:
    """Return the state of a customer with counted orders, in any order."""
    in_order = sorted(orders, key=lambda order: (order.placed_at, order.order_id))
    totals: dict[tuple[int, str], tuple[int, Decimal]] = {}
    for order in in_order:
        for line, amount in order.lines:
            key = day_of(order.placed_at, zone), line
            count, total = totals.get(key, (0, Decimal(0)))
            totals[key] = count + 1, total + amount
    return CountedCustomer(
        day_of(created_at, zone),
        tuple(sorted(set(labels))),
        in_order[0].lines if in_order else (),
        tuple(DayTotal(*key, *total) for key, total in sorted(totals.items())),
    )


def pack(state: State) -> str:
    """Return a state as the base64 text of a binary attribute."""
    if isinstance(state, OrderState):
        fields: list[Any] = [state.day, _texts(state.lines)]
    else:
        totals = [(*total[:3], f"{total.amount:f}") for total in state.totals]
        fields = [state.created, state.labels, _texts(state.first), totals]
    return b64encode(zlib.compress(orjson.dumps(fields), 6, -zlib.MAX_WBITS)).decode()


def unpack(text: str) -> State:
    """Return the state that `pack` made a text of."""
    fields = orjson.loads(zlib.decompress(b64decode(text), -zlib.MAX_WBITS))
    if len(fields) == 2:
        return OrderState(fields[0], _lines(fields[1]))
    created, labels, first, totals = fields
    return CountedCustomer(
        created,
        tuple(labels),
        _lines(first),
        tuple(DayTotal(day, line, orders, Decimal(amount)) for day, line, orders, amount in totals),
    )


def _texts(lines: Lines) -> list[tuple[str, str]]:
    return [(line, f"{amount:f}") for line, amount in lines]


def _lines(texts: list[tuple[str, str]]) -> Lines:
    return tuple((line, Decimal(amount)) for line, amount in texts)
