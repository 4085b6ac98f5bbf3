"""Start the state machine of a planned import, unless another version of its file is imported.

One file has one running import. A newer version stops the older one's import and starts when that
has stopped: otherwise, a chunk of the older version could write after the newer one.
"""

from contextlib import suppress
from datetime import datetime

import orjson

from clientela import settings
from clientela.aws import clients
from clientela.concurrency import retry_on_conflict
from clientela.csv.file_texts import FileNote
from clientela.errors import BusyError
from clientela.imports import file_versions, import_files, import_jobs, import_marks
from clientela.imports.file_versions import VersionOrder
from clientela.imports.import_jobs import Counts, ImportRecord

REPLACED = FileNote("replaced")

# What an execution of the state machine does with each chunk.
LOADING = "load"
PLANNING = "plan"  # followed by the number of the plan, such as `plan-2`
UNDOING = "undo"  # followed by the number of the attempt
ENDING = "end"  # nothing: an import whose execution is gone is ended


def start_newest(store_id: str, record: ImportRecord, order: VersionOrder, now: datetime) -> ImportRecord:
    """Start a planned job if its file is the newest version; end it as failed if it is not.

    If the import of an older version is running, that one stops, and its end starts this job. A dry
    run changes nothing, so it starts at once. Return the stored record.

    Cost: 2 read units and 3 write units.
    """
    if record.job.dry_run:
        return _run(store_id, record, now)
    if retry_on_conflict(lambda: _claim(store_id, record, order, now)):
        return _start_if_free(store_id, record, now)
    return import_jobs.end(record, "failed", Counts(), now, REPLACED)


def start_next(store_id: str, ended: ImportRecord, now: datetime) -> None:
    """Start the job that waited for the end of an older version's job. Safe to repeat.

    Cost: 1 read unit and 1 write unit; 3 and 3 if a job was waiting.
    """
    versions = file_versions.find(store_id, ended.source.key)
    if versions is None:
        return
    file_versions.release(versions, ended.job.id)
    # Read again: a job that found the file occupied before the release has made itself the newest.
    versions = file_versions.find(store_id, ended.source.key)
    if versions and versions.newest_job != ended.job.id:
        newest = import_jobs.get_record(store_id, versions.newest_job)
        if newest.status == "planned":
            _start_if_free(store_id, newest, now)
        elif newest.status == "running":  # an earlier call may have died before it started the machine
            execute(store_id, newest)


def _claim(store_id: str, record: ImportRecord, order: VersionOrder, now: datetime) -> bool:
    """Make the job that of the newest version and stop the older jobs.

    Return False if a newer version is known — BusyError if another version came meanwhile.
    """
    versions = file_versions.find(store_id, record.source.key)
    if versions and versions.newest_job == record.job.id:
        return True
    if versions:
        is_newer = order.is_newer_than(versions.order)
        if not (import_files.is_current(record.source) if is_newer is None else is_newer):
            return False
        for job_id in {versions.newest_job, versions.running_job} - {None, record.job.id}:
            _stop(store_id, str(job_id), is_running=job_id == versions.running_job, now=now)
    if not file_versions.claim(versions, store_id, record.source.key, record.job.id, order, now):
        raise BusyError
    return True


def _stop(store_id: str, job_id: str, *, is_running: bool, now: datetime) -> None:
    older = import_jobs.get_record(store_id, job_id)
    if is_running:
        import_marks.mark_replaced(older)
    else:
        import_jobs.end(older, "failed", Counts(), now, REPLACED)


def _start_if_free(store_id: str, record: ImportRecord, now: datetime) -> ImportRecord:
    versions = file_versions.find(store_id, record.source.key)
    if versions is None or versions.newest_job != record.job.id:
        return import_jobs.end(record, "failed", Counts(), now, REPLACED)
    holder = versions.running_job
    is_held = holder not in (None, record.job.id) and is_running(store_id, str(holder))
    if not is_held and file_versions.acquire(versions, record.job.id, holder):
        return _run(store_id, record, now)
    return record  # the end of the running job starts this one


def is_running(store_id: str, job_id: str) -> bool:
    """Return whether a job may still write rows: not if it ended, or its execution was stopped."""
    if import_jobs.has_ended(import_jobs.get_record(store_id, job_id)):
        return False
    machines = clients.step_functions()
    machine = settings.import_state_machine()
    execution = f"{machine.replace(':stateMachine:', ':execution:')}:{job_id}"
    try:
        return machines.describe_execution(executionArn=execution)["status"] == "RUNNING"
    except machines.exceptions.ExecutionDoesNotExist:
        return False  # if it starts later, its chunks see that the job is replaced


def _run(store_id: str, record: ImportRecord, now: datetime) -> ImportRecord:
    """Mark a job as running and start it, unless it was cancelled. Safe to repeat."""
    record = import_marks.mark_running(record, now)
    if not import_jobs.has_ended(record):
        execute(store_id, record)
    return record


def execute(store_id: str, record: ImportRecord, run: str = LOADING) -> None:
    """Start the state machine once for what it has to do. Safe to repeat.

    Step Functions rejects the same name for 90 days.
    """
    job_id = record.job.id
    execution_input = {
        "store_id": store_id,
        "job_id": job_id,
        "bucket": settings.import_jobs_bucket(),
        "plan_key": import_files.plan_key(job_id),
        "passwords": run == LOADING and _stores_passwords(record),
        "run": run,
    }
    machines = clients.step_functions()
    with suppress(machines.exceptions.ExecutionAlreadyExists):  # it has ended already
        machines.start_execution(
            stateMachineArn=settings.import_state_machine(),
            name=job_id if run == LOADING else f"{job_id}-{run}",
            input=orjson.dumps(execution_input).decode(),
        )


def _stores_passwords(record: ImportRecord) -> bool:
    detected = record.job.detected
    return not record.job.dry_run and detected is not None and detected.reads_passwords
