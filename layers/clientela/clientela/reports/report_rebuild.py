"""Rebuild a store's reports: the next generation beside the current one, then the flip.

A rebuild starts with a store, when its time zone changes, or by hand. Changes are counted in both
generations meanwhile, so orders may arrive. It goes on where it stopped, also after a crash.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import batched, chain
from typing import NamedTuple

from clientela.concurrency import map_in_order
from clientela.customers import directory_index
from clientela.customers.directory_index import Selection
from clientela.orders import order_lists
from clientela.reports import report_counters, report_generations, report_updates
from clientela.reports.report_counters import Numbers
from clientela.reports.report_generations import Generation, ReportPointer
from clientela.reports.report_sources import ReportSource
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, report_keys

SETTLED = timedelta(seconds=10)  # until the directory has who was created before the rebuild
# Until nobody counts in the former generation any more: longer than the Timeout of ReportUpdater.
RETIRED = timedelta(seconds=360)
_BLOCK = 200  # customers between two savings of the cursor
_THREADS = 8
_LOOKS, _PAUSE_SECONDS = 3, 5.0  # at a difference: a change may be counted at this moment


class Progress(NamedTuple):
    """The state of a rebuild: the seconds until it goes on, None if nothing is left to do.

    `differences` are the counters of the new generation that differed from those of the former one
    in the same time zone, right before the flip.
    """

    wait: int | None
    flipped: bool = False
    differences: int = 0


def is_due(store: Store) -> bool:
    """Return whether the store's reports need a rebuild, or one is not finished. 1 read unit."""
    pointer = report_generations.find(store.id)
    return (
        pointer is None or _needs_start(store, pointer) or pointer.building is not None or pointer.retired is not None
    )


def count(store: Store, source: ReportSource, now: datetime) -> None:
    """Count the present state of a source, in a store's first generation if it has none yet.

    No rebuild finds the order of an erased person that no generation has counted.

    Raises:
        BusyError: others kept changing the source.

    Cost: as `report_updates.update`.
    """
    if not report_updates.update(store, source):
        report_generations.start(store, now)
        report_updates.update(store, source)


def advance(store: Store, now: datetime, out_of_time: Callable[[], bool]) -> Progress:
    """Do the next part of a rebuild: start, count customers, flip, or delete the former generation.

    Repeating does no harm, nor do several at the same time.

    Raises:
        BusyError: others kept changing the same customers.

    Cost: as counting every customer anew: 2 read units, and 2 write units for each counter item.
    """
    pointer = report_generations.find(store.id)
    if pointer and pointer.building is not None and pointer.building_timezone:
        return _build(store, pointer, now, out_of_time)
    if pointer and pointer.retired is not None:
        return _delete_retired(store, pointer, now, out_of_time)
    if pointer is None or _needs_start(store, pointer):
        report_generations.start(store, now)
        return Progress(int(SETTLED.total_seconds()))
    return Progress(None)


def _needs_start(store: Store, pointer: ReportPointer) -> bool:
    return pointer.building is None and pointer.timezone != store.timezone


def _build(store: Store, pointer: ReportPointer, now: datetime, out_of_time: Callable[[], bool]) -> Progress:
    generation = Generation(int(pointer.building), str(pointer.building_timezone))
    wait = datetime.fromisoformat(str(pointer.started_at)) + SETTLED - now
    if pointer.cursor is None and wait > timedelta():
        return Progress(int(wait.total_seconds()) + 1)
    update = partial(report_updates.update_generation, store, generation)
    entries = directory_index.walk(store, Selection("created", low=pointer.cursor))
    for block in batched(entries, _BLOCK, strict=False):
        sources = (ReportSource("customer", keys.customer_of(item["pk"]["S"])[1]) for _, item in block)
        for _ in map_in_order(update, sources, _THREADS):
            pass
        report_generations.save_cursor(store.id, generation, block[-1][0])
        if out_of_time():
            return Progress(0)
    for _ in map_in_order(update, _orders_without_customer(store, pointer), _THREADS):
        pass
    former = Generation(int(pointer.current), str(pointer.timezone)) if pointer.current is not None else None
    differences = len(_differing(store, former, generation)) if former else 0
    report_generations.flip(store.id, generation, now)
    if former:
        return Progress(int(RETIRED.total_seconds()), True, differences)
    # The zone may have changed since the caller read the store.
    return Progress(0 if is_due(stores.read(store.id)) else None, True)


