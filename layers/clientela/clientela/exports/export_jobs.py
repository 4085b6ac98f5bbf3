"""Exports: a store's customers as a CSV file in the exports bucket.

A job is started, run once by the export function, and ends with a manifest. The manifest is written
last, so a file with a manifest is complete: its rows are compared with a separate count of
customers.
"""

import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

import orjson
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import ids, settings
from clientela.aws import clients
from clientela.customers import customer_search, filter_summaries
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import ExportNotFoundError, ExportUnfinishedError, StoreNotFoundError, VersionConflictError
from clientela.exports import export_columns, export_completeness, export_files
from clientela.exports.export_completeness import ExportIncompleteError
from clientela.groups import groups
from clientela.schema.actors import OPERATOR, Actor
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.sentences import Sentence
from clientela.stores import audit_trail, store_existence, stores
from clientela.stores.stores import Store
from clientela.table import keys, pagination, records
from clientela.table.attributes import DocumentAttribute, load
from clientela.table.pagination import Page
from clientela.table.records import Record
from clientela.table.transactions import Transaction

RUN_LIMIT = timedelta(minutes=15)  # the longest run of a function: a job that is running longer is dead
_ALL_CUSTOMERS = CustomerFilter()

Status = Literal["queued", "running", "succeeded", "failed"]


class ExportJob(Model):
    """An export as the merchant sees it. What the end sets is null before."""

    id: str
    """The id of the export. Example: exp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    status: Status = "queued"
    """The state of the export."""
    filter: CustomerFilter = _ALL_CUSTOMERS
    """The customers that the export has."""
    rows: int | None = None
    """The number of rows, without the header. Example: 59"""
    size: int | None = None
    """The size of the file in bytes. Example: 18250"""
    sha256: str | None = None
    """The SHA-256 hash of the file. Example: 9f86d081884c7d659a2feaa0c55ad015"""
    file: str | None = None
    """The file's key in the exports bucket. Example: demo/customers-20261121T100000Z.csv"""
    manifest: str | None = None
    """The key of its manifest. Example: demo/customers-20261121T100000Z.manifest.json"""
    message: str | None = None
    """Why the export failed, else null. Example: null"""
    created_at: Timestamp
    """When the export was requested."""
    started_at: Timestamp | None = None
    """When the export started."""
    finished_at: Timestamp | None = None
    """When the export ended."""


class Manifest(Model):
    """The document next to an export's file."""

    export: str
    file: str
    rows: int
    size: int
    sha256: str
    columns: list[str]
    filter: CustomerFilter
    started: Timestamp
    finished: Timestamp


class ExportRecord(Record):
    """`STORE#demo` / `EXPORT#exp_01K…`.

    The version ensures that one run at a time has the job; `run_by` names that run.
    """

    AUDITED = True
    version = NumberAttribute(default=1)
    status = UnicodeAttribute()
    run_by = UnicodeAttribute(null=True)
    job = DocumentAttribute(ExportJob)


def start(store: Store, now: datetime, filter_: CustomerFilter = _ALL_CUSTOMERS, by: Actor = OPERATOR) -> ExportJob:
    """Start an export of the customers that pass the filter; the export function runs it.

    Cost: 4 write units.
    """
    return _start(store, ExportJob(id=ids.new("exp", now), filter=filter_, created_at=now), by)


def start_nightly(now: datetime, schedule: datetime | None = None) -> int:
    """Start the export of every store with nightly exports and return the number of stores.

    Calls with the same `schedule` (the planned time of the call) start one export per store. If a
    store fails, the others are still started.

    Raises:
        ExceptionGroup: the errors of the stores that failed, after all others are started.
    """
    started, errors = 0, []
    for store_id in stores.list_ids():
        try:
            started += _start_night(store_id, now, schedule)
        except Exception as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} exports were not started.", errors)
    return started


def run(store: Store, job_id: str, now: datetime, run_by: str | None = None) -> ExportJob:
    """Write a job's file and manifest, unless the job has succeeded or another call is running it.

    A failed job runs again, because Lambda repeats a failed call. A job whose run died runs again
    as soon as the same call (`run_by`) is repeated, or for any call after 15 minutes.

    Raises:
        ExportNotFoundError: the job does not exist.
        ExportIncompleteError: rows and customers differ in number. This and any other error is
            raised after the job is marked as failed.

    Cost: half a read unit per 4 KB of each customer and of the directory index, which is read two
    or three times.
    """
    began = time.monotonic()
    record = _get_record(store.id, job_id)
    if not _is_free(record, now, run_by):
        return record.job
    record.run_by = run_by
    try:
        record = _update(record, status="running", started_at=now, finished_at=None, message=None)
    except VersionConflictError:  # another call of the function was first
        return get(store, job_id)
    try:
        summary = _write(store, record.job)
        finished_at = _time_since(now, began)
        _write_manifest(store, record.job, summary, finished_at)
    except StoreNotFoundError:  # the store was deleted: its jobs and files are being deleted
        return record.job
    except Exception as error:
        _update(record, status="failed", message=_reason(error), finished_at=_time_since(now, began))
        raise
    names = {
        "file": export_files.file_key(store.id, record.job.created_at),
        "manifest": export_files.manifest_key(store.id, record.job.created_at),
    }
    return _update(record, status="succeeded", finished_at=finished_at, **summary._asdict(), **names).job


