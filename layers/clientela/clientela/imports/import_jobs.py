"""Import jobs: one for each version of a CSV file that is uploaded to the bucket."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela.csv.file_texts import FileNote
from clientela.errors import ImportNotFoundError
from clientela.imports import import_files
from clientela.imports.detected_format import DetectedFormat
from clientela.imports.import_files import Report, Source
from clientela.schema.actors import OPERATOR, Actor
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.sentences import Sentence
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import job_keys, keys, pagination, records
from clientela.table.attributes import DocumentAttribute
from clientela.table.pagination import Page
from clientela.table.records import Record
from clientela.table.transactions import Transaction

Status = Literal[
    "awaiting_file", "received", "reading", "planned", "running", "succeeded", "failed", "cancelled"
]  # fmt: skip
Mode = Literal["upsert", "create", "update"]
MODES: tuple[Mode, ...] = get_args(Mode)

UNDO_WITHIN = timedelta(days=7)
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


class ImportUndo(Model):
    """The undo of an import, with what became of its customers."""

    status: Literal["running", "succeeded", "failed"]
    """The state of the undo. A failed one can be repeated and goes on."""
    removed: int = 0
    """The number of created customers that were removed. Example: 38"""
    restored: int = 0
    """The number of changed customers that have their former values again. Example: 12"""
    kept: int = 0
    """The number of customers that stay as they are, because they were touched since. Example: 2"""
    started_at: Timestamp
    """When the undo was started."""
    finished_at: Timestamp | None = None
    """When the undo ended."""


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
    plan: int | None = None
    """The number of the current plan, which waits for its start; null if the import starts by
    itself. Example: 1"""
    mode: Mode = "upsert"
    """Whether rows create customers, update them, or do both."""
    dry_run: bool = False
    """Whether the import only counts what it would do. Example: false"""
    send_welcome: bool = False
    """Whether created customers are invited by mail. Example: false"""
    delimiter: Annotated[str | None, StringConstraints(strip_whitespace=False)] = None
    """The delimiter that the merchant chose; null if it is detected. Example: null"""
    encoding: str | None = None
    """The encoding that the merchant chose; null if it is detected. Example: null"""
    date_order: Literal["day_first", "month_first", "year_first"] | None = None
    """The order of dates that the merchant chose; null if it is detected. Example: null"""
    mapping: dict[str, str | None] = Field(default_factory=dict)
    """The fields that the merchant chose, by header; null leaves a column out. Example:
    {"E-mail": "email", "Colour": null}"""
    detected: DetectedFormat | None = None
    """The format of the file; null until it is known."""
    rows_total: int | None = None
    """The number of rows; null until it is known. Example: 59"""
    rows_done: int = 0
    """The number of rows that are done; of those that are planned while the file is read.
    Example: 59"""
    rows_per_second: float | None = None
    """How fast the import is; null unless it is running. Example: null"""
    seconds_left: int | None = None
    """How long the import will take at this rate; null unless it is running. Example: null"""
    code: str | None = None
    """The stable code of `message`, such as `no_email_column`. Example: null"""
    message: str | None = None
    """Why the import failed, in the store's language, else null. Example: null"""
    language: str = "en"
    """The language of `message` and `notes`: that of the store. Example: en"""
    notes: list[str] = Field(default_factory=list)
    """Remarks on the file, such as columns that were left out. Example: ["The column Colour was
    left out."]"""
    retry_of: str | None = None
    """The id of the import whose rejected rows this one has; else null. Example: null"""
    cancelling: bool = False
    """Whether the import was cancelled and is about to stop. Example: false"""
    upload_until: Timestamp | None = None
    """Until when the file can be uploaded; null if it is there."""
    start_until: Timestamp | None = None
    """Until when the plan can be started; null if it does not wait for that."""
    started_at: Timestamp
    """When the file was received, or its upload was requested."""
    running_since: Timestamp | None = None
    """When the first row was loaded; null before."""
    undo_until: Timestamp | None = None
    """Until when the import can be undone; null if it has changed nothing."""
    undo: ImportUndo | None = None
    """The undo of the import; null if there is none."""
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
    cancelled = BooleanAttribute(default=False)  # chunks that are not begun are no longer loaded
    plan = NumberAttribute(default=0)  # the number of the plan that waits, or waited, for its start
    planned_rows = NumberAttribute(default=0)
    size = NumberAttribute(null=True)  # of the file to upload, in bytes
    upload_id = UnicodeAttribute(null=True)  # of an upload in parts
    start_for = DocumentAttribute(Actor, null=True)  # who wants the plan to start as soon as it is made
    undo = DocumentAttribute(ImportUndo, null=True)
    undo_number = NumberAttribute(default=0)  # of the attempt at the undo
    undone_by = DocumentAttribute(Actor, null=True)
    ttl = NumberAttribute(null=True)  # of a job that waits for its file
    source = DocumentAttribute(Source)
    job = DocumentAttribute(ImportJob)

    def as_job(self) -> ImportJob:
        """Return the job with its current status and counters."""
        counts = Counts(**{name: int(getattr(self, name)) for name in Counts.model_fields})
        rows_done = int(self.planned_rows) if self.status == "reading" else counts.rows
        state = {"rows_done": rows_done, "status": self.status, "plan": int(self.plan) or None}
        cancelling = bool(self.cancelled) and not has_ended(self)
        changes = {**counts.model_dump(), **state, "cancelling": cancelling, "undo": self.undo}
        if self.job.finished_at and self.job.running_since and not self.job.dry_run:
            changes["undo_until"] = self.job.finished_at + UNDO_WITHIN
        return self.job.model_copy(update=changes)

    @property
    def waits_for_start(self) -> bool:
        """Whether the job loads nothing before the merchant starts its plan."""
        return bool(self.plan) or self.status == "awaiting_file"


