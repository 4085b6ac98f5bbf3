"""The nightly self-check: what reports have counted of a sample of sources against the truth.

One hundredth of the customers and of the orders without customer is checked each night, all of them
in a small store. A difference
that stays over several looks, while the source stays the same, should never be. It is counted
right and reported, and an alarm tells of it.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from clientela.concurrency import map_in_order
from clientela.customers import directory_index
from clientela.customers.directory_index import Selection
from clientela.orders import order_lists
from clientela.reports import report_counters, report_generations, report_sources, report_states, report_updates
from clientela.reports.report_generations import Generation
from clientela.reports.report_sources import ReportSource
from clientela.reports.report_updates import STATE_SHARDS, ReportedState
from clientela.stores.stores import Store
from clientela.table import keys

ALL_UP_TO = 2000  # customers: in such a store all of them are checked
_LOOKS = 4  # at a difference: a message of the queue may be under way
_PAUSE_SECONDS = 5.0
_THREADS = 8


class CheckResult(NamedTuple):
    """The result: how many sources were checked, and the ids of those counted wrong."""

    checked: int
    differing: list[str]


def check(store: Store, now: datetime) -> CheckResult:
    """Check tonight's sample, and count those anew that differ.

    Raises:
        ReportsNotReadyError: the first generation is still being built.

    Cost: half a read unit per 4 KB of the directory's index and of a hundredth of the states, and
    3 read units for each source checked.
    """
    generation = report_generations.current(store.id)
    sources = sorted(set(_sample(store, now, generation)))
    wrong = map_in_order(lambda each: each if _is_wrong(store, generation, each) else None, sources, _THREADS)
    differing = [source for source in wrong if source]
    for source in differing:
        report_updates.update(store, source)
    return CheckResult(len(sources), [source.id for source in differing])


def _sample(store: Store, now: datetime, generation: Generation) -> Iterator[ReportSource]:
    """Yield the sources of tonight's shard: those of the table, and those that were counted."""
    is_small = report_counters.read_today(store, generation).get("customers", 0) <= ALL_UP_TO
    tonight = now.toordinal() % STATE_SHARDS
    for source in _stored_sources(store):
        if is_small or report_sources.shard(source.id, STATE_SHARDS) == tonight:
            yield source
    for shard in range(STATE_SHARDS) if is_small else [tonight]:
        yield from report_updates.counted_sources(store.id, generation.number, "customer", shard)
        yield from report_updates.counted_sources(store.id, generation.number, "order", shard)


def _stored_sources(store: Store) -> Iterator[ReportSource]:
    """Yield the customers and the unclaimed orders.

    Nothing but the reports lists the orders of erased people.
    """
    for _, item in directory_index.walk(store, Selection("created")):
        yield ReportSource("customer", keys.customer_of(item["pk"]["S"])[1])
    for item in order_lists.all_unclaimed(store):
        yield ReportSource("order", keys.order_id(item["sk"]["S"]))


def _is_wrong(store: Store, generation: Generation, source: ReportSource) -> bool:
    """Return whether a difference stays, although nothing is changed and nothing is under way."""
    seen = None
    for look in range(_LOOKS):
        time.sleep(_PAUSE_SECONDS * (look > 0))
        reported = ReportedState.find(*report_updates.reported_keys(store.id, generation.number, source))
        state, _ = report_sources.read(store, source, ZoneInfo(generation.timezone))
        if (report_states.unpack(reported.state) if reported else None) == state:
            return False
        found = (state, reported and reported.state)
        if look and found != seen:  # it changes: its message will count it
            return False
        seen = found
    return True
