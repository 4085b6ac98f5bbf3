"""The first step of an import: register a job for a new file, plan it and start it.

Events may arrive twice, and a function may die between any two calls. A repetition produces the
same job, the same plan and the same execution, which is named by the job's id.
"""

import math
import re
from contextlib import suppress
from datetime import datetime
from pathlib import PurePosixPath

from clientela import ids, settings
from clientela.csv import csv_files
from clientela.csv.csv_files import FileLayout
from clientela.csv.file_texts import FileNote, FileRefusedError
from clientela.errors import StoreNotFoundError
from clientela.imports import import_files, import_finish, import_jobs, import_options, import_start
from clientela.imports.file_versions import VersionOrder
from clientela.imports.import_files import UploadedFile
from clientela.imports.import_jobs import Counts, ImportJob, ImportRecord
from clientela.stores import store_existence, stores
from clientela.stores.stores import Store

_FOLDER = re.compile(r"[A-Za-z0-9-]{1,50}")  # may be the id of a store, in any case
_FILE_DELETED = FileNote("file_deleted")
# By the ending of the name: why a file is not imported.
_WRONG_ENDINGS = {
    **dict.fromkeys((".xlsx", ".xls", ".xlsm", ".numbers"), "kind_excel"),
    **dict.fromkeys((".gz", ".bz2", ".xz", ".zst", ".7z", ".rar"), "wrong_ending_compressed"),
    ".ods": "kind_open_document",
    ".zip": "kind_zip",
    ".pdf": "kind_pdf",
    ".html": "kind_html",
    ".json": "kind_json",
}


def receive(bucket: str, key: str, version_id: str | None, now: datetime, sequencer: str = "") -> str | None:
    """Start the import of a new file `<store id>/<name>.csv` and return the job's id.

    A file with another ending, or in a folder that is the store's in upper case, ends its job as
    failed, so that the merchant sees why nothing is imported.

    `sequencer` is S3's order of the versions of a file. If a newer version is known, the job ends
    as failed.

    None means that there is nothing to import: the store does not exist or the file is deleted. Do
    not repeat such an event. A refused file ends its job as failed; it is deleted if it has a
    column of passwords.
    """
    store = _store(key)
    file = import_files.find(bucket, key, version_id) if store else None
    if store is None or file is None:
        return None
    with suppress(StoreNotFoundError):  # deleted meanwhile
        return _import(store, file, VersionOrder.of(file, sequencer), now)
    return None


def _import(store: Store, file: UploadedFile, order: VersionOrder, now: datetime) -> str:
    job = _build_job(store, file, now)
    record = import_jobs.register(store, job, file.source)
    if record.status in ("received", "planned"):
        record = _start(store, record, file, order, now)
    # Also for a repeated event: the first may have died before.
    if _FILE_DELETED.text(record.job.language) in record.job.notes:
        import_files.delete(file.source)
    return job.id


def shown_folder(key: str) -> str:
    """Return the folder of a key for a log line; empty for one that may be personal data."""
    folder, slash, _ = key.partition("/")
    return folder if slash and _FOLDER.fullmatch(folder) else ""


def job_id(file: UploadedFile) -> str:
    """Return the job's id of one version of a file.

    It is the same for every event, and the uploader can compute it.
    """
    source = file.source
    return ids.derived("imp", file.modified_at, source.bucket, source.key, source.version_id or source.etag)


def _store(key: str) -> Store | None:
    store_id, slash, name = key.partition("/")
    if not slash or not name or name.endswith("/"):
        return None
    try:
        return stores.get(store_id.lower())
    except StoreNotFoundError:
        return None


def _build_job(store: Store, file: UploadedFile, now: datetime) -> ImportJob:
    name = file.source.key.partition("/")[2]
    return ImportJob(id=job_id(file), status="received", file=name, started_at=now, language=store.language)


def _start(store: Store, record: ImportRecord, file: UploadedFile, order: VersionOrder, now: datetime) -> ImportRecord:
    """Plan the job and start its state machine; return the stored record."""
    try:
        _require_importable(store, file)
        options = import_options.parse(file.options)
        layout = csv_files.inspect(
            lambda: import_files.open_file(file.source),
            options.encoding,
            options.delimiter,
            store.country,
            options.date_order,
        )
    except FileRefusedError as error:
        return _refuse(record, file, error.note, now)
    layout = _with_store(layout, store)
    job_options = {"mode": options.mode, "dry_run": options.dry_run, "send_welcome": options.send_welcome}
    record.job = record.job.model_copy(update=job_options)
    store_existence.require(store.id)  # reading a large file takes minutes
    import_files.write_plan(store.id, record.job.id, layout.chunks)
    import_files.write_repeats(record.job.id, layout.repeats)
    record = import_jobs.mark_planned(record, layout)
    if not layout.chunks:
        import_finish.finish(store.id, record.job.id, now)
        return record
    return import_start.start_newest(store.id, record, order, now)


def _with_store(layout: FileLayout, store: Store) -> FileLayout:
    """Return the layout with the note on passwords that is right for the store."""
    if store.password_sign_in:
        return layout
    notes = [FileNote("passwords_off") if note.code == "passwords" else note for note in layout.notes]
    return layout._replace(notes=notes)


def _require_importable(store: Store, file: UploadedFile) -> None:
    """Refuse a file by its folder, the ending of its name, or its size."""
    folder, _, name = file.source.key.partition("/")
    ending = PurePosixPath(name).suffix.lower()
    if folder != store.id:
        raise FileRefusedError("folder_case", folder=store.id)
    if ending != ".csv":
        raise FileRefusedError(_WRONG_ENDINGS.get(ending, "wrong_ending"))
    limit = settings.max_import_megabytes()
    if file.size > limit * 1_000_000:
        raise FileRefusedError("too_large", size=f"{math.ceil(file.size / 1_000_000):,}", limit=f"{limit:,}")


def _refuse(record: ImportRecord, file: UploadedFile, reason: FileNote, now: datetime) -> ImportRecord:
    if csv_files.may_have_passwords(lambda: import_files.open_file(file.source)):
        record.job = record.job.model_copy(update={"notes": [_FILE_DELETED.text(record.job.language)]})
    return import_jobs.end(record, "failed", Counts(), now, reason)
