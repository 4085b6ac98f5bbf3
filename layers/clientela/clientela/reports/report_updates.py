"""Bring the counters up to a source's present state: the difference, in one transaction.

The transaction also stores the new state in place of the one counted last, on condition that both
that one and the source itself are still those that were read. So messages may arrive twice, late
and in any order, a process may die anywhere, and others may count the same source at the same time.
The condition compares the stored state, not a revision of it: an order without customer may leave
and come back, which would begin the revisions anew
(docs/decisions/0034-reports-count-differences.md).
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from pynamodb.attributes import UnicodeAttribute
from pynamodb.constants import BINARY

from clientela.concurrency import retry_on_conflict
from clientela.errors import BusyError
from clientela.reports import report_generations, report_sources, report_states
from clientela.reports.report_contributions import Contribution, difference, month_of
from clientela.reports.report_generations import Generation
from clientela.reports.report_sources import Guard, Kind, ReportSource
from clientela.reports.report_states import CountedCustomer, State
from clientela.stores.stores import Store
from clientela.table import dynamodb, report_keys
from clientela.table.records import Record
from clientela.table.transactions import Transaction

COUNTER_SHARDS = 2  # of each counter: two transactions on the same day need not wait for each other
STATE_SHARDS = 100  # of the counted states: the self-check reads one each night
MAX_ITEMS = 90  # of a step: DynamoDB allows 100 in a transaction
_KINDS: dict[Kind, str] = {"customer": report_keys.CUSTOMERS, "order": report_keys.ORDERS}
_ATTEMPTS = 14  # of an update that meets others; a quarter of a minute in all


class _StateAttribute(UnicodeAttribute):
    """A packed state, as base64 text: DynamoDB's protocol has binary values so."""

    attr_type = BINARY


class ReportedState(Record):
    """`STORE#demo#REPORTS#3#CUSTOMER#07` / `cus_01K…`: what was counted of a source."""

    state = _StateAttribute()


class MonthBuyer(Record):
    """`STORE#demo#REPORTS#3#BUYERS#2026-11#1` / `cus_01K…`: what a customer ordered in a month."""

    totals = UnicodeAttribute()  # JSON: [day of the month, line, orders, amount] of each


def update(store: Store, source: ReportSource) -> bool:
    """Bring all active generations up to the source's present state; return whether there is one.

    Repeating changes nothing.

    The generations are read again at the end: one that a rebuild has begun meanwhile may have
    counted the source before its last change.

    Raises:
        BusyError: others kept changing the source.

    Cost: 2 read units, and as `update_generation` for each generation.
    """
    counted: set[int] = set()
    while left := [each for each in report_generations.active(store.id) if each.number not in counted]:
        for generation in left:
            update_generation(store, generation, source)
            counted.add(generation.number)
    return bool(counted)


def update_generation(store: Store, generation: Generation, source: ReportSource) -> bool:
    """Bring one generation up to the source's present state; return whether anything changed.

    Raises:
        BusyError: others kept changing the source.

    Cost: 1 read unit and `report_sources.read`; 12 write units for a repeat order, 14 for a
    first one that creates the account, 10 for a new customer, 6 for a change of groups, country or
    consent, none if no figure changes.
    """
    return retry_on_conflict(partial(_update, store, generation, source), (BusyError,), _ATTEMPTS)


def reported_keys(store_id: str, generation: int, source: ReportSource) -> tuple[str, str]:
    """Return the key of a source's counted state."""
    shard = report_sources.shard(source.id, STATE_SHARDS)
    return report_keys.reported(store_id, generation, _KINDS[source.kind], shard), source.id


def counted_sources(store_id: str, generation: int, kind: Kind, shard: int) -> Iterator[ReportSource]:
    """Yield what a generation has counted, of one shard. Half a read unit per 4 KB."""
    for item in dynamodb.query_partition(report_keys.reported(store_id, generation, _KINDS[kind], shard), "sk"):
        yield ReportSource(kind, item["sk"]["S"])


