"""Import jobs: one for each version of a CSV file that is uploaded to the bucket."""

from contextlib import suppress
from datetime import datetime
from typing import Literal, get_args

from pydantic import Field
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela.csv.csv_files import FileLayout
from clientela.csv.file_texts import FileNote
from clientela.errors import ImportNotFoundError
from clientela.imports import import_files
from clientela.imports.detected_format import CsvColumn, DetectedFormat
from clientela.imports.import_files import Report, Source
from clientela.schema.actors import OPERATOR, Actor
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.sentences import Sentence
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import keys, pagination, records
from clientela.table.attributes import DocumentAttribute
from clientela.table.pagination import Page
from clientela.table.records import Record
from clientela.table.transactions import Transaction

# `cancelled` is part of the API's contract; nothing cancels an import yet.
Status = Literal["received", "planned", "running", "succeeded", "failed", "cancelled"]
Mode = Literal["upsert", "create", "update"]
MODES: tuple[Mode, ...] = get_args(Mode)

ENDED = ("succeeded", "failed", "cancelled")


class Counts(Model):
    """Numbers of rows by outcome: created, updated, unchanged or rejected.

    Warnings are counted separately.
    """

    created: int = 0
    """The number of rows that created a customer. Example: 40"""
    updated: int = 0
    """The number of rows that changed a customer. Example: 12"""
    unchanged: int = 0
    """The number of rows that changed nothing. Example: 6"""
    rejected: int = 0
    """The number of rejected rows. Example: 1"""
    warnings: int = 0
    """The number of values that were left out of imported rows. Example: 2"""

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.rejected


class ImportJob(Counts):
    """An import as the merchant sees it.

    `message` says why it failed; `notes` are remarks on the file.
    """

    id: str
    """The id of the import. Example: imp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    status: Status
    """The state of the import."""
    file: str
    """The name of the file. Example: customers.csv"""
    mode: Mode = "upsert"
    """Whether rows create customers, update them, or do both."""
    dry_run: bool = False
    """Whether the import only counts what it would do. Example: false"""
    send_welcome: bool = False
    """Whether created customers are invited by mail. Example: false"""
    detected: DetectedFormat | None = None
    """The format of the file; null until it is known."""
    rows_total: int | None = None
    """The number of rows; null until it is known. Example: 59"""
    rows_done: int = 0
    """The number of rows that are done. Example: 59"""
    code: str | None = None
    """The stable code of `message`, such as `no_email_column`. Example: null"""
    message: str | None = None
    """Why the import failed, in the store's language, else null. Example: null"""
    language: str = "en"
    """The language of `message` and `notes`: that of the store. Example: en"""
    notes: list[str] = Field(default_factory=list)
    """Remarks on the file, such as columns that were left out. Example: ["The column Colour was
    left out."]"""
    started_at: Timestamp
    """When the file was received."""
    finished_at: Timestamp | None = None
    """When the import ended."""


class ImportRecord(Record):
    """`STORE#demo` / `IMPORT#imp_01K…`.

    The counters are attributes of their own, because chunks add to them in parallel.
    """

    AUDITED = True
    status = UnicodeAttribute()
    chunks = NumberAttribute(default=0)
    created = NumberAttribute(default=0)
    updated = NumberAttribute(default=0)
    unchanged = NumberAttribute(default=0)
    rejected = NumberAttribute(default=0)
    warnings = NumberAttribute(default=0)
    replaced = BooleanAttribute(default=False)  # by a newer version of the file: chunks are no longer loaded
    source = DocumentAttribute(Source)
    job = DocumentAttribute(ImportJob)

    def as_job(self) -> ImportJob:
        """Return the job with its current status and counters."""
        counts = Counts(**{name: int(getattr(self, name)) for name in Counts.model_fields})
        return self.job.model_copy(update={**counts.model_dump(), "rows_done": counts.rows, "status": self.status})


def get(store: Store, job_id: str) -> ImportJob:
    """Return the job as it is now — ImportNotFoundError. 1 read unit per 4 KB."""
    return get_record(store.id, job_id).as_job()


def list_all(store: Store, limit: int = 50, cursor: str | None = None) -> Page[ImportJob]:
    """Return one page of the store's jobs, newest first — InvalidInputError for an invalid cursor.

    Cost: half a read unit per 4 KB.
    """
    page = pagination.newest_first(keys.store(store.id), keys.IMPORT_PREFIX, limit, cursor)
    return Page([ImportRecord.from_raw_data(item).as_job() for item in page.items], page.next_cursor)


