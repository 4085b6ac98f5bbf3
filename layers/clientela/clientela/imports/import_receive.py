"""The first step of an import: a file has arrived, its job is registered, planned and started.

Events may come twice, and a function may die between any two calls: everything here leads to the same job, the same
plan and the same execution again, whose name is the job's id.
"""

from datetime import datetime
from typing import NamedTuple

import orjson

from clientela import ids, settings
from clientela.aws import clients
from clientela.csv import csv_files
from clientela.csv.csv_files import DELIMITERS, FileLayout, FileRefusedError
from clientela.errors import StoreNotFoundError
from clientela.imports import import_files, import_finish, import_jobs
from clientela.imports.import_files import Upload
from clientela.imports.import_jobs import MODES, Counts, ImportJob, ImportRecord, Mode
from clientela.stores import stores
from clientela.stores.stores import Store

_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
_NAMED_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|"}
_FILE_DELETED = "The file was deleted, because it names a column of passwords."
_PASSWORDS_LEFT_OUT = (
    "Clear passwords are left out: their customers sign in by link, or set a password of their own. "
    "Hashes are kept: Argon2id, bcrypt, scrypt, PBKDF2-SHA256."
)


def receive(bucket: str, key: str, version_id: str | None, now: datetime) -> str | None:
    """Take a new file `<store id>/<name>.csv`: the id of its job, or None where it is no import.

    None: a job's own file, a store that does not exist, a file that is gone. Such an event must not be repeated.
    A file that is refused ends its job as failed, and is deleted where it names a column of passwords.
    """
    store = _store(key)
    upload = import_files.find(bucket, key, version_id) if store else None
    if store is None or upload is None:
        return None
    job = _job(upload, now)
    known = import_jobs.register(store, job, upload.source)
    if known.status in ("received", "planned"):
        _start(store, known, upload, now)
    if _FILE_DELETED in known.job.notes:  # by its record, so that a repeated event does what a death has left undone
        import_files.delete(upload.source)
    return job.id


def job_id(upload: Upload) -> str:
    """The id of the job of one version of a file: the same for every event of it, and for who put the file there."""
    source = upload.source
    return ids.derived("imp", upload.modified_at, source.bucket, source.key, source.version_id or source.etag)


class _Options(NamedTuple):
    """What the merchant asks for by object metadata."""

    mode: Mode = "upsert"
    dry_run: bool = False
    send_welcome: bool = False
    encoding: str | None = None
    delimiter: str | None = None


def _store(key: str) -> Store | None:
    store_id, slash, name = key.partition("/")
    if key.startswith(import_files.PREFIX) or not slash or not name:
        return None
    try:
        return stores.get(store_id)
    except StoreNotFoundError:
        return None


def _job(upload: Upload, now: datetime) -> ImportJob:
    file = upload.source.key.partition("/")[2]
    return ImportJob(id=job_id(upload), status="received", file=file, started_at=now)


def _start(store: Store, known: ImportRecord, upload: Upload, now: datetime) -> None:
    try:
        options = _options(upload.options)
        survey = csv_files.inspect(lambda: import_files.opened(upload.source), options.encoding, options.delimiter)
    except FileRefusedError as error:
        _refuse(known, upload, str(error), now)
        return
    asked = {"mode": options.mode, "dry_run": options.dry_run, "send_welcome": options.send_welcome}
    known.job = known.job.model_copy(update=asked)
    import_files.write_plan(store.id, known.job.id, survey.chunks)
    import_jobs.planned(known, survey, _notes(survey))
    if not survey.chunks:
        import_finish.finish(store.id, known.job.id, now)
        return
    _execute(store.id, known.job.id)
    import_jobs.running(known)


def _refuse(known: ImportRecord, upload: Upload, reason: str, now: datetime) -> None:
    if csv_files.may_hold_passwords(lambda: import_files.opened(upload.source)):
        known.job = known.job.model_copy(update={"notes": [_FILE_DELETED]})
    import_jobs.end(known, "failed", Counts(), now, reason)


def _execute(store_id: str, job_id: str) -> None:
    """Start the state machine, once: Step Functions knows a name and its input for 90 days."""
    work = {
        "store_id": store_id,
        "job_id": job_id,
        "bucket": settings.imports_bucket(),
        "plan_key": import_files.plan_key(job_id),
    }
    machines = clients.step_functions()
    try:
        machines.start_execution(
            stateMachineArn=settings.import_state_machine(), name=job_id, input=orjson.dumps(work).decode()
        )
    except machines.exceptions.ExecutionAlreadyExists:
        return  # it has run to its end already


def _notes(survey: FileLayout) -> list[str]:
    return [_PASSWORDS_LEFT_OUT] if "password" in survey.columns.fields else []


def _options(metadata: dict[str, str]) -> _Options:
    """FileRefusedError for a word that is not known: nothing may happen that the merchant did not mean."""
    mode = next((mode for mode in MODES if mode == metadata.get("mode", "upsert").lower()), None)
    dry_run, send_welcome = (_flag(metadata, name) for name in ("dry-run", "send-welcome"))
    delimiter = _NAMED_DELIMITERS.get(metadata.get("delimiter", "").lower(), metadata.get("delimiter"))
    if mode is None:
        raise FileRefusedError(f"The mode {metadata['mode']!r} is not known: use one of {', '.join(MODES)}.")
    if delimiter and delimiter not in DELIMITERS:
        raise FileRefusedError(f"The delimiter {delimiter!r} is not known: use one of , ; | tab.")
    return _Options(mode, dry_run, send_welcome, metadata.get("encoding"), delimiter or None)


def _flag(metadata: dict[str, str], name: str) -> bool:
    word = metadata.get(name, "false").lower()
    if word not in _YES + _NO:
        raise FileRefusedError(f"{name} is {word!r}: use true or false.")
    return word in _YES
