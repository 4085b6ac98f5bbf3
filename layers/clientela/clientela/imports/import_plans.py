"""The plan of an import: what each row would do, found by loading the file without writing.

The plan is made by the code that loads, chunk by chunk on the state machine, so its numbers are
exact. Of each row that changes something it keeps a digest of the change, and the import changes
nothing else (`planned_changes`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from botocore.exceptions import ClientError

from clientela.csv.csv_files import FileLayout
from clientela.csv.csv_headers import FileColumns
from clientela.errors import ImportNotFoundError
from clientela.imports import import_files, import_jobs, planned_changes, row_external_ids
from clientela.imports.chunk_results import ChunkResult, ReportLine, may_quote
from clientela.imports.import_customers import ImportedCustomer
from clientela.imports.import_jobs import Counts, ImportRecord
from clientela.imports.import_rows import Row
from clientela.imports.planned_changes import Refusal
from clientela.schema.actors import FieldChange
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores.stores import Store

SAMPLES = 20  # differences of a plan
_SUMMARY, _COLUMNS = "summary", "columns"
_GONE = ("NoSuchKey", "404")
_REFUSALS = (row_external_ids.TAKEN, row_external_ids.REPEATED)


class PlanColumn(Model):
    """A column of the file: its field, and some of its values."""

    header: str
    """The header of the column. Example: E-mail"""
    field: str | None = None
    """The customer field of the column; null if it is left out. Example: email"""
    guessed: bool = False
    """Whether the header does not name the field by itself: look whether it is right. Example:
    false"""
    secret: bool = False
    """Whether its cells may be passwords: then it has no examples. Example: false"""
    examples: list[str] = []
    """Up to three values of the column. Example: ["ana@example.com"]"""


class PlanReason(Model):
    """Why rows would be rejected, or values left out."""

    code: str
    """The stable code of the reason. Example: email_invalid"""
    outcome: Literal["rejected", "left_out"]
    """Whether the rows are rejected, or only values of them left out."""
    count: int
    """How often. Example: 12"""
    message: str
    """The sentence of the first case. Example: The row has no e-mail."""


class PlannedChange(Model):
    """What a row would change."""

    line: int
    """The line of the row in the file. Example: 17"""
    outcome: Literal["created", "updated"]
    """Whether a customer would be created or updated."""
    customer_id: str | None = None
    """The id of the customer; null for a new one. Example: cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D7"""
    changes: list[FieldChange]
    """The fields before and after."""


class ImportPlan(Counts):
    """What an import would do, row by row, found without writing."""

    number: int
    """The number of the plan: each change of columns or options makes another one. Example: 1"""
    made_at: Timestamp
    """When the plan was made."""
    rows_total: int
    """The number of rows. Example: 59"""
    reasons: list[PlanReason]
    """Why rows would be rejected or values left out, the most frequent first."""
    differences: list[PlannedChange]
    """Up to 20 changes as samples: updates first."""
    columns: list[PlanColumn]
    """The columns of the file."""


class PlannedChunk(ChunkResult):
    """The plan of a chunk: what `planned_changes` reads, and samples of its changes."""

    digests: dict[int, str]
    refusals: dict[int, Refusal] = {}
    differences: list[PlannedChange]


class _Columns(Model):
    columns: list[PlanColumn]


def get(store: Store, job_id: str) -> ImportPlan:
    """Return the plan of an import.

    Raises:
        ImportNotFoundError: there is no such import, it has no plan yet or the plan has expired.

    Cost: 1 read unit.
    """
    record = import_jobs.get_record(store.id, job_id)
    if not record.plan or record.status == "reading":
        raise ImportNotFoundError("The import has no plan, or not yet.")
    try:
        return ImportPlan.model_validate_json(import_files.read_part(job_id, int(record.plan), _SUMMARY))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        raise ImportNotFoundError("The import has no plan, or not yet.") from None


def write_columns(record: ImportRecord, layout: FileLayout) -> None:
    """Write the columns of a file, with examples, for the summary of the plan."""
    columns, examples = layout.columns, layout.examples
    described = [
        PlanColumn(
            header=header,
            field=columns.fields[index],
            guessed=index in columns.guessed,
            secret=index in columns.secrets,
            examples=examples[index],
        )
        for index, header in enumerate(columns.headers)
    ]
    content = _Columns(columns=described).model_dump_json().encode()
    import_files.write_part(record.job.id, int(record.plan), _COLUMNS, content)


class RowCells(NamedTuple):
    """The cells of a chunk's rows by line, which say what may be shown of the rows."""

    cells: Mapping[int, Sequence[str]]
    columns: FileColumns
    secret_fields: set[str]

    def may_show(self, change: FieldChange, rows: Sequence[Row]) -> bool:
        """Return whether the change of a field cannot show a secret of the rows that make it."""
        is_harmless = all(may_quote(str(change.after), self.cells.get(row.line, ()), self.columns) for row in rows)
        return is_harmless and change.field not in self.secret_fields


