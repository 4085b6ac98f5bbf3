"""The result of one chunk, which `load` writes for `finish`. It never contains a password."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel

from clientela.csv import csv_cells, csv_records, csv_secrets
from clientela.csv.csv_headers import FileColumns, normalize
from clientela.imports.import_jobs import Counts
from clientela.imports.row_issues import RowIssue
from clientela.sentences import translated

# The last headers of a report, in the language of the store.
REPORT_COLUMNS = {
    "en": ("line", "column", "code", "message"),
    "es": ("línea", "columna", "código", "motivo"),
    "it": ("riga", "colonna", "codice", "motivo"),
    "fr": ("ligne", "colonne", "code", "motif"),
    "de": ("Zeile", "Spalte", "Code", "Grund"),
    "pt": ("linha", "coluna", "código", "motivo"),
}
_SEARCHED_LENGTH = 6  # of a secret that is searched within cells: shorter ones are parts of words
_QUOTE_NOTHING = csv_records.FAULTS | {"cells_too_many", "email_missing"}  # codes whose messages have no cells
_NOT_QUOTED = "The value is not quoted here, because it may be a password."

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


def report_columns(language: str) -> tuple[str, ...]:
    """Return the last headers of a report in a language such as `pt-BR`, else in English."""
    return REPORT_COLUMNS.get(language.split("-")[0].lower(), REPORT_COLUMNS["en"])


def build_result(
    results: Iterable[RowResult], cells: Mapping[int, Sequence[str]], columns: FileColumns, language: str
) -> ChunkResult:
    """Sum up the results of a chunk's rows, with messages in the store's language.

    `cells` are the rows' cells by line; rows that are not valid CSV have none.
    """
    totals, rejects, warnings = Counts(), [], []
    for result in sorted(results):
        setattr(totals, result.outcome, getattr(totals, result.outcome) + 1)
        for issue in _redact(result.issues, cells.get(result.line, ()), columns):
            message = translated(issue.message, language)
            line = ReportLine(line=result.line, column=issue.column, code=issue.code, message=message)
            if result.outcome == "rejected":
                rejects.append(line.model_copy(update={"cells": repeat_cells(cells.get(result.line, ()), columns)}))
            else:
                warnings.append(line)
    totals.warnings = len(warnings)
    return ChunkResult(counts=totals, rejects=rejects, warnings=warnings)


def repeated_columns(columns: FileColumns) -> list[int]:
    """Return the indexes of the file's columns that a report repeats.

    Secrets are not repeated, nor the columns of an earlier report that was uploaded again.
    """
    return [index for index in range(len(columns.headers) - _reported(columns)) if index not in columns.secrets]


def _reported(columns: FileColumns) -> int:
    """Return how many columns at the end are those of an earlier report."""
    last = tuple(map(normalize, columns.headers[-4:]))
    is_report = any(last == tuple(map(normalize, names)) for names in REPORT_COLUMNS.values())
    return len(last) if is_report and not any(columns.fields[-4:]) else 0


def repeat_cells(cells: Sequence[str], columns: FileColumns) -> list[str]:
    """Return a row's cells of the repeated columns.

    All are empty if the file has secrets and one may be in another column of the row. A cell that
    repeats a secret of its row is empty, alone or, except in an e-mail, within other text. So is
    one of an unknown column that looks like a hash, or one that looks like a password in a row
    without an address.
    """
    if _are_shifted(cells, columns):
        cells = ()
    secrets, email = _secrets(cells, columns), _email(cells, columns)
    repeated = []
    for index in repeated_columns(columns):
        cell = cells[index] if index < len(cells) else ""
        is_hash = columns.fields[index] is None and csv_secrets.looks_hashed(cell.strip())
        is_shifted = bool(columns.secrets) and csv_secrets.may_be_shifted(email, cell.strip())
        is_hidden = is_hash or is_shifted or _has_secret(cell.strip().casefold(), secrets, columns.fields[index])
        repeated.append("" if is_hidden else cell)
    return repeated


def _has_secret(text: str, secrets: set[str], field: str | None) -> bool:
    if text in secrets or field == "email":
        return text in secrets
    return any(len(secret) >= _SEARCHED_LENGTH and secret in text for secret in secrets)


def _redact(issues: Sequence[RowIssue], cells: Sequence[str], columns: FileColumns) -> Sequence[RowIssue]:
    """Return the issues without the secrets that their messages may quote."""
    if not issues or may_quote("\n".join(issue.message for issue in issues), cells, columns):
        return issues
    return [issue if issue.code in _QUOTE_NOTHING else issue._replace(message=_NOT_QUOTED) for issue in issues]


def may_quote(text: str, cells: Sequence[str], columns: FileColumns) -> bool:
    """Return whether a text of a row, which has these cells, may be shown.

    It may not if it repeats a secret of the row, or if one may be in another column of the row.
    """
    if not columns.secrets:
        return True
    folded = text.casefold()
    return not _are_shifted(cells, columns) and not any(secret in folded for secret in _secrets(cells, columns))


def _are_shifted(cells: Sequence[str], columns: FileColumns) -> bool:
    """Return whether the row of a file with secrets may have one of them in another column."""
    if not columns.secrets or len(cells) != len(columns.headers):
        return bool(columns.secrets)
    return csv_secrets.are_shifted(_email(cells, columns), (cells[index] for index in columns.secrets))


def _email(cells: Sequence[str], columns: FileColumns) -> str:
    index = columns.fields.index("email")
    return cells[index] if index < len(cells) else ""


def _secrets(cells: Sequence[str], columns: FileColumns) -> set[str]:
    return {cells[index].strip().casefold() for index in columns.secrets if index < len(cells)} - {""}