def get(store: Store, job_id: str) -> ImportJob:
    """Return the job as it is now — ImportNotFoundError. 1 read unit per 4 KB."""
    return get_record(store.id, job_id).as_job()


def list_all(store: Store, limit: int = 50, cursor: str | None = None) -> Page[ImportJob]:
    """Return one page of the store's jobs, newest first — InvalidInputError for an invalid cursor.

    Cost: half a read unit per 4 KB.
    """
    page = pagination.newest_first(keys.store(store.id), job_keys.IMPORT_PREFIX, limit, cursor)
    return Page([ImportRecord.from_raw_data(item).as_job() for item in page.items], page.next_cursor)


def report_url(store: Store, job_id: str, report: Report) -> str:
    """Return a URL of the report's CSV file, valid for five minutes.

    Raises:
        ImportNotFoundError: the job does not exist, has neither ended nor a plan, or its file was
            refused.
    """
    job = get(store, job_id)
    is_planned = job.plan and job.status == "planned" and report != "file"
    if job.status not in ENDED and not is_planned:
        raise ImportNotFoundError("The report is available when the import has ended.")
    if job.detected is None:
        raise ImportNotFoundError("There is no report, because the file was refused: see the import's message.")
    return import_files.report_url(job_id, report)


def get_record(store_id: str, job_id: str) -> ImportRecord:
    """Return the job's record, read consistently — ImportNotFoundError. 1 read unit per 4 KB."""
    record = ImportRecord.find(keys.store(store_id), job_keys.import_job(job_id))
    if record is None:
        raise ImportNotFoundError(Sentence("Import “{id}” not found.", id=job_id))
    return record


def register(store: Store, job: ImportJob, source: Source, by: Actor = OPERATOR) -> ImportRecord:
    """Create the job of a new file, or return the job that an earlier event created.

    By default an operator uploaded the file: the bucket takes files from AWS credentials alone.

    Cost: 4 write units.
    """
    new = ImportRecord(keys.store(store.id), job_keys.import_job(job.id), status=job.status, job=job, source=source)
    try:
        with Transaction() as write:
            write.put_record(new, ImportRecord.pk.does_not_exist(), StateChangedError())
            audit_trail.add(write, store, by, job.started_at, "import.started", job.id)
    except StateChangedError:
        return get_record(store.id, job.id)
    return new


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
    return set_status(record, status, ~ImportRecord.status.is_in(*ENDED))


def _reason(job: ImportJob, reason: FileNote | None) -> dict[str, str | None]:
    if reason is None:
        return {"code": None, "message": None}
    return {"code": reason.code, "message": reason.text(job.language)}


def has_ended(record: ImportRecord) -> bool:
    """Return whether the job has reached its final status."""
    return record.status in ENDED


def is_over(record: ImportRecord) -> bool:
    """Return whether a job has ended, or stops at the next chunk."""
    return has_ended(record) or bool(record.replaced or record.cancelled)


class StateChangedError(Exception):
    """Another call has created or changed the job first."""


def set_status(
    record: ImportRecord, status: Status, condition: Condition, further: Sequence[Action] = ()
) -> ImportRecord:
    """Write the record with a new status if `condition` holds. Return the stored record."""
    actions: list[Action] = [
        ImportRecord.status.set(status),
        ImportRecord.job.set(record.job),
        ImportRecord.chunks.set(record.chunks),
        *further,
    ]
    if status in ENDED:
        actions += [getattr(ImportRecord, name).set(getattr(record, name)) for name in Counts.model_fields]
    try:
        records.update(record, actions, condition, StateChangedError(), is_bookkeeping=True)
    except StateChangedError:
        return ImportRecord.find(record.pk, record.sk) or record
    record.status = status
    return record
