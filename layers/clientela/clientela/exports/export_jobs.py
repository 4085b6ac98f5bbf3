"""Export jobs: a store's customers as a CSV file in the exports bucket.

A job is started here and run once by the export function (`export_runs`), which reads the queue of
`export_starts`.
"""

from datetime import datetime
from functools import partial
from typing import Any, Literal

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import ids, settings
from clientela.concurrency import retry_on_conflict
from clientela.customers import filter_summaries
from clientela.customers.erased_filters import Eraser
from clientela.errors import (
    ExportFileDeletedError,
    ExportNotFoundError,
    ExportUnfinishedError,
    NoRemovalsError,
    VersionConflictError,
)
from clientela.exports import export_files, export_part_records, export_requests
from clientela.exports.change_windows import ChangeWindow
from clientela.exports.export_requests import ExportContents, ExportRequest
from clientela.schema.actors import OPERATOR, Actor
from clientela.schema.fields import Timestamp
from clientela.sentences import Sentence
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import job_keys, keys, pagination, records
from clientela.table.attributes import DocumentAttribute, load
from clientela.table.pagination import Page
from clientela.table.records import Record
from clientela.table.transactions import Transaction

_ALL = ExportRequest()

FileOfJob = Literal["file", "removed"]
Status = Literal["queued", "running", "succeeded", "failed"]


class ExportJob(ExportContents):
    """An export as the merchant sees it. What the end sets is null before."""

    id: str
    """The id of the export. Example: exp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    status: Status = "queued"
    """The state of the export."""
    changes: ChangeWindow | None = None
    """The window in which the customers changed; null for all customers. Example: null"""
    schedule_id: str | None = None
    """The schedule that started the export, if one did. Example: null"""
    slot: Timestamp | None = None
    """The planned time of a scheduled export; null if it was started by hand. Example: null"""
    rows: int | None = None
    """The number of rows, without the header. Example: 59"""
    size: int | None = None
    """The size of the file in bytes. Example: 18250"""
    sha256: str | None = None
    """The SHA-256 hash of the file. Example: 9f86d081884c7d659a2feaa0c55ad015"""
    parts: int | None = None
    """The number of parts in which a large export is written; null for one step. Example: null"""
    parts_done: int | None = None
    """The parts that are written, while the export runs; else null. Example: null"""
    file: str | None = None
    """The file's key in the exports bucket.
    Example: demo/customers-20261121T100000.000Z-B1C4D6E8.csv"""
    manifest: str | None = None
    """The key of its manifest.
    Example: demo/customers-20261121T100000.000Z-B1C4D6E8.manifest.json"""
    removed: int | None = None
    """The number of customers who were removed in the window of changes. Example: null"""
    removed_file: str | None = None
    """The key of their list: ids, reasons and times. Example: null"""
    message: str | None = None
    """Why the export failed, in the store's language; else null. Example: null"""
    next_try_at: Timestamp | None = None
    """When a queued export is tried again that could not be written; else null. Example: null"""
    created_at: Timestamp
    """When the export was requested."""
    started_at: Timestamp | None = None
    """When the export started."""
    finished_at: Timestamp | None = None
    """When the export ended."""


class ExportRecord(Record):
    """`STORE#demo` / `EXPORT#exp_01K…`.

    The version ensures that one run at a time has the job; `run_by` names the call that has it.
    `run` is the number of a run in parts.
    """

    AUDITED = True
    version = NumberAttribute(default=1)
    status = UnicodeAttribute()
    run_by = UnicodeAttribute(null=True)
    run = NumberAttribute(null=True)
    job = DocumentAttribute(ExportJob)


def start(store: Store, now: datetime, request: ExportRequest = _ALL, by: Actor = OPERATOR) -> ExportJob:
    """Start the export that is asked for.

    The table's stream puts it on the queue of exports to run, see `export_starts`.

    Raises:
        InvalidInputError: a column is unknown, or format and spreadsheet disagree.

    Cost: 4 write units.
    """
    contents = export_requests.resolve(store, request)
    return create(store, ExportJob(id=ids.new("exp", now), created_at=now, **contents), by)


