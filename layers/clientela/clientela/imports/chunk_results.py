"""What became of the rows of one chunk, as `load` leaves it for `finish`: never a password."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel

from clientela.csv import csv_cells
from clientela.csv.csv_columns import Columns, normal
from clientela.imports.import_jobs import Counts
from clientela.imports.row_notes import RowIssue

REPORT_COLUMNS = ("line", "column", "code", "message")

Outcome = Literal["created", "updated", "unchanged", "rejected"]


class RowResult(NamedTuple):
    """What became of one row, and what is to be said of it: why it was rejected, or what was left out of it."""

    line: int
    outcome: Outcome
    notes: Sequence[RowIssue] = ()


class ReportLine(BaseModel):
    """One line of a report: where, what, and the row's own cells in the order of `kept`."""

    line: int
    column: str
    code: str
    message: str
    cells: list[str] = []

    def as_cells(self) -> list[str]:
        """The line as the report's CSV has it: no cell is run as a formula by a spreadsheet."""
        own = [csv_cells.escape(csv_cells.unescape(cell)) for cell in self.cells]
        return [*own, *map(csv_cells.escape, (str(self.line), self.column, self.code, self.message))]


class Result(BaseModel):
    """The result of one chunk."""

    counts: Counts
    rejects: list[ReportLine]
    warnings: list[ReportLine]


def result(findings: Iterable[RowResult], cells: Mapping[int, Sequence[str]], columns: Columns) -> Result:
    """Sum up a chunk's findings. `cells` are the rows' cells by line; rows that are not CSV have none."""
    totals, rejects, warnings = Counts(), [], []
    for finding in sorted(findings):
        setattr(totals, finding.outcome, getattr(totals, finding.outcome) + 1)
        for note in finding.notes:
            remark = ReportLine(line=finding.line, **note._asdict())
            if finding.outcome == "rejected":
                rejects.append(remark.model_copy(update={"cells": shown(cells.get(finding.line, ()), columns)}))
            else:
                warnings.append(remark)
    totals.warnings = len(warnings)
    return Result(counts=totals, rejects=rejects, warnings=warnings)


def kept(columns: Columns) -> list[int]:
    """The columns that a report repeats: not passwords, and not those of an earlier report that was uploaded again."""
    return [
        index
        for index, (header, field) in enumerate(zip(columns.headers, columns.fields, strict=True))
        if field != "password" and (field or normal(header) not in REPORT_COLUMNS)
    ]


def shown(cells: Sequence[str], columns: Columns) -> list[str]:
    """The cells of the kept columns. None at all where a row out of line might hold its password in another column."""
    if len(cells) != len(columns.headers) and "password" in columns.fields:
        cells = ()
    return [cells[index] if index < len(cells) else "" for index in kept(columns)]