def plan_chunk(result: ChunkResult, imported: Sequence[ImportedCustomer], cells: RowCells) -> PlannedChunk:
    """Return the plan of a chunk: the digests of its changes, and some of them as samples."""
    digests, samples = {}, list[PlannedChange]()
    for each in imported:
        if each.after and each.is_changed:
            digests[each.rows[-1].line] = planned_changes.digest(each.before, each.after)
            if len(samples) < SAMPLES or each.before:
                samples.append(_sample(each, cells))
    refusals = {line.line: Refusal(line.code, line.message) for line in result.rejects if line.code in _REFUSALS}
    return PlannedChunk(**dict(result), digests=digests, refusals=refusals, differences=_best(samples))


class Summary:
    """The sum of the plans of chunks."""

    def __init__(self) -> None:
        self._reasons = Counter[tuple[str, Literal["rejected", "left_out"]]]()
        self._messages: dict[str, str] = {}
        self._samples: list[PlannedChange] = []

    def add(self, chunk: PlannedChunk) -> None:
        """Add the plan of a chunk."""
        self._count(chunk.rejects, "rejected")
        self._count(chunk.warnings, "left_out")
        self._samples = _best([*self._samples, *chunk.differences])

    def write(self, record: ImportRecord, counts: Counts, now: datetime) -> None:
        """Write the summary of a plan."""
        number = int(record.plan)
        columns = _Columns.model_validate_json(import_files.read_part(record.job.id, number, _COLUMNS))
        plan = ImportPlan(
            **dict(counts),
            number=number,
            made_at=now,
            rows_total=counts.rows,
            reasons=[
                PlanReason(code=code, outcome=outcome, count=count, message=self._messages[code])
                for (code, outcome), count in self._reasons.most_common()
            ],
            differences=self._samples,
            columns=columns.columns,
        )
        import_files.write_part(record.job.id, number, _SUMMARY, plan.model_dump_json().encode())

    def _count(self, lines: Iterable[ReportLine], outcome: Literal["rejected", "left_out"]) -> None:
        for line in lines:
            self._reasons[line.code, outcome] += 1
            self._messages.setdefault(line.code, line.message)


def _best(samples: Sequence[PlannedChange]) -> list[PlannedChange]:
    """Return the samples to keep: updates first, because they replace something."""
    return sorted(samples, key=lambda sample: (sample.outcome == "created", sample.line))[:SAMPLES]


def _sample(imported: ImportedCustomer, cells: RowCells) -> PlannedChange:
    before = imported.before
    changes = planned_changes.between(before, imported.after) if imported.after else []
    return PlannedChange(
        line=imported.rows[-1].line,
        outcome="updated" if before else "created",
        customer_id=before.id if before else None,
        changes=[each for each in changes if cells.may_show(each, imported.rows)],
    )
