"""Reading a file for an import: what is refused, and the plan of one that waits for its start.

A function may die between any two calls, and an event may arrive twice: a repetition makes the same
plan and starts the same execution.
"""

import math
from datetime import datetime
from pathlib import PurePosixPath

from clientela import settings
from clientela.csv import csv_files
from clientela.csv.csv_files import FileLayout
from clientela.csv.file_texts import FileNote, FileRefusedError
from clientela.errors import ImportNotFoundError
from clientela.imports import (
    former_plans,
    import_files,
    import_jobs,
    import_marks,
    import_plans,
    import_start,
    import_states,
)
from clientela.imports.import_files import Source, UploadedFile
from clientela.imports.import_jobs import Counts, ImportRecord
from clientela.stores import store_existence, stores
from clientela.stores.stores import Store

FILE_DELETED = FileNote("file_deleted")
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


def receive(store: Store, job_id: str, file: UploadedFile, now: datetime) -> str | None:
    """Read an uploaded file whose job waits for it; return the job's id. Safe to repeat.

    A file that no job waits for any more is deleted, and so is a second one: None.
    """
    try:
        record = import_jobs.get_record(store.id, job_id)
    except ImportNotFoundError:  # forgotten, because the file came days too late
        import_files.delete(file.source)
        return None
    if record.status == "awaiting_file":
        record = import_states.file_arrived(record, file.source, now)
    if record.source != file.source:
        if import_jobs.has_ended(record) and not record.plan:  # cancelled before the file came
            import_files.delete(file.source)
        return None
    try:
        require_importable(store, file)
    except FileRefusedError as error:
        _refuse_upload(record, error.note, now)
        return job_id
    _plan(store, record, now)
    return job_id


def read_again(store_id: str, job_id: str, now: datetime) -> None:
    """Read the file of a job whose columns or options were changed. Safe to repeat.

    The former plan is deleted, even if the job was cancelled meanwhile.
    """
    record = import_jobs.get_record(store_id, job_id)
    former_plans.delete(job_id, int(record.plan) - 1)
    _plan(stores.read(store_id), record, now)


def _plan(store: Store, record: ImportRecord, now: datetime) -> None:
    """Find out the format and the chunks of a file, and start the state machine to plan them."""
    if record.status != "reading":
        return
    job, source = record.job, record.source
    try:
        layout = csv_files.inspect(
            lambda: import_files.open_file(source),
            job.encoding,
            job.delimiter,
            store.country,
            job.date_order,
            job.mapping,
        )
    except FileRefusedError as error:
        _refuse_upload(record, error.note, now)
        return
    layout = with_store(layout, store)
    store_existence.require(store.id)  # reading a large file takes minutes
    import_files.write_plan(store.id, job.id, layout.chunks)
    import_files.write_repeats(job.id, layout.repeats)
    import_plans.write_columns(record, layout)
    record = import_marks.mark_planned(record, layout)
    if record.status == "reading":
        import_start.execute(store.id, record, f"{import_start.PLANNING}-{int(record.plan)}")


def _refuse_upload(record: ImportRecord, reason: FileNote, now: datetime) -> None:
    record = refuse(record, record.source, reason, now)
    if FILE_DELETED.text(record.job.language) in record.job.notes:
        import_files.delete(record.source)


def with_store(layout: FileLayout, store: Store) -> FileLayout:
    """Return the layout with the note on passwords that is right for the store."""
    if store.password_sign_in:
        return layout
    notes = [FileNote("passwords_off") if note.code == "passwords" else note for note in layout.notes]
    return layout._replace(notes=notes)


def require_importable(store: Store, file: UploadedFile) -> None:
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


def refuse(record: ImportRecord, source: Source, reason: FileNote, now: datetime) -> ImportRecord:
    if csv_files.may_have_passwords(lambda: import_files.open_file(source)):
        record.job = record.job.model_copy(update={"notes": [FILE_DELETED.text(record.job.language)]})
    return import_jobs.end(record, "failed", Counts(), now, reason)
