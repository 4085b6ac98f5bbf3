"""Exports of what changed since the last one: changed customers, and a list of removed ones.

Both come from the log of changes, so their cost follows the number of changes, not of customers.
"""

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clientela import settings
from clientela.aws.s3_objects import ObjectWriter
from clientela.customers import change_log, stored_customers, tombstones
from clientela.customers.change_log import Changed
from clientela.customers.customer_filter import CustomerFilter, compile_filter
from clientela.customers.directory_walks import KeyRange
from clientela.exports import export_files
from clientela.exports.change_windows import ChangeWindow
from clientela.exports.export_completeness import ExportIncompleteError
from clientela.sentences import Sentence
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.dynamodb import Item

REMOVAL_HEADERS = ("id", "reason", "merged_into", "removed_at")
_PROJECTION = f"{stored_customers.PROJECTION}, version"
_SHARDS = range(change_log.SHARDS)


class RemovedCustomer(NamedTuple):
    """A customer who is gone: deleted, erased, or merged into another one."""

    customer_id: str
    reason: str
    merged_into: str
    removed_at: str


class ChangedWalk:
    """The profiles of changed customers that pass a filter, each once; see `CompleteWalk`."""

    def __init__(self, store: Store, filter_: CustomerFilter, window: ChangeWindow, within: KeyRange) -> None:
        self._store, self._tests, self._window = store, compile_filter(filter_, store), window
        self._shards = range(int(within.low or 0), int(within.high or 0) + 1)
        self._expected = self._seen = 0

    def __iter__(self) -> Iterator[Item]:
        self._expected = self._seen = 0
        found = change_log.all_changed(self._store, self._window.since, self._window.until, self._shards)
        for block in itertools.batched(found, dynamodb.BATCH_READ, strict=False):
            self._expected += sum(each.removed_at is None for each in block)
            for profile in _profiles(self._store, block):
                self._seen += 1
                if self._tests.pass_on(stored_customers.load_raw(profile)):
                    yield profile

    def require_complete(self) -> None:
        """Raise ExportIncompleteError if a changed customer was not found who was not removed.

        A customer may have been removed after the window: its removal is in the next one.
        """
        if self._seen >= self._expected:
            return
        shards = (change_log.changed(self._store, self._window.since, self._window.until, s) for s in self._shards)
        there = sum(
            len(_profiles(self._store, block))
            for shard in shards
            for block in itertools.batched(shard, dynamodb.BATCH_READ, strict=False)
        )
        if self._seen < there:
            raise ExportIncompleteError(
                Sentence(
                    "Only {read} changed customers were read, but {there} were found again.",
                    read=self._seen,
                    there=there,
                )
            )


def plan(store: Store, window: ChangeWindow, size: int) -> list[KeyRange]:
    """Return the parts of an export of changes, ranges of shards with about `size` entries.

    Cost: half a read unit per 4 KB of entries, which have some 170 bytes.
    """
    parts, low, entries = list[KeyRange](), 0, 0
    for shard in _SHARDS:
        entries += change_log.count(store, window.since, window.until, shard)
        if entries >= size or shard == _SHARDS[-1]:
            parts.append(KeyRange(str(low), str(shard)))
            low, entries = shard + 1, 0
    return parts


def write_removals(store: Store, window: ChangeWindow, key: str) -> int:
    """Write the list of customers who were removed and are gone; return their number.

    Cost: half a read unit per 4 KB of entries, and 3 read units for each removed customer.
    """
    number = 0
    with ObjectWriter(settings.exports_bucket(), key, export_files.CONTENT_TYPE) as writer:
        writer.write(_lines([REMOVAL_HEADERS]))
        for removals in _removals(store, window):
            writer.write(_lines(removals))
            number += len(removals)
    return number


def _removals(store: Store, window: ChangeWindow) -> Iterator[list[RemovedCustomer]]:
    changed = change_log.all_changed(store, window.since, window.until, _SHARDS)
    removed = (each for each in changed if each.removed_at)
    for block in itertools.batched(removed, dynamodb.BATCH_READ, strict=False):
        there = {keys.customer_of(item["pk"]["S"])[1] for item in _profiles(store, block)}
        gone = [each for each in block if each.customer_id not in there]
        targets, erased = _targets(store, gone), tombstones.erased_ids_among(store, [each.customer_id for each in gone])
        yield [_removal(each, targets.get(each.customer_id), each.customer_id in erased) for each in gone]


def _removal(changed: Changed, merged_into: str | None, is_erased: bool) -> RemovedCustomer:
    reason = "erased" if is_erased else "merged" if merged_into else "deleted"
    return RemovedCustomer(
        changed.customer_id, reason, "" if is_erased else merged_into or "", changed.removed_at or ""
    )


def _targets(store: Store, gone: Sequence[Changed]) -> dict[str, str]:
    """Return the customers into whom some were merged, by their ids."""
    ids = {keys.merged(store.id, each.customer_id): each.customer_id for each in gone}
    aliases = dynamodb.get_many([(pk, keys.ALIAS) for pk in ids], "pk, into_id")
    return {ids[alias["pk"]["S"]]: alias["into_id"]["S"] for alias in aliases}


def _profiles(store: Store, block: Sequence[Changed]) -> list[Item]:
    """Return the profiles that exist, each at least of its logged version.

    A replica may lag behind: what it lacks is read again, consistently.
    """
    versions = {keys.customer(store.id, each.customer_id): each.version for each in block}
    found = {item["pk"]["S"]: item for item in dynamodb.get_many([(pk, keys.PROFILE) for pk in versions], _PROJECTION)}
    late = [pk for pk, version in versions.items() if pk not in found or int(found[pk]["version"]["N"]) < version]
    again = dynamodb.get_many([(pk, keys.PROFILE) for pk in late], _PROJECTION, consistent=True)
    current = {pk: item for pk, item in found.items() if pk not in late} | {item["pk"]["S"]: item for item in again}
    return [current[pk] for pk in versions if pk in current]


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