def get(store: Store, job_id: str) -> ExportJob:
    """Return the job as it is now — ExportNotFoundError. 1 read unit."""
    return _get_record(store.id, job_id).job


def list_all(store: Store, limit: int = 50, cursor: str | None = None) -> Page[ExportJob]:
    """Return one page of the store's jobs, newest first — InvalidInputError for an invalid cursor.

    Cost: half a read unit per 4 KB.
    """
    page = pagination.newest_first(keys.store(store.id), keys.EXPORT_PREFIX, limit, cursor)
    return Page([load(ExportJob, item["job"]) for item in page.items], page.next_cursor)


def download_url(store: Store, job_id: str) -> str:
    """Return a URL of the file, valid for five minutes.

    Raises:
        ExportNotFoundError: the job does not exist.
        ExportUnfinishedError: the job has no file yet, or it failed.
    """
    job = get(store, job_id)
    if job.file is None:
        raise ExportUnfinishedError(Sentence("The export is in the state “{status}”.", status=job.status))
    return export_files.url(job.file)


def _start_night(store_id: str, now: datetime, schedule: datetime | None) -> bool:
    try:
        store = stores.get(store_id)
    except StoreNotFoundError:  # deleted since the stores were listed
        return False
    if store.nightly_export:
        job_id = ids.derived("exp", schedule, store.id, "schedule") if schedule else ids.new("exp", now)
        _start(store, ExportJob(id=job_id, created_at=schedule or now), Actor("schedule"))
    return store.nightly_export


def _start(store: Store, job: ExportJob, by: Actor) -> ExportJob:
    record = ExportRecord(keys.store(store.id), keys.export_job(job.id), version=1, status=job.status, job=job)
    try:
        with Transaction() as write:
            write.put_record(record, ExportRecord.pk.does_not_exist(), VersionConflictError())
            changes = filter_summaries.as_changes(job.filter)
            audit_trail.add(write, store, by, job.created_at, "export.started", job.id, changes)
    except VersionConflictError:  # a repeated schedule: the earlier call may have died before it called the function
        record = _get_record(store.id, job.id)
    if record.status in {"queued", "failed"}:
        _call_function(store, record)
    return record.job


def _call_function(store: Store, record: ExportRecord) -> None:
    payload = orjson.dumps({"store_id": store.id, "job_id": record.job.id})
    try:
        clients.lambda_().invoke(FunctionName=settings.export_function(), InvocationType="Event", Payload=payload)
    except Exception:
        _update(record, status="failed", message="The export function could not be called.")
        raise


def _is_free(record: ExportRecord, now: datetime, run_by: str | None) -> bool:
    if record.status != "running":
        return record.status in {"queued", "failed"}
    started_at = record.job.started_at
    is_repeated = run_by is not None and record.run_by == run_by  # which happens only after the earlier call died
    return is_repeated or (started_at is not None and now - started_at > RUN_LIMIT)


def _reason(error: Exception) -> str:
    """Return a message for the merchant.

    The texts of other errors are left out: they may contain anything.
    """
    return str(error) if isinstance(error, ExportIncompleteError) else f"The export failed: {type(error).__name__}."


def _time_since(now: datetime, began: float) -> datetime:
    return now + timedelta(milliseconds=int((time.monotonic() - began) * 1000))


def _write(store: Store, job: ExportJob) -> export_files.FileSummary:
    """Write the file, and compare it with the customers who were counted before."""
    before = customer_search.count(store, job.filter)
    began = job.started_at or job.created_at
    check = partial(export_completeness.require_complete, store, job.filter, began, before)
    group_codes = {group.id: group.code for group in groups.list_all(store)}
    profiles = store_existence.require_while(store.id, customer_search.all_profiles(store, job.filter))
    return export_files.write(export_files.file_key(store.id, job.created_at), profiles, group_codes, check)


def _write_manifest(store: Store, job: ExportJob, summary: export_files.FileSummary, finished_at: datetime) -> None:
    manifest = Manifest(
        export=job.id,
        file=export_files.file_key(store.id, job.created_at),
        columns=list(export_columns.HEADERS),
        filter=job.filter,
        started=job.started_at or job.created_at,
        finished=finished_at,
        **summary._asdict(),
    )
    export_files.write_manifest(export_files.manifest_key(store.id, job.created_at), manifest)


def _update(record: ExportRecord, **changes: Any) -> ExportRecord:
    """Write the job with changes — VersionConflictError if it changed since it was read.

    Cost: 1 write unit.
    """
    job = record.job.model_copy(update=changes)
    after = ExportRecord(
        record.pk, record.sk, version=record.version + 1, status=job.status, run_by=record.run_by, job=job
    )
    records.put(after, ExportRecord.version == record.version, VersionConflictError(), is_bookkeeping=True)
    return after


def _get_record(store_id: str, job_id: str) -> ExportRecord:
    record = ExportRecord.find(keys.store(store_id), keys.export_job(job_id))
    if record is None:
        raise ExportNotFoundError(Sentence("Export “{id}” not found.", id=job_id))
    return record
