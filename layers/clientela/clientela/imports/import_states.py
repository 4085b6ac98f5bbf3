"""Imports over the API: request, upload, plan, change, start and cancel.

Each step is one conditional write with its entry of the audit trail; what runs after it (a
function, the state machine) is started after the write and may be started twice. So two requests at
the same time have one winner, and the same request again continues what a dead process has begun.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela import ids, settings
from clientela.aws import clients
from clientela.concurrency import retry_on_conflict
from clientela.errors import FieldError, ImportStateError, InvalidInputError, PlanOutdatedError
from clientela.imports import import_choices, import_files, import_jobs, import_start, import_uploads
from clientela.imports.import_choices import ImportChanges, NewImport
from clientela.imports.import_files import Source
from clientela.imports.import_jobs import ImportJob, ImportRecord, StateChangedError
from clientela.imports.import_uploads import RequestedImport
from clientela.schema.actors import Actor, FieldChange
from clientela.sentences import Sentence
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import job_keys, keys
from clientela.table.transactions import Transaction

_FORGOTTEN_AFTER = timedelta(days=2)  # a job whose file never came


def request(
    store: Store,
    new: NewImport,
    now: datetime,
    by: Actor,
    *,
    like: ImportJob | None = None,
    start_for: Actor | None = None,
) -> RequestedImport:
    """Create a job that waits for its file, with the signed upload.

    `like` is an import whose rejected rows the file has. `start_for`: who wants the plan to start
    as soon as it is made.

    Raises:
        InvalidInputError: the file is too large.

    Cost: 4 write units.
    """
    _require_size(new.size)
    job_id = ids.new("imp", now)
    key = import_files.upload_key(store.id, job_id, new.file_name)
    started = import_uploads.start(key, new.size, now)
    job = ImportJob(
        id=job_id,
        status="awaiting_file",
        file=new.file_name,
        started_at=now,
        language=store.language,
        upload_until=started.upload.expires_at,
        retry_of=like.id if like else None,
        mapping=like.mapping if like else {},
    )
    record = ImportRecord(
        keys.store(store.id),
        job_keys.import_job(job_id),
        status="awaiting_file",
        job=import_choices.choose(job, new.options),
        source=Source(bucket=settings.imports_bucket(), key=key, etag=""),
        size=new.size,
        upload_id=started.upload_id,
        start_for=start_for,
        ttl=int((now + _FORGOTTEN_AFTER).timestamp()),
    )
    with Transaction() as write:
        write.put_record(record, ImportRecord.pk.does_not_exist())
        audit_trail.add(write, store, by, now, "import.requested", job_id)
    return RequestedImport(job=record.as_job(), upload=started.upload)


def complete(store: Store, job_id: str) -> ImportJob:
    """Join the parts of an uploaded file. The import reads it at once. Safe to repeat.

    Raises:
        ImportNotFoundError: there is no such import.
        UploadIncompleteError: a part is missing, or came too late.

    Cost: 1 read unit.
    """
    record = import_jobs.get_record(store.id, job_id)
    if record.status == "awaiting_file" and record.upload_id:
        import_uploads.complete(record.source.key, record.upload_id, int(record.size))
    return record.as_job()


def file_arrived(record: ImportRecord, source: Source, now: datetime) -> ImportRecord:
    """Let a job that waits read its file. The first uploaded version counts.

    Return the stored record. Cost: 1 write unit per KB.
    """
    record.job = record.job.model_copy(update={"upload_until": None, "started_at": now})
    actions = [
        ImportRecord.source.set(source),
        ImportRecord.plan.set(1),
        ImportRecord.ttl.remove(),
        ImportRecord.upload_id.remove(),
    ]
    record = import_jobs.set_status(record, "reading", ImportRecord.status == "awaiting_file", actions)
    return import_jobs.get_record(keys.store_of(record.pk), record.job.id)


def change(store: Store, job_id: str, changes: ImportChanges, now: datetime, by: Actor) -> ImportJob:
    """Plan an import anew with other columns or options. The old plan is void at once.

    The same request again, while the file is read, asks for the reading again.

    Raises:
        ImportNotFoundError: there is no such import.
        ImportStateError: the import does not wait for the start of its plan.
        InvalidInputError: the columns cannot be mapped so.

    Cost: 1 read unit, and 4 write units per KB.
    """

    def attempt() -> None:
        before = import_jobs.get_record(store.id, job_id)
        changed = import_choices.change(before.job, changes)
        if before.status == "reading" and changed == before.job:
            return
        _require_waiting(before)
        actions: list[Action] = [
            ImportRecord.status.set("reading"),
            ImportRecord.plan.set(int(before.plan) + 1),
            ImportRecord.planned_rows.set(0),
            ImportRecord.job.set(changed.model_copy(update={"start_until": None})),
        ]
        _write(store, before, actions, "import.changed", now, by, audit_trail.differences(before.job, changed))

    retry_on_conflict(attempt, (StateChangedError,))
    read_file(store.id, job_id)
    return import_jobs.get(store, job_id)


def start(store: Store, job_id: str, now: datetime, by: Actor, plan: int | None = None) -> ImportJob:
    """Load what the plan says. Repeated, it returns the same import.

    `plan` is the number of the plan that the caller has seen.

    Raises:
        ImportNotFoundError: there is no such import.
        ImportStateError: the import has no plan yet, starts by itself, or has ended.
        PlanOutdatedError: the plan is another one, too old, or that of a file uploaded again since.

    Cost: 1 read unit, and 4 write units per KB.
    """

    def attempt() -> ImportRecord:
        record = import_jobs.get_record(store.id, job_id)
        if record.status == "running":
            return record
        _require_waiting(record)
        _require_current(record, now, plan)
        record.job = record.job.model_copy(update={"running_since": now, "start_until": None})
        actions: list[Action] = [ImportRecord.status.set("running"), ImportRecord.job.set(record.job)]
        _write(store, record, actions, "import.started", now, by)
        return record

    import_start.execute(store.id, retry_on_conflict(attempt, (StateChangedError,)))
    return import_jobs.get(store, job_id)


def cancel(store: Store, job_id: str, now: datetime, by: Actor) -> ImportJob:
    """Stop an import. What is loaded stays, is counted and can be undone.

    An import that loads rows ends when its running chunks do. Repeated, it returns the same import.

    Raises:
        ImportNotFoundError: there is no such import.
        ImportStateError: the import has ended.

    Cost: 1 read unit, and 4 write units per KB.
    """

    def attempt() -> ImportRecord:
        record = import_jobs.get_record(store.id, job_id)
        if record.status == "cancelled" or record.cancelled:
            return record
        if import_jobs.has_ended(record):
            raise ImportStateError("The import has ended.")
        actions: list[Action] = [ImportRecord.cancelled.set(True)]
        if record.status != "running":  # nothing loads rows yet, nor will
            ended = record.job.model_copy(update={"finished_at": now, "upload_until": None, "start_until": None})
            actions += [ImportRecord.status.set("cancelled"), ImportRecord.job.set(ended), ImportRecord.ttl.remove()]
        _write(store, record, actions, "import.cancelled", now, by)
        return import_jobs.get_record(store.id, job_id)

    record = retry_on_conflict(attempt, (StateChangedError,))
    if record.status == "running" and not import_start.is_running(store.id, job_id):
        import_start.execute(store.id, record, import_start.ENDING)  # nothing is left that could end it
    if record.status == "cancelled" and record.plan and not record.job.running_since:
        import_files.delete(record.source)  # nothing reads the file any more
    return import_jobs.get(store, job_id)


def read_file(store_id: str, job_id: str) -> None:
    """Call the function that reads the file of a job and plans it."""
    payload = orjson.dumps({"store_id": store_id, "job_id": job_id})
    clients.lambda_().invoke(FunctionName=settings.import_function(), InvocationType="Event", Payload=payload)


def _require_size(size: int) -> None:
    limit = settings.max_import_megabytes()
    if size > limit * 1_000_000:
        message = Sentence("Use at most {megabytes} MB.", megabytes=limit)
        raise InvalidInputError("The file is too large.", fields=[FieldError("/size", message)])


def _require_waiting(record: ImportRecord) -> None:
    if import_jobs.has_ended(record):
        raise ImportStateError("The import has ended.")
    if not record.waits_for_start:
        raise ImportStateError("This import starts by itself.")
    if record.status != "planned":
        raise ImportStateError("The import has no plan yet, or is running.")


def _require_current(record: ImportRecord, now: datetime, plan: int | None) -> None:
    if plan not in (None, int(record.plan)):
        raise PlanOutdatedError(Sentence("The import has been planned anew: see plan {plan}.", plan=int(record.plan)))
    if record.job.start_until is None or now > record.job.start_until:
        raise PlanOutdatedError("The plan is too old: upload the file again.")
    if not import_files.is_current(record.source):
        raise PlanOutdatedError("Another file was uploaded to the same address since: request a new import.")


def _write(
    store: Store,
    before: ImportRecord,
    actions: list[Action],
    act: audit_trail.Action,
    now: datetime,
    by: Actor,
    changes: Sequence[FieldChange] = (),
) -> None:
    """Change a job in one transaction with its audit entry.

    Raises:
        StateChangedError: the job is not as it was read.
    """
    is_same: Condition = (ImportRecord.status == before.status) & (ImportRecord.plan == int(before.plan))
    is_same &= ImportRecord.cancelled == bool(before.cancelled)
    with Transaction() as write:
        write.update(before, actions, is_same, StateChangedError())
        audit_trail.add(write, store, by, now, act, before.job.id, changes)