def report_url(store: Store, job_id: str, report: Report) -> str:
    """Return a URL of the report's CSV file, valid for five minutes.

    Raises:
        ImportNotFoundError: the job does not exist, has not ended, or its file was refused.
    """
    job = get(store, job_id)
    if job.status not in ENDED:
        raise ImportNotFoundError("The report is available when the import has ended.")
    if job.detected is None:
        raise ImportNotFoundError("There is no report, because the file was refused: see the import's message.")
    return import_files.report_url(job_id, report)


def get_record(store_id: str, job_id: str) -> ImportRecord:
    """Return the job's record, read consistently — ImportNotFoundError. 1 read unit per 4 KB."""
    record = ImportRecord.find(keys.store(store_id), keys.import_job(job_id))
    if record is None:
        raise ImportNotFoundError(Sentence("Import “{id}” not found.", id=job_id))
    return record


def register(store: Store, job: ImportJob, source: Source, by: Actor = OPERATOR) -> ImportRecord:
    """Create the job of a new file, or return the job that an earlier event created.

    By default an operator uploaded the file: the bucket takes files from AWS credentials alone.

    Cost: 4 write units.
    """
    new = ImportRecord(keys.store(store.id), keys.import_job(job.id), status=job.status, job=job, source=source)
    try:
        with Transaction() as write:
            write.put_record(new, ImportRecord.pk.does_not_exist(), _ConditionFailedError())
            audit_trail.add(write, store, by, job.started_at, "import.started", job.id)
    except _ConditionFailedError:
        return get_record(store.id, job.id)
    return new


def mark_planned(record: ImportRecord, layout: FileLayout) -> ImportRecord:
    """Store the file's layout, unless the job is further already.

    Return the stored record. Cost: 1 write unit per KB.
    """
    columns = [
        CsvColumn(
            header=header,
            field=field,
            secret=index in layout.columns.secrets,
            date_order=layout.columns.date_orders.get(field or ""),
        )
        for index, (header, field) in enumerate(zip(layout.columns.headers, layout.columns.fields, strict=True))
    ]
    detected = DetectedFormat(
        encoding=layout.encoding,
        encoding_confidence=layout.confidence,
        delimiter=layout.delimiter,
        columns=columns,
        language=layout.columns.language,
    )
    notes = [note.text(record.job.language) for note in layout.notes]
    record.job = record.job.model_copy(update={"detected": detected, "rows_total": layout.rows, "notes": notes})
    record.chunks = len(layout.chunks)
    return _set_status(record, "planned", ImportRecord.status.is_in("received", "planned"))


def mark_running(record: ImportRecord) -> ImportRecord:
    """Mark the job as running, unless it has ended already.

    Return the stored record. Cost: 1 write unit per KB.
    """
    return _set_status(record, "running", ImportRecord.status == "planned")


def mark_replaced(record: ImportRecord) -> None:
    """Note that a newer version of the file replaces this job: its next chunks load nothing.

    Cost: 1 write unit per KB.
    """
    with suppress(_ConditionFailedError):  # it has ended already
        not_ended = ~ImportRecord.status.is_in(*ENDED)
        records.update(
            record, [ImportRecord.replaced.set(True)], not_ended, _ConditionFailedError(), is_bookkeeping=True
        )


def end(
    record: ImportRecord, status: Status, counts: Counts, now: datetime, reason: FileNote | None = None
) -> ImportRecord:
    """End the job with its final counts, unless it has ended already. `reason`: why it failed.

    Return the stored record. Cost: 1 write unit per KB.
    """
    record.job = record.job.model_copy(
        update={"rows_total": counts.rows, **_reason(record.job, reason), "finished_at": now}
    )
    for name in Counts.model_fields:
        setattr(record, name, getattr(counts, name))
    return _set_status(record, status, ~ImportRecord.status.is_in(*ENDED))


def _reason(job: ImportJob, reason: FileNote | None) -> dict[str, str | None]:
    if reason is None:
        return {"code": None, "message": None}
    return {"code": reason.code, "message": reason.text(job.language)}


def has_ended(record: ImportRecord) -> bool:
    """Return whether the job has reached its final status."""
    return record.status in ENDED


class _ConditionFailedError(Exception):
    """Another call has created or changed the job first."""


def _set_status(record: ImportRecord, status: Status, condition: Condition) -> ImportRecord:
    """Write the record with a new status if `condition` holds. Return the stored record."""
    actions: list[Action] = [
        ImportRecord.status.set(status),
        ImportRecord.job.set(record.job),
        ImportRecord.chunks.set(record.chunks),
    ]
    if status in ENDED:
        actions += [getattr(ImportRecord, name).set(getattr(record, name)) for name in Counts.model_fields]
    try:
        records.update(record, actions, condition, _ConditionFailedError(), is_bookkeeping=True)
    except _ConditionFailedError:
        return ImportRecord.find(record.pk, record.sk) or record
    record.status = status
    return record
