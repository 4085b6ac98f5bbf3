"""The result of one chunk, which `load` writes for `finish`. It never contains a password."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel

from clientela.csv import csv_cells
from clientela.csv.csv_headers import FileColumns, normalize
from clientela.imports.import_jobs import Counts
from clientela.imports.row_issues import RowIssue

REPORT_COLUMNS = ("line", "column", "code", "message")

Outcome = Literal["created", "updated", "unchanged", "rejected"]


class RowResult(NamedTuple):
    """The outcome of one row. Its issues are the reason for a rejection, or cells left out."""

    line: int
    outcome: Outcome
    issues: Sequence[RowIssue] = ()


class ReportLine(BaseModel):
    """One line of a report: the issue, and the row's cells of `repeated_columns`."""

    line: int
    column: str
    code: str
    message: str
    cells: list[str] = []

    def as_cells(self) -> list[str]:
        """Return the line's cells in the report's CSV, safe for spreadsheets."""
        cells = [csv_cells.escape(csv_cells.unescape(cell)) for cell in self.cells]
        return [*cells, *map(csv_cells.escape, (str(self.line), self.column, self.code, self.message))]


class ChunkResult(BaseModel):
    """The counts and report lines of one chunk."""

    counts: Counts
    rejects: list[ReportLine]
    warnings: list[ReportLine]


def build_result(results: Iterable[RowResult], cells: Mapping[int, Sequence[str]], columns: FileColumns) -> ChunkResult:
    """Sum up the results of a chunk's rows.

    `cells` are the rows' cells by line; rows that are not valid CSV have none.
    """
    totals, rejects, warnings = Counts(), [], []
    for result in sorted(results):
        setattr(totals, result.outcome, getattr(totals, result.outcome) + 1)
        for issue in result.issues:
            line = ReportLine(line=result.line, **issue._asdict())
            if result.outcome == "rejected":
                rejects.append(line.model_copy(update={"cells": repeat_cells(cells.get(result.line, ()), columns)}))
            else:
                warnings.append(line)
    totals.warnings = len(warnings)
    return ChunkResult(counts=totals, rejects=rejects, warnings=warnings)


def repeated_columns(columns: FileColumns) -> list[int]:
    """Return the indexes of the file's columns that a report repeats.

    Passwords are not repeated, nor the columns of an earlier report that was uploaded again.
    """
    return [
        index
        for index, (header, field) in enumerate(zip(columns.headers, columns.fields, strict=True))
        if field != "password" and (field or normalize(header) not in REPORT_COLUMNS)
    ]


def repeat_cells(cells: Sequence[str], columns: FileColumns) -> list[str]:
    """Return a row's cells of the repeated columns.

    All are empty if the row has too many or too few cells and the file has passwords: the password
    may be in another column then.
    """
    if len(cells) != len(columns.headers) and "password" in columns.fields:
        cells = ()
    return [cells[index] if index < len(cells) else "" for index in repeated_columns(columns)]
