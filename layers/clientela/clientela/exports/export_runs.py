"""Runs of export jobs: in one step, or in parts; and the state of the job meanwhile.

The manifest is written last, so a file with a manifest is complete: its rows are compared with a
separate count of customers.
"""

import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from clientela.customers.directory_walks import KeyRange
from clientela.errors import StoreNotFoundError, VersionConflictError
from clientela.exports import export_content, export_files, export_jobs, export_parts
from clientela.exports.export_completeness import ExportIncompleteError
from clientela.exports.export_content import FilterGroupDeletedError
from clientela.exports.export_jobs import ExportJob, ExportRecord, Status
from clientela.sentences import Sentence, reason_of, translated
from clientela.stores import stores
from clientela.stores.stores import Store

# A job that is running for longer is dead: a function ends after a quarter of an hour. The state
# machine ends every job of its own, unless somebody stops it.
RUN_LIMIT, PARTS_LIMIT = timedelta(minutes=15), timedelta(days=1)


def run(
    store: Store, job_id: str, now: datetime, run_by: str | None = None, next_try_at: datetime | None = None
) -> ExportJob:
    """Write a job's file and manifest, unless the job has succeeded or another call is running it.

    A large export is only started here: the state machine writes its parts, and the job goes on
    running. A job whose run died runs again as soon as the same call (`run_by`) is repeated, or for
    any call after 15 minutes.

    A job that cannot be written is queued again if there is another try at `next_try_at`, else it
    has failed: who waits for it hears of it once, at its end. A failed job may run again, too.

    Raises:
        ExportNotFoundError: the job does not exist.
        FilterGroupDeletedError: the group of the filter is gone.
        ExportIncompleteError: rows and customers differ in number. This and any other error is
            raised after the job is marked.

    Cost: half a read unit per 4 KB of one bucket of the directory index; if it has one part, as
    `export_content.write_rows`.
    """
    began = time.monotonic()
    record = export_jobs.get_record(store.id, job_id)
    if not _is_free(record, now, run_by):
        return record.job
    if record.status == "running" and record.run and not _is_dead(record, now):
        # The earlier call may have died before it started the state machine.
        export_parts.execute(store, record, export_parts.plan(store, record.job))
        return record.job
    record.run_by, record.run = run_by, None
    changes = {"started_at": now, "finished_at": None, "message": None, "next_try_at": None, "parts": None}
    try:
        record = export_jobs.update(record, status="running", **changes)
    except VersionConflictError:  # another call of the function was first
        return export_jobs.get(store, job_id)
    try:
        export_content.require_group(store, record.job)
        parts = export_parts.plan(store, record.job)
        if len(parts) > 1:
            record.run = record.version + 1
            record = export_jobs.update(record, parts=len(parts))
            export_parts.execute(store, record, parts)
            return record.job
        key = export_files.file_key(store.id, record.job.id, record.job.created_at, record.job.what)
        summary = export_content.write_rows(store, record.job, key, parts[0])
        done = export_content.complete(store, record.job, summary, partial(_time_since, now, began))
    except StoreNotFoundError:  # the store was deleted: its jobs and files are being deleted
        return record.job
    except Exception as error:
        is_final = next_try_at is None or isinstance(error, FilterGroupDeletedError)
        changes = {"finished_at": _time_since(now, began)} if is_final else {"next_try_at": next_try_at}
        _stop(store, record, "failed" if is_final else "queued", _reason(type(error).__name__, error), **changes)
        raise
    return export_jobs.update(record, status="succeeded", **done).job


def run_part(store_id: str, job_id: str, run: int, number: int, within: KeyRange, now: datetime) -> None:
    """Write one part of a run, unless the run is over or the store is deleted. Safe to repeat.

    Raises and costs: as `export_parts.write`.
    """
    found = _find_running(store_id, job_id, run)
    if found is None:
        return
    store, record = found
    try:
        export_parts.write(store, record, number, within, now)
    except StoreNotFoundError:
        return


def finish(store_id: str, job_id: str, run: int, parts: int, now: datetime, failed: str | None = None) -> str:
    """Join the parts of a run and write the manifest; or, with `failed`, mark the job as failed.

    `failed` is the name of the error that stopped the state machine. Return the job's status.
    Safe to repeat.

    Raises:
        ExportIncompleteError: a part is missing.

    Cost: 3 read units and 1 write unit, and 1 read unit per 4 KB of the parts' records.
    """
    began = time.monotonic()
    found = _find_running(store_id, job_id, run)
    if found is None:
        export_parts.clean(store_id, job_id, run)
        return "over"
    store, record = found
    status: str
    try:
        if failed is not None:
            status = _stop(store, record, "failed", _reason(failed), finished_at=now).status
        else:
            summary = export_parts.join(store, record, parts)
            done = export_content.complete(store, record.job, summary, partial(_time_since, now, began))
            status = export_jobs.update(record, status="succeeded", **done).job.status
    except StoreNotFoundError:  # deleted meanwhile
        status = "over"
    export_parts.clean(store_id, job_id, run)
    return status


def _find_running(store_id: str, job_id: str, run: int) -> tuple[Store, ExportRecord] | None:
    """Return the store and the job, or None if this is not the job's run any more."""
    try:
        store = stores.read(store_id)
    except StoreNotFoundError:
        return None
    record = export_jobs.get_record(store_id, job_id)
    return (store, record) if record.status == "running" and record.run == run else None


def _stop(store: Store, record: ExportRecord, status: Status, reason: Sentence, **changes: Any) -> ExportJob:
    return export_jobs.update(record, status=status, message=translated(reason, store.language), **changes).job


def _is_free(record: ExportRecord, now: datetime, run_by: str | None) -> bool:
    if record.status != "running":
        return record.status in {"queued", "failed"}
    is_repeated = run_by is not None and record.run_by == run_by  # which happens only after the earlier call died
    return is_repeated or _is_dead(record, now)


def _is_dead(record: ExportRecord, now: datetime) -> bool:
    started_at = record.job.started_at
    return started_at is not None and now - started_at > (PARTS_LIMIT if record.run else RUN_LIMIT)


def _reason(name: str, error: Exception | None = None) -> Sentence:
    """Return a message for the merchant.

    The texts of other errors are left out: they may contain anything.
    """
    if isinstance(error, ExportIncompleteError | FilterGroupDeletedError):
        return reason_of(error)
    if name == ExportIncompleteError.__name__:
        return Sentence("Customers were missing in a part of the file.")
    return Sentence("The export failed: {error}.", error=name)


def _time_since(now: datetime, began: float) -> datetime:
    return now + timedelta(milliseconds=int((time.monotonic() - began) * 1000))