def create(store: Store, job: ExportJob, by: Actor) -> ExportJob:
    """Store a job, unless it is stored already, and return it as it is stored. 4 write units."""
    record = ExportRecord(keys.store(store.id), job_keys.export_job(job.id), version=1, status=job.status, job=job)
    try:
        with Transaction() as write:
            write.put_record(record, ExportRecord.pk.does_not_exist(), VersionConflictError())
            changes = filter_summaries.as_changes(job.filter)
            audit_trail.add(write, store, by, job.created_at, "export.started", job.id, changes)
    except VersionConflictError:  # a schedule that fires twice
        return get(store, job.id)
    return job


def get(store: Store, job_id: str) -> ExportJob:
    """Return the job as it is now — ExportNotFoundError. 1 read unit; 1.5 if it runs in parts."""
    record = get_record(store.id, job_id)
    if record.status != "running" or not record.run:
        return record.job
    return record.job.model_copy(update={"parts_done": export_part_records.count(store.id, job_id, int(record.run))})


def list_all(store: Store, limit: int = 50, cursor: str | None = None) -> Page[ExportJob]:
    """Return one page of the store's jobs, newest first — InvalidInputError for an invalid cursor.

    Cost: half a read unit per 4 KB.
    """
    page = pagination.newest_first(keys.store(store.id), job_keys.EXPORT_PREFIX, limit, cursor)
    return Page([load(ExportJob, item["job"]) for item in page.items], page.next_cursor)


def download_url(store: Store, job_id: str, of: FileOfJob = "file") -> str:
    """Return a URL of one of the files, valid for five minutes.

    Raises:
        ExportNotFoundError: the job does not exist.
        ExportUnfinishedError: the job has no file yet, or it failed.
        NoRemovalsError: it has all customers, and no list of removed ones.
        ExportFileDeletedError: the file is not kept any more.

    Cost: 1 read unit, 1 call of S3.
    """
    job = get(store, job_id)
    if job.file is None:
        raise ExportUnfinishedError(Sentence("The export is in the state “{status}”.", status=job.status))
    key = job.file if of == "file" else job.removed_file
    if key is None:
        raise NoRemovalsError(Sentence("Only an export of changes has a list of removed customers."))
    if not export_files.exists(key):
        days = settings.export_retention_days()
        raise ExportFileDeletedError(Sentence("Files are kept for {days} days. Start the export again.", days=days))
    return export_files.url(key)


def get_record(store_id: str, job_id: str) -> ExportRecord:
    """Return the stored job — ExportNotFoundError. 1 read unit."""
    record = ExportRecord.find(keys.store(store_id), job_keys.export_job(job_id))
    if record is None:
        raise ExportNotFoundError(Sentence("Export “{id}” not found.", id=job_id))
    return record


def update(record: ExportRecord, **changes: Any) -> ExportRecord:
    """Write the job with changes — VersionConflictError if it changed since it was read.

    Cost: 1 write unit.
    """
    job = record.job.model_copy(update=changes)
    after = ExportRecord(
        record.pk,
        record.sk,
        version=record.version + 1,
        status=job.status,
        run_by=record.run_by,
        run=record.run,
        job=job,
    )
    records.put(after, ExportRecord.version == record.version, VersionConflictError(), is_bookkeeping=True)
    return after


def erase_filters(store: Store, eraser: Eraser) -> None:
    """Replace what names an erased person in the filters of jobs.

    A run that is writing its file in one step starts again.

    Cost: half a read unit per 4 KB of the jobs, 1 read and 1 write unit for each that changes.
    """
    for item in eraser.items_to_change(job_keys.EXPORT_PREFIX, "job"):
        job_id = item["sk"]["S"].removeprefix(job_keys.EXPORT_PREFIX)
        retry_on_conflict(partial(_erase_filter, store, job_id, eraser), (VersionConflictError,))


def _erase_filter(store: Store, job_id: str, eraser: Eraser) -> None:
    record = get_record(store.id, job_id)
    update(record, filter=eraser.erase(record.job.filter))
