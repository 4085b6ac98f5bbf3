"""The reports of an import, written while its results are read: no report is held in memory."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from clientela.imports import import_files
from clientela.imports.chunk_results import ReportLine, repeated_columns, report_columns
from clientela.imports.detected_format import DetectedFormat
from clientela.imports.import_files import ReportWriter

_MARK = b"\xef\xbb\xbf"  # by which Excel recognises UTF-8


class Result(Protocol):
    """The report lines of a chunk, in the file's order."""

    rejects: list[ReportLine]
    warnings: list[ReportLine]


class Reports:
    """The two reports of a job, with the delimiter of its file."""

    def __init__(self, rejects: ReportWriter, warnings: ReportWriter, delimiter: str) -> None:
        self._rejects, self._warnings, self._delimiter = rejects, warnings, delimiter

    def begin(self, headers: Sequence[str], names: Sequence[str]) -> None:
        """Write the headers; the rejects have those of the file, too."""
        for report, columns in ((self._rejects, [*headers, *names]), (self._warnings, names)):
            report.write(_MARK)
            self._write(report, [columns])

    def add(self, result: Result) -> None:
        """Append the lines of a chunk."""
        self._write(self._rejects, (line.as_cells() for line in result.rejects))
        self._write(self._warnings, (line.as_cells() for line in result.warnings))

    def _write(self, report: ReportWriter, rows: Iterable[Sequence[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self._delimiter).writerows(rows)
        report.write(text.getvalue().encode())


@contextmanager
def open_reports(job_id: str, detected: DetectedFormat, language: str) -> Iterator[Reports]:
    """Open the reports of a job. They appear at the end of the block, or not at all if it fails."""
    columns = detected.as_columns()
    headers = [columns.headers[index] for index in repeated_columns(columns)]
    with (
        import_files.open_report(job_id, "rejects") as rejects,
        import_files.open_report(job_id, "warnings") as warnings,
    ):
        reports = Reports(rejects, warnings, detected.delimiter)
        reports.begin(headers, report_columns(language))
        yield reports