def _orders_without_customer(store: Store, pointer: ReportPointer) -> Iterator[ReportSource]:
    """Yield the unclaimed orders, and those that the current generation has counted."""
    unclaimed = (keys.order_id(item["sk"]["S"]) for item in order_lists.all_unclaimed(store))
    counted = _counted(store, int(pointer.current)) if pointer.current is not None else iter(())
    return (ReportSource("order", order_id) for order_id in chain(unclaimed, counted))


def _counted(store: Store, number: int) -> Iterator[str]:
    for shard in range(report_updates.STATE_SHARDS):
        yield from (source.id for source in report_updates.counted_sources(store.id, number, "order", shard))


def _differing(store: Store, former: Generation, generation: Generation) -> set[tuple[str, str]]:
    """Return the counters that differ, unless the days of the two are in different zones.

    A change that is counted at this moment is in one generation first. So only a difference that is
    the same at every look counts: after the flip, changes are counted in the new generation only.
    """
    if former.timezone != generation.timezone:
        return set()
    found = _difference(store, former, generation)
    for _ in range(_LOOKS - 1):
        if found:
            time.sleep(_PAUSE_SECONDS)
            found &= _difference(store, former, generation)
    return {(sk, name) for sk, name, _ in found}


def _difference(store: Store, former: Generation, generation: Generation) -> set[tuple[str, str, object]]:
    old, new = ({*_flat(report_counters.read_all(store, each))} for each in (former, generation))
    return old ^ new


def _flat(counters: dict[str, Numbers]) -> Iterator[tuple[str, str, object]]:
    return ((sk, name, number) for sk, numbers in counters.items() for name, number in numbers.items())


def _delete_retired(store: Store, pointer: ReportPointer, now: datetime, out_of_time: Callable[[], bool]) -> Progress:
    number = int(pointer.retired)
    wait = datetime.fromisoformat(str(pointer.retired_at)) + RETIRED - now
    if wait > timedelta():
        return Progress(int(wait.total_seconds()) + 1)
    months = {sk.partition("#")[2] for sk in _months_of(store, number)}
    for pk in _partitions(store, number, months):
        for block in batched(dynamodb.query_partition(pk, "pk, sk"), dynamodb.BATCH_WRITE, strict=False):
            dynamodb.delete_all([dynamodb.key(item["pk"]["S"], item["sk"]["S"]) for item in block])
            if out_of_time():
                return Progress(0)
    report_generations.forget_retired(store.id, number)
    return Progress(0 if _needs_start(store, pointer) else None)


def _months_of(store: Store, number: int) -> Iterator[str]:
    for shard in range(report_updates.COUNTER_SHARDS):
        for item in dynamodb.query_partition(report_keys.counters(store.id, number, shard), "sk"):
            if item["sk"]["S"].startswith(report_keys.month("")):
                yield item["sk"]["S"]


def _partitions(store: Store, number: int, months: set[str]) -> Iterator[str]:
    """Yield the partitions of a generation. The counters, which name the months, are the last."""
    for kind in (report_keys.CUSTOMERS, report_keys.ORDERS):
        for shard in range(report_updates.STATE_SHARDS):
            yield report_keys.reported(store.id, number, kind, shard)
    for shard in range(report_updates.COUNTER_SHARDS):
        for month in sorted(months):
            yield report_keys.buyers(store.id, number, month, shard)
    for shard in range(report_updates.COUNTER_SHARDS):
        yield report_keys.counters(store.id, number, shard)
