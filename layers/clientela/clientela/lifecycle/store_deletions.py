"""Deleting a store with all its data, with a certificate that says how much of what was deleted.

The first transaction deletes the settings: the store is gone for every new request. Function
instances may know it for another half a minute, so the table is searched twice, the second time
after they must have forgotten it. What runs for longer (an import, an export, a bulk change) looks
again and stops.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock, ids
from clientela.concurrency import retry_on_conflict
from clientela.errors import BusyError, StoreNotFoundError, VersionConflictError
from clientela.lifecycle import store_sweep
from clientela.lifecycle.store_sweep import DeletionCount
from clientela.schema.actors import Actor
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores import pending_deletions, stores
from clientela.stores.pending_deletions import PendingDeletion
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.attributes import DocumentAttribute
from clientela.table.records import Record
from clientela.table.transactions import Transaction

# After that nobody who knew the store writes any more: its settings are cached for half a minute,
# and a request or message takes at most as long.
SETTLED_AFTER = timedelta(seconds=3 * stores.CACHED_SECONDS)


class StoreDeletion(Model):
    """The certificate of a store's deletion: how many of each kind were deleted.

    While it is `running`, the store is gone, and the rest is being deleted. `files` are versions of
    files in both buckets; an interrupted run may count too few of them. Backups of the table are
    kept for 35 days.
    """

    id: str
    store_id: str
    status: Literal["running", "complete"]
    requested_by: Actor
    begun_at: Timestamp
    completed_at: Timestamp | None
    deleted: dict[str, int]


class StoreDeletionRecord(Record):
    """`STORE_DELETIONS` / `del_01K…`.

    It is the entry about the deletion, because the store's own audit trail is deleted.
    """

    AUDIT_ENTRY = True
    by = DocumentAttribute(Actor)
    store_id = UnicodeAttribute()
    begun_at = UnicodeAttribute()
    completed_at = UnicodeAttribute(null=True)
    files = NumberAttribute(default=0)


type Report = Callable[[str, int], None]  # called with the activity, and how many items it has just deleted


def delete(
    store_id: str,
    by: Actor,
    read_clock: Callable[[], datetime],
    report: Report = lambda _activity, _done: None,
    sleep: Callable[[float], None] = time.sleep,
) -> StoreDeletion:
    """Delete a store with all its data, or continue its deletion, and return the certificate.

    It takes at least SETTLED_AFTER. It may be interrupted at any moment and run twice at once.

    Raises:
        StoreNotFoundError: there is no such store, and none is being deleted.

    Cost: a read unit per 4 KB of the whole table; 2 write units per KB of the store's items and per
    index entry.
    """
    deletion = begin(store_id, read_clock(), by)
    settled_at = datetime.fromisoformat(deletion.begun_at) + SETTLED_AFTER
    if read_clock() < settled_at:
        _sweep(deletion, report)
        while (left := (settled_at - read_clock()).total_seconds()) > 0:
            report("Waiting for functions to forget the store", 0)
            sleep(min(left, 1))
    _sweep(deletion, report, is_last=True)
    return _complete(deletion, read_clock())


def begin(store_id: str, now: datetime, by: Actor) -> PendingDeletion:
    """Make a store unusable, and return its pending deletion. Repeated, it returns the same one.

    Raises:
        StoreNotFoundError: there is no such store, and none is being deleted.

    Cost: 2 read units, 8 write units.
    """

    def attempt() -> PendingDeletion:
        pending = pending_deletions.find(store_id)
        if pending:
            return pending
        deletion_id, begun_at = ids.new("del", now), clock.format_timestamp(now)
        pending = PendingDeletion(keys.PENDING_DELETIONS, store_id, deletion_id=deletion_id, begun_at=begun_at)
        with Transaction() as write:
            stores.delete(write, _read(store_id))
            write.put_record(pending)
            certificate = _certificate(pending)
            certificate.by = by
            write.put_record(certificate)
        return pending

    return retry_on_conflict(attempt)


def _read(store_id: str) -> Store:
    """Return a store — StoreNotFoundError, or BusyError if its deletion has just begun."""
    try:
        return stores.read(store_id)
    except StoreNotFoundError:
        if pending_deletions.find(store_id):
            raise BusyError from None
        raise


def list_all() -> list[StoreDeletion]:
    """Return the certificates of all stores, oldest first. 1 read unit per 4 KB, 1 for each."""
    certificates = StoreDeletionRecord.list_all(keys.STORE_DELETIONS)
    return [_to_model(certificate) for certificate in certificates]


def _sweep(deletion: PendingDeletion, report: Report, *, is_last: bool = False) -> None:
    store_id = deletion.sk
    files = store_sweep.delete_files(store_id)
    if files:
        records.update(_certificate(deletion), [StoreDeletionRecord.files.add(files)])
    store_sweep.delete_items(store_id, deletion.deletion_id, with_imports=is_last, report=partial(report, "Deleting"))


def _complete(deletion: PendingDeletion, now: datetime) -> StoreDeletion:
    """Complete the certificate, unless another run did, and free the store's id."""
    certificate, completed_at = _certificate(deletion), clock.format_timestamp(now)
    try:
        with Transaction() as write:
            is_same = PendingDeletion.deletion_id == deletion.deletion_id
            write.delete(PendingDeletion(deletion.pk, deletion.sk), is_same, VersionConflictError())
            write.update(certificate, [StoreDeletionRecord.completed_at.set(completed_at)])
    except VersionConflictError:
        pass
    return _to_model(StoreDeletionRecord.find(certificate.pk, certificate.sk) or certificate)


def _certificate(deletion: PendingDeletion) -> StoreDeletionRecord:
    return StoreDeletionRecord(
        keys.STORE_DELETIONS, deletion.deletion_id, store_id=deletion.sk, begun_at=deletion.begun_at
    )


def _counts(deletion_id: str) -> dict[str, int]:
    counts = DeletionCount.list_all(keys.deletion_counts(deletion_id))
    return {kind: sum(int(getattr(count, kind)) for count in counts) for kind in store_sweep.COUNTERS}


def _to_model(record: StoreDeletionRecord) -> StoreDeletion:
    return StoreDeletion(
        id=record.sk,
        store_id=record.store_id,
        status="complete" if record.completed_at else "running",
        requested_by=record.by,
        begun_at=datetime.fromisoformat(record.begun_at),
        completed_at=datetime.fromisoformat(record.completed_at) if record.completed_at else None,
        deleted=_counts(record.sk) | {"files": int(record.files)},
    )
