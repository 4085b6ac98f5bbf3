"""Runs of migrations: through the whole table, at a limited rate, from where the last run stopped.

The table is read in segments. A run stores which segments are done, so it may die at any call: the
next one repeats a segment at most, and items that have the new layout are only read.
"""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Literal

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock, ids
from clientela.concurrency import Pace
from clientela.errors import ClientelaError, StoreNotFoundError
from clientela.migrations import item_changes, layout_version
from clientela.migrations.migration_list import MIGRATIONS, Migration
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores import stores
from clientela.table import dynamodb, keys, records
from clientela.table.dynamodb import Item
from clientela.table.records import Record

SEGMENTS = 64  # of the table; a run that died repeats one at most
RATE = 100  # items written per second, unless another rate is given
_WRITERS = 8
_PAGE_SIZE = 1000  # items per call: a scan of a whole megabyte can exceed the client's timeout


class RunTakenOverError(ClientelaError):
    """Another process continues this run."""

    code = "run_taken_over"
    title = "Another process continues this migration."


class MigrationRun(Model):
    """A run of a migration: how far it is, and how many items it read and changed.

    `store_id` is null for a run over all stores.
    """

    migration: str
    store_id: str | None = None
    status: Literal["pending", "running", "complete"] = "pending"
    segments_done: int = 0
    segments: int = SEGMENTS
    read: int = 0
    changed: int = 0
    started_at: Timestamp | None = None
    completed_at: Timestamp | None = None


class RunRecord(Record):
    """`LAYOUT` or `STORE#demo` / `MIGRATION#reindex_customers`: the last run of a migration.

    `run_by` names the process that works on it.
    """

    migration = UnicodeAttribute()
    run_by = UnicodeAttribute()
    segments_done = NumberAttribute(default=0)
    segments = NumberAttribute()
    read = NumberAttribute(default=0)
    changed = NumberAttribute(default=0)
    started_at = UnicodeAttribute()
    completed_at = UnicodeAttribute(null=True)


type ReadClock = Callable[[], datetime]
type Report = Callable[[MigrationRun], None]  # called after each segment


def pending() -> list[Migration]:
    """Return the migrations that the table needs, in their order — LayoutTooNewError."""
    version = layout_version.current()
    return [migration for migration in MIGRATIONS if migration.number > version]


def list_all() -> list[MigrationRun]:
    """Return the last run of every migration over all stores, in their order. 1 read unit each."""
    return [latest(migration) for migration in MIGRATIONS]


def latest(migration: Migration, store_id: str | None = None) -> MigrationRun:
    """Return a migration's last run, pending if there was none. 1 read unit."""
    record = RunRecord.find(*_key(migration, store_id))
    return _to_model(record) if record else MigrationRun(migration=migration.name, store_id=store_id)


def migrate(read_clock: ReadClock, rate: float = RATE, report: Report = lambda _run: None) -> list[MigrationRun]:
    """Run all pending migrations, one after the other; each one raises the version of the layout.

    Raises:
        LayoutTooNewError: a newer program has migrated the table.
        RunTakenOverError: another process continued a run.

    Cost: as `run`, for each migration.
    """
    runs = []
    for migration in pending():
        runs.append(run(migration, read_clock, rate=rate, report=report))
        layout_version.advance(migration.number)
    return runs


def run(
    migration: Migration,
    read_clock: ReadClock,
    store_id: str | None = None,
    rate: float = RATE,
    report: Report = lambda _run: None,
) -> MigrationRun:
    """Run a migration over all stores or one, or continue the run that was interrupted.

    Items may be changed by others meanwhile; items that the current code creates or changes have
    the new layout. Safe to repeat.

    Raises:
        RunTakenOverError: another process continued this run.
        BusyError: others kept changing an item.

    Cost: half a read unit per 4 KB of the whole table; for each changed item 1 write unit per KB,
    and as much per index entry.
    """
    record, pace = _begin(migration, store_id, read_clock()), Pace(rate)

    def change(item: Item) -> bool:
        store = _store(item)
        return store is not None and item_changes.apply(migration.change, item, store, pace.wait)

    with ThreadPoolExecutor(_WRITERS, thread_name_prefix="migration") as threads:
        for segment in range(int(record.segments_done), int(record.segments)):
            for items in _pages(migration, store_id, segment, int(record.segments)):
                record.read += len(items)
                record.changed += sum(threads.map(change, items))
            record.segments_done = segment + 1
            _save(record)
            report(_to_model(record))
    record.completed_at = clock.format_timestamp(read_clock())
    _save(record)
    return _to_model(record)


def dry_run(migration: Migration, store_id: str | None = None, report: Report = lambda _run: None) -> MigrationRun:
    """Count the items that a migration would change, and write nothing.

    Cost: half a read unit per 4 KB of the whole table.
    """
    result = MigrationRun(migration=migration.name, store_id=store_id, segments=SEGMENTS)
    for segment in range(SEGMENTS):
        for item in itertools.chain.from_iterable(_pages(migration, store_id, segment, SEGMENTS)):
            store = _store(item)
            after = migration.change(item, store) if store else None
            result.read += 1
            result.changed += after is not None and item_changes.is_different(item, after)
        result.segments_done = segment + 1
        report(result)
    return result


def _begin(migration: Migration, store_id: str | None, now: datetime) -> RunRecord:
    """Store that this process works on the interrupted run, or on a new one."""
    key = _key(migration, store_id)
    record = RunRecord.find(*key)
    if record is None or record.completed_at:
        record = RunRecord(
            *key, migration=migration.name, segments=SEGMENTS, started_at=clock.format_timestamp(now), run_by=""
        )
    record.run_by = ids.new("run", now)
    records.put(record)
    return record


def _save(record: RunRecord) -> None:
    records.put(record, RunRecord.run_by == record.run_by, RunTakenOverError())


def _pages(migration: Migration, store_id: str | None, segment: int, segments: int) -> Iterator[list[Item]]:
    """Yield the items of one segment that the migration may change."""
    prefix = keys.store(store_id) if store_id else keys.store("")
    pages = dynamodb.scan_pages(
        FilterExpression="begins_with(pk, :store) AND begins_with(sk, :sort)",
        ExpressionAttributeValues={":store": {"S": prefix}, ":sort": {"S": migration.sort_key}},
        Segment=segment,
        TotalSegments=segments,
        Limit=_PAGE_SIZE,
    )
    is_own = partial(_is_of, store_id)
    return (list(filter(is_own, page["Items"])) for page in pages)


def _is_of(store_id: str | None, item: Item) -> bool:
    return store_id in (None, keys.store_of(item["pk"]["S"]))


def _store(item: Item) -> stores.Store | None:
    """Return an item's store, or None if the store is deleted."""
    try:
        return stores.get(keys.store_of(item["pk"]["S"]))
    except StoreNotFoundError:
        return None


def _key(migration: Migration, store_id: str | None) -> tuple[str, str]:
    return keys.store(store_id) if store_id else keys.LAYOUT, keys.migration(migration.name)


def _to_model(record: RunRecord) -> MigrationRun:
    return MigrationRun(
        migration=record.migration,
        store_id=None if record.pk == keys.LAYOUT else keys.store_of(record.pk),
        status="complete" if record.completed_at else "running",
        segments_done=int(record.segments_done),
        segments=int(record.segments),
        read=int(record.read),
        changed=int(record.changed),
        started_at=datetime.fromisoformat(record.started_at),
        completed_at=datetime.fromisoformat(record.completed_at) if record.completed_at else None,
    )
