"""Exports: a store's customers as a CSV file in the exports bucket.

A job is started, run once by the export function, and ends with a manifest. The manifest is written last, so a file
with a manifest is whole: `rows` customers, counted apart from the rows that were written.
"""

import time
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import ids, settings
from clientela.aws import clients
from clientela.customers import customer_search
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import ExportNotFoundError, ExportUnfinishedError, StoreNotFoundError, VersionConflictError
from clientela.exports import export_columns, export_files
from clientela.groups import groups
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table import keys, pagination, records
from clientela.table.attributes import DocumentAttribute, load
from clientela.table.pagination import Page
from clientela.table.records import Record

GIVEN_UP_AFTER = timedelta(minutes=15)  # the longest that a function can run: what still says so then is dead
_EVERYBODY = CustomerFilter()

Status = Literal["queued", "running", "succeeded", "failed"]


class ExportIncompleteError(RuntimeError):
    """The rows written are not the customers counted: the file cannot be trusted. Safe to run again."""


class ExportJob(Model):
    """An export as the merchant sees it. `file` and `manifest` are keys in the exports bucket, set at its end."""

    id: str
    status: Status = "queued"
    filter: CustomerFilter = _EVERYBODY
    rows: int | None = None
    size: int | None = None
    sha256: str | None = None
    file: str | None = None
    manifest: str | None = None
    message: str | None = None
    created_at: Timestamp
    started_at: Timestamp | None = None
    finished_at: Timestamp | None = None


class Manifest(Model):
    """What lies beside an export's file."""

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
    """`STORE#demo` / `EXPORT#exp_01K…`. The version lets one run at a time have the job; `run_by` names that run."""

    version = NumberAttribute(default=1)
    status = UnicodeAttribute()
    run_by = UnicodeAttribute(null=True)
    job = DocumentAttribute(ExportJob)


def start(store: Store, now: datetime, wanted: CustomerFilter = _EVERYBODY) -> ExportJob:
    """Start an export of the customers that pass the filter: it runs in the export function. 1 write unit."""
    return _start(store, ExportJob(id=ids.new("exp", now), filter=wanted, created_at=now))


def start_nightly(now: datetime, schedule: datetime | None = None) -> int:
    """Start the export of every store that wants one each night; how many.

    The same `schedule` (the time the call was planned for) starts one export a store however often the call comes.
    Stores that fail keep no other from its export: an ExceptionGroup of what stopped them is raised at the end.
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
    """Write a job's file and manifest. A job that has succeeded, or that runs elsewhere, is left as it is.

    A job that failed is run again: the service that calls the function repeats what failed. So is one that was broken
    off without a word, as soon as the same call, by its `run_by`, comes again, and after 15 minutes for everybody.
    ExportNotFoundError; ExportIncompleteError, and whatever else stops it, after the job says that it failed. Half a
    read unit per 4 KB of each customer and of the directory's index, which is read two or three times.
    """
    began = time.monotonic()
    record = _record(store.id, job_id)
    if not _is_free(record, now, run_by):
        return record.job
    record.run_by = run_by
    try:
        record = _changed(record, status="running", started_at=now, finished_at=None, message=None)
    except VersionConflictError:  # another call of the function was first
        return get(store, job_id)
    try:
        written = _write(store, record.job)
        finished = {"finished_at": _since(now, began)}
        _write_manifest(store, record.job, written, finished["finished_at"])
    except Exception as error:
        _changed(record, status="failed", message=_reason(error), finished_at=_since(now, began))
        raise
    names = {"file": _file(store, record.job), "manifest": _manifest(store, record.job)}
    return _changed(record, status="succeeded", **written._asdict(), **names, **finished).job


def get(store: Store, job_id: str) -> ExportJob:
    """The job as it is now. ExportNotFoundError. 1 read unit."""
    return _record(store.id, job_id).job


def list_all(store: Store, limit: int = 50, cursor: str | None = None) -> Page[ExportJob]:
    """One page of the store's jobs, newest first. InvalidInputError for a strange cursor. Half a read unit per 4 KB."""
    found = pagination.newest_first(keys.store(store.id), keys.EXPORT_PREFIX, limit, cursor)
    return Page([load(ExportJob, item["job"]) for item in found.items], found.next_cursor)


