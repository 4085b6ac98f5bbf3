"""The versions of each uploaded file: which one is the newest, and whose import is running.

S3 may deliver the events of two versions in any order. Only the newest version is imported, and an
import of a file starts when the import of its older version has stopped.
"""

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela import clock
from clientela.imports.import_files import UploadedFile
from clientela.table import job_keys, keys, records
from clientela.table.records import Record

RETENTION = timedelta(days=90)  # a failed event may be repeated long after the upload


class VersionOrder(NamedTuple):
    """The place of a version among those of its file.

    `sequencer` is that of the event, empty if it has none. Source:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """

    sequencer: str
    modified_at: str

    @classmethod
    def of(cls, file: UploadedFile, sequencer: str) -> Self:
        """Return the order of a file. S3's sequencers are compared after padding at the right."""
        return cls(sequencer.upper().ljust(40, "0") if sequencer else "", clock.format_timestamp(file.modified_at))

    def is_newer_than(self, other: Self) -> bool | None:
        """Return whether this version was uploaded later; None if both are equal.

        HTTP gives the time in whole seconds, so it cannot tell two versions of one second apart.
        """
        if self.sequencer and other.sequencer and self.sequencer != other.sequencer:
            return self.sequencer > other.sequencer
        return None if self.modified_at == other.modified_at else self.modified_at > other.modified_at


class FileRecord(Record):
    """`STORE#demo` / `IMPORT_FILE#3f5a…`: the newest version's job, and the job that is running."""

    newest_job = UnicodeAttribute()
    running_job = UnicodeAttribute(null=True)
    sequencer = UnicodeAttribute(null=True)
    modified_at = UnicodeAttribute()
    ttl = NumberAttribute()

    @property
    def order(self) -> VersionOrder:
        """The order of the newest version."""
        return VersionOrder(self.sequencer or "", self.modified_at)


def find(store_id: str, key: str) -> FileRecord | None:
    """Return the record of a file, read consistently, or None. Cost: 1 read unit."""
    return FileRecord.find(*_keys(store_id, key))


def claim(before: FileRecord | None, store_id: str, key: str, job_id: str, order: VersionOrder, now: datetime) -> bool:
    """Make a job that of the newest version, if `before` is still the stored record.

    Cost: 1 write unit.
    """
    record = before or FileRecord(*_keys(store_id, key))
    condition = FileRecord.newest_job == before.newest_job if before else FileRecord.pk.does_not_exist()
    actions: list[Action] = [
        FileRecord.newest_job.set(job_id),
        FileRecord.sequencer.set(order.sequencer) if order.sequencer else FileRecord.sequencer.remove(),
        FileRecord.modified_at.set(order.modified_at),
        FileRecord.ttl.set(int((now + RETENTION).timestamp())),
    ]
    try:
        records.update(record, actions, condition, _VersionsChangedError())
    except _VersionsChangedError:
        return False
    return True


def acquire(record: FileRecord, job_id: str, holder: str | None = None) -> bool:
    """Note that a job is running, if it is the newest and no other job but `holder` is running.

    Cost: 1 write unit.
    """
    is_free = FileRecord.running_job.does_not_exist() | FileRecord.running_job.is_in(job_id, holder or job_id)
    return _set_running(record, job_id, (FileRecord.newest_job == job_id) & is_free)


def release(record: FileRecord, job_id: str) -> None:
    """Note that a job has stopped, if it is the one that is running. Cost: 1 write unit."""
    _set_running(record, None, FileRecord.running_job == job_id)


class _VersionsChangedError(Exception):
    """Another call has changed the record first."""


def _set_running(record: FileRecord, job_id: str | None, condition: Condition) -> bool:
    action = FileRecord.running_job.set(job_id) if job_id else FileRecord.running_job.remove()
    try:
        records.update(record, [action], condition, _VersionsChangedError())
    except _VersionsChangedError:
        return False
    return True


def _keys(store_id: str, key: str) -> tuple[str, str]:
    return keys.store(store_id), job_keys.import_file(hashlib.sha256(key.encode()).hexdigest())
