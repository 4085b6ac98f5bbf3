"""The nightly self-check: what reports have counted of a sample of customers against the truth.

One hundredth of the customers is checked each night, all of them in a small store. A difference
that stays over several looks, while the customer stays the same, should never be. It is counted
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
from clientela.reports import report_generations, report_sources, report_states, report_updates
from clientela.reports.report_generations import Generation
from clientela.reports.report_sources import ReportSource
from clientela.reports.report_updates import STATE_SHARDS, ReportedState
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, report_keys

ALL_UP_TO = 2000  # customers: in such a store all of them are checked
_LOOKS = 4  # at a difference: a message of the queue may be under way
_PAUSE_SECONDS = 5.0
_THREADS = 8


class CheckResult(NamedTuple):
    """The result: how many customers were checked, and the ids of those counted wrong."""

    checked: int
    differing: list[str]


def check(store: Store, now: datetime) -> CheckResult:
    """Check tonight's sample, and count those anew that differ.

    Raises:
        ReportsNotReadyError: the first generation is still being built.

    Cost: half a read unit per 4 KB of the directory's index and of a hundredth of the states, and
    3 read units for each customer checked.
    """
    generation = report_generations.current(store.id)
    customers = set(_sample(store, now, generation))
    wrong = map_in_order(lambda each: each if _is_wrong(store, generation, each) else None, sorted(customers), _THREADS)
    differing = [customer_id for customer_id in wrong if customer_id]
    for customer_id in differing:
        report_updates.update(store, ReportSource("customer", customer_id))
    return CheckResult(len(customers), differing)


def _sample(store: Store, now: datetime, generation: Generation) -> Iterator[str]:
    """Yield the customers of tonight's shard: those of the directory, and those counted."""
    selection = Selection("created")
    is_small = directory_index.count(store, selection) <= ALL_UP_TO
    tonight = now.toordinal() % STATE_SHARDS
    shards = range(STATE_SHARDS) if is_small else [tonight]
    for _, item in directory_index.walk(store, selection):
        customer_id = keys.customer_of(item["pk"]["S"])[1]
        if is_small or report_sources.shard(customer_id, STATE_SHARDS) == tonight:
            yield customer_id
    for shard in shards:
        pages = dynamodb.query_pages(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={
                ":pk": {"S": report_keys.reported(store.id, generation.number, report_keys.CUSTOMERS, shard)}
            },
            ProjectionExpression="sk",
        )
        yield from (item["sk"]["S"] for page in pages for item in page["Items"])


def _is_wrong(store: Store, generation: Generation, customer_id: str) -> bool:
    """Return whether a difference stays, although nothing is changed and nothing is under way."""
    source, seen = ReportSource("customer", customer_id), None
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
