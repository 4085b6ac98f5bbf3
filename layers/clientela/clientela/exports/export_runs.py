"""Runs of export jobs: the file, its manifest, and the state of the job meanwhile.

The manifest is written last, so a file with a manifest is complete: its rows are compared with a
separate count of customers.
"""

import time
from datetime import datetime, timedelta
from functools import partial

from clientela.customers import customer_search
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import StoreNotFoundError, VersionConflictError
from clientela.exports import export_columns, export_completeness, export_files, export_jobs
from clientela.exports.export_completeness import ExportIncompleteError
from clientela.exports.export_jobs import ExportJob, ExportRecord
from clientela.groups import groups
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores import store_existence
from clientela.stores.stores import Store

RUN_LIMIT = timedelta(minutes=15)  # the longest run of a function: a job that is running longer is dead


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
    record = export_jobs.get_record(store.id, job_id)
    if not _is_free(record, now, run_by):
        return record.job
    record.run_by = run_by
    try:
        record = export_jobs.update(record, status="running", started_at=now, finished_at=None, message=None)
    except VersionConflictError:  # another call of the function was first
        return export_jobs.get(store, job_id)
    try:
        summary = _write(store, record.job)
        finished_at = _time_since(now, began)
        _write_manifest(store, record.job, summary, finished_at)
    except StoreNotFoundError:  # the store was deleted: its jobs and files are being deleted
        return record.job
    except Exception as error:
        export_jobs.update(record, status="failed", message=_reason(error), finished_at=_time_since(now, began))
        raise
    names = {
        "file": export_files.file_key(store.id, record.job.created_at),
        "manifest": export_files.manifest_key(store.id, record.job.created_at),
    }
    return export_jobs.update(record, status="succeeded", finished_at=finished_at, **summary._asdict(), **names).job


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
