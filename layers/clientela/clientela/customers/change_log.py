"""The log of a store's changed customers, for exports of what changed since the last one.

A store has a log only while somebody needs it (`enable`). The table's stream writes it: an entry
for each new version of a customer, and for each customer who is gone. Entries are sorted by the
time at which they were written to the log, not by that of the change. So a change that the stream
delivers late is in a later window, and in no window that was read before
(docs/decisions/0029-a-log-of-changed-customers.md).
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock
from clientela.signing import sha256_hex
from clientela.stores.stores import Store
from clientela.stores.timed_cache import TimedCache
from clientela.table import dynamodb, job_keys, keys, records
from clientela.table.dynamodb import Item
from clientela.table.records import Record
from clientela.table.stream import TableChange

SHARDS = 16  # each takes 1,000 write units a second
RETENTION = timedelta(days=40)  # longer than a month between two exports
# An entry is in the table this long after its time: the function that writes it ends after half a
# minute. So only older entries are read.
SETTLED = timedelta(minutes=1)
_CACHED_SECONDS = 30  # a function instance may not know for this long that a log was switched on
_COMPLETE_AFTER = timedelta(seconds=_CACHED_SECONDS) + timedelta(seconds=30)


class LogSwitch(Record):
    """`STORE#demo` / `CHANGE_LOG`: the store has a log since a time."""

    since = UnicodeAttribute()


class ChangeEntry(Record):
    """`STORE#demo#CHANGES#07` / `2026-11-21T10:00:00.000Z#cus_01K…`."""

    version = NumberAttribute()
    removed_at = UnicodeAttribute(null=True)  # of a customer who is gone: when
    ttl = NumberAttribute()


class Changed(NamedTuple):
    """A customer that changed within a window: its newest version, and its last removal.

    A customer who was removed may exist again: an undone merge brings it back.
    """

    customer_id: str
    version: int
    removed_at: str | None


def enable(store_id: str, now: datetime) -> None:
    """Switch the log of a store on. Repeating does no harm. 1 write unit."""
    switch = LogSwitch(keys.store(store_id), job_keys.CHANGE_LOG, since=clock.format_timestamp(now))
    try:
        records.put(switch, LogSwitch.pk.does_not_exist(), _AlreadyOnError())
    except _AlreadyOnError:
        return


def disable(store_id: str) -> None:
    """Switch the log of a store off. What is logged expires. 1 write unit."""
    records.delete(LogSwitch(keys.store(store_id), job_keys.CHANGE_LOG))


def covers(store_id: str, since: datetime, now: datetime) -> bool:
    """Return whether the log has all changes of windows that begin at a time. 1 read unit."""
    if since - SETTLED < now - RETENTION + timedelta(days=1):
        return False
    switch = LogSwitch.find(keys.store(store_id), job_keys.CHANGE_LOG)
    if switch is None:
        return False
    return datetime.fromisoformat(switch.since) + _COMPLETE_AFTER <= since - SETTLED


def record_changes(changes: Iterable[TableChange], now: datetime) -> int:
    """Log the changed customers of stores that have a log; return the number of entries.

    Repeating adds entries of the same versions, which does no harm.

    Raises:
        BusyError: DynamoDB left entries unwritten.

    Cost: 1 write unit for each entry; 1 read unit for each store that is not cached.
    """
    found = (entry for change in changes if (entry := _entry(change, now)))
    entries = {(entry.pk, entry.sk): entry.item() for entry in found}  # of two changes of a customer the later one
    for batch in itertools.batched(entries.values(), dynamodb.BATCH_WRITE, strict=False):
        dynamodb.put_all(list(batch))
    return len(entries)


def count(store: Store, since: datetime, until: datetime, shard: int) -> int:
    """Return the number of entries in a shard, at least as many as customers.

    Cost: half a read unit per 4 KB of entries, which have some 170 bytes.
    """
    pages = dynamodb.query_pages(**_window(store, since, until, shard), Select="COUNT")
    return sum(page["Count"] for page in pages)


def changed(store: Store, since: datetime, until: datetime, shard: int) -> list[Changed]:
    """Return the customers of one shard that changed in a window, each once.

    Pass the times of two exports: the first one's and this one's. The windows of a row of exports
    have each entry exactly once. Both times must be over.

    Cost: half a read unit per 4 KB of entries, which have some 170 bytes.
    """
    found: dict[str, Changed] = {}
    for page in dynamodb.query_pages(**_window(store, since, until, shard)):
        for item in page["Items"]:
            entry = _changed(item)
            known = found.get(entry.customer_id, entry)
            version, removed_at = max(known.version, entry.version), entry.removed_at or known.removed_at
            found[entry.customer_id] = Changed(entry.customer_id, version, removed_at)
    return list(found.values())


def all_changed(store: Store, since: datetime, until: datetime, shards: Sequence[int]) -> Iterator[Changed]:
    """Yield the customers of shards that changed in a window, each once. Cost: as `changed`.

    In memory are those of one shard.
    """
    for shard in shards:
        yield from changed(store, since, until, shard)


def _entry(change: TableChange, now: datetime) -> ChangeEntry | None:
    if change.sk != keys.PROFILE or _version(change.before) == _version(change.after):
        return None  # the same version in another bucket, or with other index entries
    store_id, customer_id = keys.customer_of(change.pk)
    if not _has_log(store_id):
        return None
    is_removed = change.after is None
    return ChangeEntry(
        job_keys.changes(store_id, _shard(customer_id)),
        job_keys.change(now, customer_id),
        version=_version(change.before if is_removed else change.after),
        removed_at=clock.format_timestamp(change.at) if is_removed else None,
        ttl=int((now + RETENTION).timestamp()),
    )


def _window(store: Store, since: datetime, until: datetime, shard: int) -> dict[str, object]:
    first, end = (clock.format_timestamp(edge - SETTLED) for edge in (since, until))
    return {
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :end",
        # The keys of an entry go on after its time, so one at the end itself sorts after the end.
        "ExpressionAttributeValues": {
            ":pk": {"S": job_keys.changes(store.id, shard)},
            ":first": {"S": first},
            ":end": {"S": end},
        },
    }


def _changed(item: Item) -> Changed:
    removed_at = item["removed_at"]["S"] if "removed_at" in item else None
    return Changed(job_keys.changed_customer(item["sk"]["S"]), int(item["version"]["N"]), removed_at)


def _version(image: Item | None) -> int:
    return int(image["version"]["N"]) if image and "version" in image else 0


def _shard(customer_id: str) -> int:
    return int(sha256_hex(customer_id)[:4], 16) % SHARDS


def _has_log(store_id: str) -> bool:
    known = _cache.get(store_id)
    if known is None:
        known = LogSwitch.find(keys.store(store_id), job_keys.CHANGE_LOG) is not None
        _cache.put(store_id, known)
    return known


_cache = TimedCache[str, bool](_CACHED_SECONDS)


class _AlreadyOnError(Exception):
    """The log is on."""
