"""Import jobs: one for each version of a CSV file that was dropped into the bucket."""

from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela.csv.csv_columns import Columns
from clientela.csv.csv_files import FileLayout
from clientela.errors import ImportNotFoundError
from clientela.imports import import_files
from clientela.imports.import_files import Report, Source
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores.stores import Store
from clientela.table import keys, pagination, records
from clientela.table.attributes import DocumentAttribute
from clientela.table.pagination import Page
from clientela.table.records import Record

# `cancelled` is part of the API's contract; nothing cancels an import yet.
Status = Literal["received", "planned", "running", "succeeded", "failed", "cancelled"]
Mode = Literal["upsert", "create", "update"]
MODES: tuple[Mode, ...] = get_args(Mode)

_ENDED = ("succeeded", "failed", "cancelled")


class CsvColumn(Model):
    """A column of the file, and the customer's field that it was taken for: none where it is not known and left out."""

    header: str
    field: str | None = None


class DetectedFormat(Model):
    """What the file was found to be: the import reads it so to its end."""

    encoding: str
    delimiter: Annotated[str, StringConstraints(strip_whitespace=False)]  # a tab is one
    columns: list[CsvColumn]
    language: str

    def as_columns(self) -> Columns:
        """The columns as rows are read with."""
        headers, fields = (column.header for column in self.columns), (column.field for column in self.columns)
        return Columns(tuple(headers), tuple(fields), self.language)


class Counts(Model):
    """What became of rows: each is one of created, updated, unchanged and rejected. Warnings are beside that."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    warnings: int = 0

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.rejected


class ImportJob(Counts):
    """An import as the merchant sees it. `message` says why it failed, `notes` what else to know of it."""

    id: str
    status: Status
    file: str
    mode: Mode = "upsert"
    dry_run: bool = False
    send_welcome: bool = False
    detected: DetectedFormat | None = None
    rows_total: int | None = None
    rows_done: int = 0
    message: str | None = None
    notes: list[str] = Field(default_factory=list)
    started_at: Timestamp
    finished_at: Timestamp | None = None


class ImportRecord(Record):
    """`STORE#demo` / `IMPORT#imp_01K…`. The counters stand apart from the document: chunks add to them in parallel."""

    status = UnicodeAttribute()
    chunks = NumberAttribute(default=0)
    created = NumberAttribute(default=0)
    updated = NumberAttribute(default=0)
    unchanged = NumberAttribute(default=0)
    rejected = NumberAttribute(default=0)
    warnings = NumberAttribute(default=0)
    source = DocumentAttribute(Source)
    job = DocumentAttribute(ImportJob)

    def as_job(self) -> ImportJob:
        """The job with its status and counters as they are now."""
        counts = Counts(**{name: int(getattr(self, name)) for name in Counts.model_fields})
        return self.job.model_copy(update={**counts.model_dump(), "rows_done": counts.rows, "status": self.status})


def get(store: Store, job_id: str) -> ImportJob:
    """The job as it is now. ImportNotFoundError. 1 read unit per 4 KB."""
    return record(store.id, job_id).as_job()


def list_all(store: Store, limit: int = 50, cursor: str | None = None) -> Page[ImportJob]:
    """One page of the store's jobs, newest first. InvalidInputError for a strange cursor. Half a read unit per 4 KB."""
    found = pagination.newest_first(keys.store(store.id), keys.IMPORT_PREFIX, limit, cursor)
    return Page([ImportRecord.from_raw_data(item).as_job() for item in found.items], found.next_cursor)


def report_url(store: Store, job_id: str, report: Report) -> str:
    """A URL, good for five minutes, of the report's CSV file: `rejects` or `warnings`.

    ImportNotFoundError, also while the job has not ended, and where its file was refused.
    """
    job = get(store, job_id)
    if job.status not in _ENDED:
        raise ImportNotFoundError("The report is there when the import has ended.")
    if job.detected is None:
        raise ImportNotFoundError("The file could not be read, so there is no report: the import's message says why.")
    return import_files.report_url(job_id, report)


def record(store_id: str, job_id: str) -> ImportRecord:
    """The job's record, read consistently. ImportNotFoundError. 1 read unit per 4 KB."""
    found = ImportRecord.find(keys.store(store_id), keys.import_job(job_id))
    if found is None:
        raise ImportNotFoundError(f"There is no import {job_id!r}.")
    return found


def register(store: Store, job: ImportJob, source: Source) -> ImportRecord:
    """Put the job of a new file, or find the one that an earlier event of the same version has put. 1 write unit."""
    new = ImportRecord(keys.store(store.id), keys.import_job(job.id), status=job.status, job=job, source=source)
    try:
        records.put(new, ImportRecord.pk.does_not_exist(), _Known())
    except _Known:
        return record(store.id, job.id)
    return new


def planned(known: ImportRecord, survey: FileLayout, notes: list[str]) -> None:
    """Note what was found in the file. Nothing happens where the job has gone on already. 1 write unit per KB."""
    columns = [
        CsvColumn(header=header, field=field)
        for header, field in zip(survey.columns.headers, survey.columns.fields, strict=True)
    ]
    detected = DetectedFormat(
        encoding=survey.encoding, delimiter=survey.delimiter, columns=columns, language=survey.columns.language
    )
    known.job = known.job.model_copy(update={"detected": detected, "rows_total": survey.rows, "notes": notes})
    known.chunks = len(survey.chunks)
    _move(known, "planned", ImportRecord.status.is_in("received", "planned"))


def running(known: ImportRecord) -> None:
    """Note that the state machine works on the job. Nothing happens where it has ended already. 1 write unit per KB."""
    _move(known, "running", ImportRecord.status == "planned")


def end(known: ImportRecord, status: Status, counts: Counts, now: datetime, message: str | None = None) -> None:
    """Note the job's end, once: with the counts as the results of all chunks give them. 1 write unit per KB."""
    known.job = known.job.model_copy(update={"rows_total": counts.rows, "message": message, "finished_at": now})
    for name in Counts.model_fields:
        setattr(known, name, getattr(counts, name))
    _move(known, status, ~ImportRecord.status.is_in(*_ENDED))


def has_ended(known: ImportRecord) -> bool:
    """Whether nothing more will happen to the job."""
    return known.status in _ENDED


class _Known(Exception):  # noqa: N818 - no error: the job is there
    pass


def _move(known: ImportRecord, status: Status, condition: Condition) -> None:
    actions: list[Action] = [
        ImportRecord.status.set(status),
        ImportRecord.job.set(known.job),
        ImportRecord.chunks.set(known.chunks),
    ]
    if status in _ENDED:
        actions += [getattr(ImportRecord, name).set(getattr(known, name)) for name in Counts.model_fields]
    try:
        records.update(known, actions, condition, _Known())
    except _Known:
        stored = ImportRecord.find(known.pk, known.sk)
        if stored:
            known.attribute_values = stored.attribute_values