def _update(store: Store, generation: Generation, source: ReportSource) -> bool:
    pk, sk = reported_keys(store.id, generation.number, source)
    reported = ReportedState.find(pk, sk)
    target, guard = report_sources.read(store, source, ZoneInfo(generation.timezone))
    stored = reported.state if reported else None
    state = report_states.unpack(stored) if stored else None
    is_changed = state != target
    while state != target:
        following = next_state(state, target)
        stored = _write_step(store, generation, source, (state, following), stored, guard)
        state = following
    return is_changed


def next_state(before: State | None, after: State | None) -> State | None:
    """Return the state to count next on the way to `after`: itself, if one transaction takes it.

    The orders of a hundred days would need several. Then the days that differ leave from the end,
    and come again in order: each such state is a whole one, with its own right counters.
    """
    if _size(before, after) <= MAX_ITEMS:
        return after
    old, new = (each if isinstance(each, CountedCustomer) else None for each in (before, after))
    kept = _common_days(old, new)
    if old and len(old.totals) > kept:
        days, most = kept, len(old.totals) - 1
        while days < most and _size(before, _cut(old, days)) > MAX_ITEMS:
            days = (days + most + 1) // 2
        return _cut(old, days)
    if new is None:
        return after  # nobody with orders: one step
    days = len(new.totals)
    while days > kept + 1 and _size(before, _cut(new, days)) > MAX_ITEMS:
        days = (days + kept + 1) // 2
    return _cut(new, days)


def _common_days(old: CountedCustomer | None, new: CountedCustomer | None) -> int:
    if old is None or new is None or old.first != new.first:
        return 0
    pairs = zip(old.totals, new.totals, strict=False)
    return next(
        (place for place, (one, other) in enumerate(pairs) if one != other), min(len(old.totals), len(new.totals))
    )


def _cut(state: CountedCustomer, days: int) -> CountedCustomer:
    return state._replace(totals=state.totals[:days], first=state.first if days else ())


def _size(before: State | None, after: State | None) -> int:
    """Return the number of items that a step writes and checks."""
    counters = {key.sk for key in difference(before, after)}
    return len(counters) + len(_changed_months(before, after)) + 3


def _changed_months(before: State | None, after: State | None) -> dict[str, str]:
    """Return the text of each month whose totals differ; empty for a month without orders."""
    old, new = _totals_by_month(before), _totals_by_month(after)
    return {month: new.get(month, "") for month in sorted(old.keys() | new.keys()) if old.get(month) != new.get(month)}


def _totals_by_month(state: State | None) -> dict[str, str]:
    if not isinstance(state, CountedCustomer):
        return {}
    months = groupby(state.totals, key=lambda total: month_of(total.day))
    return {month: json.dumps([_entry(total) for total in totals], separators=(",", ":")) for month, totals in months}


def _entry(total: report_states.DayTotal) -> list[Any]:
    return [date.fromordinal(total.day).day, total.line, total.orders, f"{total.amount:f}"]


def _write_step(
    store: Store,
    generation: Generation,
    source: ReportSource,
    states: tuple[State | None, State | None],
    stored: str | None,
    guard: Guard,
) -> str | None:
    """Replace the stored text of the first state by the second one; return the new text."""
    before, after = states
    text = report_states.pack(after) if after else None
    shard = report_sources.shard(source.id, COUNTER_SHARDS)
    with Transaction() as write:
        _put_state(write, reported_keys(store.id, generation.number, source), text, stored)
        guard(write)
        counters = report_keys.counters(store.id, generation.number, shard)
        for sk, amounts in _by_item(difference(before, after)).items():
            write.add_numbers(counters, sk, amounts)
        for month, totals in _changed_months(before, after).items():
            buyer = MonthBuyer(report_keys.buyers(store.id, generation.number, month, shard), source.id, totals=totals)
            if totals:
                write.put_record(buyer)
            else:
                write.delete(buyer)
    return text


def _put_state(write: Transaction, key: tuple[str, str], text: str | None, stored: str | None) -> None:
    is_unchanged = ReportedState.state == stored if stored else ReportedState.pk.does_not_exist()
    if text is None:
        write.delete(ReportedState(*key), is_unchanged, BusyError())
    else:
        write.put_record(ReportedState(*key, state=text), is_unchanged, BusyError())


def _by_item(changes: Contribution) -> dict[str, dict[str, Decimal]]:
    items: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for key, amount in changes.items():
        items[key.sk][key.name] = amount
    return items
