"""The first step of an import: register a job for a new file, plan it and start it.

Events may arrive twice, and a function may die between any two calls. A repetition produces the
same job, the same plan and the same execution, which is named by the job's id.
"""

import re
from contextlib import suppress
from datetime import datetime

from clientela import ids
from clientela.csv import csv_files
from clientela.csv.file_texts import FileRefusedError
from clientela.errors import StoreNotFoundError
from clientela.imports import (
    import_files,
    import_finish,
    import_jobs,
    import_marks,
    import_options,
    import_reading,
    import_start,
)
from clientela.imports.detected_format import DetectedFormat
from clientela.imports.file_versions import VersionOrder
from clientela.imports.import_files import UploadedFile
from clientela.imports.import_jobs import ImportJob, ImportRecord
from clientela.stores import store_existence, stores
from clientela.stores.stores import Store

_FOLDER = re.compile(r"[A-Za-z0-9-]{1,50}")  # may be the id of a store, in any case


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
    requested = import_files.job_of_upload(key)
    with suppress(StoreNotFoundError):  # deleted meanwhile
        if requested:
            return import_reading.receive(store, requested, file, now)
        return _import(store, file, VersionOrder.of(file, sequencer), now)
    return None


def _import(store: Store, file: UploadedFile, order: VersionOrder, now: datetime) -> str:
    job = _build_job(store, file, now)
    record = import_jobs.register(store, job, file.source)
    if record.status in ("received", "planned"):
        record = _start(store, record, file, order, now)
    elif record.status == "running":  # the first event may have died before it started the machine
        import_start.execute(store.id, record)
    # Also for a repeated event: the first may have died before.
    if import_reading.FILE_DELETED.text(record.job.language) in record.job.notes:
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
        import_reading.require_importable(store, file)
        options = import_options.parse(file.options)
        layout = csv_files.inspect(
            lambda: import_files.open_file(file.source),
            options.encoding,
            options.delimiter,
            store.country,
            options.date_order,
        )
    except FileRefusedError as error:
        return import_reading.refuse(record, file.source, error.note, now)
    layout = import_reading.with_store(layout, store)
    job_options = {"mode": options.mode, "dry_run": options.dry_run, "send_welcome": options.send_welcome}
    record.job = record.job.model_copy(update=job_options)
    store_existence.require(store.id)  # reading a large file takes minutes
    import_files.write_plan(store.id, record.job.id, layout.chunks)
    import_files.write_repeats(record.job.id, layout.repeats)
    record = import_marks.mark_planned(record, layout)
    if import_jobs.has_ended(record):  # cancelled meanwhile
        if DetectedFormat.of(layout).has_passwords:
            import_files.delete(file.source)
        return record
    if not layout.chunks:
        import_finish.finish(store.id, record.job.id, now)
        return record
    return import_start.start_newest(store.id, record, order, now)