def download_url(store: Store, job_id: str) -> str:
    """A URL of the file, good for five minutes. ExportNotFoundError, ExportUnfinishedError."""
    job = get(store, job_id)
    if job.file is None:
        raise ExportUnfinishedError(f"The export is {job.status}.")
    return export_files.url(job.file)


def _start_night(store_id: str, now: datetime, schedule: datetime | None) -> bool:
    try:
        store = stores.get(store_id)
    except StoreNotFoundError:  # deleted since it was listed
        return False
    if store.nightly_export:
        job_id = ids.derived("exp", schedule, store.id, "schedule") if schedule else ids.new("exp", now)
        _start(store, ExportJob(id=job_id, created_at=schedule or now))
    return store.nightly_export


def _start(store: Store, job: ExportJob) -> ExportJob:
    record = ExportRecord(keys.store(store.id), keys.export_job(job.id), version=1, status=job.status, job=job)
    try:
        records.put(record, ExportRecord.pk.does_not_exist(), VersionConflictError())
    except VersionConflictError:  # a repeated schedule: the call before may have died between its two steps
        record = _record(store.id, job.id)
    if record.status in {"queued", "failed"}:
        _call_function(store, record)
    return record.job


def _call_function(store: Store, record: ExportRecord) -> None:
    payload = orjson.dumps({"store_id": store.id, "job_id": record.job.id})
    try:
        clients.lambda_().invoke(FunctionName=settings.export_function(), InvocationType="Event", Payload=payload)
    except Exception:
        _changed(record, status="failed", message="The export function could not be called.")
        raise


def _is_free(record: ExportRecord, now: datetime, run_by: str | None) -> bool:
    if record.status != "running":
        return record.status in {"queued", "failed"}
    started_at = record.job.started_at
    is_repeated = run_by is not None and record.run_by == run_by  # only after the call before has died
    return is_repeated or (started_at is not None and now - started_at > GIVEN_UP_AFTER)


def _reason(error: Exception) -> str:
    """What the merchant may know: the words of other errors may hold anything."""
    return str(error) if isinstance(error, ExportIncompleteError) else f"{type(error).__name__} stopped the export."


def _since(now: datetime, began: float) -> datetime:
    return now + timedelta(milliseconds=int((time.monotonic() - began) * 1000))


def _write(store: Store, job: ExportJob) -> export_files.Written:
    """Write the file, and count: before and after, since customers come and go while it is written."""
    before = customer_search.count(store, job.filter)

    def check(rows: int) -> None:
        if rows != before:
            least, most = sorted((before, customer_search.count(store, job.filter)))
            if not least <= rows <= most:
                raise ExportIncompleteError(f"{rows} rows were written of {least} to {most} customers counted.")

    codes = {group.id: group.code for group in groups.list_all(store)}
    return export_files.write(_file(store, job), customer_search.all_profiles(store, job.filter), codes, check)


def _write_manifest(store: Store, job: ExportJob, written: export_files.Written, finished: datetime) -> None:
    manifest = Manifest(
        export=job.id,
        file=_file(store, job),
        columns=list(export_columns.COLUMNS),
        filter=job.filter,
        started=job.started_at or job.created_at,
        finished=finished,
        **written._asdict(),
    )
    export_files.write_manifest(_manifest(store, job), manifest)


def _file(store: Store, job: ExportJob) -> str:
    """`demo/customers-20261121T030000.000Z.csv`: the same however often the job is run."""
    moment = job.created_at
    return f"{store.id}/customers-{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03}Z.csv"


def _manifest(store: Store, job: ExportJob) -> str:
    return _file(store, job).removesuffix(".csv") + ".manifest.json"


def _changed(record: ExportRecord, **changes: Any) -> ExportRecord:
    """Write the job changed, if nobody else did since it was read. VersionConflictError. 1 write unit."""
    job = record.job.model_copy(update=changes)
    after = ExportRecord(
        record.pk, record.sk, version=record.version + 1, status=job.status, run_by=record.run_by, job=job
    )
    records.put(after, ExportRecord.version == record.version, VersionConflictError())
    return after


def _record(store_id: str, job_id: str) -> ExportRecord:
    found = ExportRecord.find(keys.store(store_id), keys.export_job(job_id))
    if found is None:
        raise ExportNotFoundError(f"There is no export {job_id!r}.")
    return found
