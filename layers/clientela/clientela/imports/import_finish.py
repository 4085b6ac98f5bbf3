"""The last step of an import: sum up the chunks' results as the job's counts and reports."""

import csv
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO, cast

from clientela.csv.csv_headers import FileColumns
from clientela.csv.csv_survey import Chunk
from clientela.csv.file_texts import FileNote
from clientela.imports import import_files, import_jobs, import_reasons, import_start
from clientela.imports.chunk_results import ChunkResult, ReportLine, repeated_columns, report_columns
from clientela.imports.detected_format import DetectedFormat
from clientela.imports.import_files import Report
from clientela.imports.import_jobs import Counts, ImportRecord, Status
from clientela.imports.import_reasons import ReasonCounter
from clientela.sentences import Sentence, translated
from clientela.stores import store_existence

MAX_BYTES_IN_MEMORY = 10_000_000  # of a report; a larger one is written to the function's disk


class ResultMissingError(RuntimeError):
    """A loaded chunk has no result: a bug, or its file was deleted."""


def finish(store_id: str, job_id: str, now: datetime, failed: str | None = None) -> Status:
    """End a job: `succeeded` if every chunk has its result, else `failed`. Safe to repeat.

    If the store is deleted, the job is `cancelled`, and nothing is written.

    `failed` names the error that stopped the state machine. Chunks may have no result then: their
    rows count as rejected, so that each row of the file is always counted once. A newer version of
    the file that waited for this job is started.

    Cost: 1 write unit per KB of the job, and that of `import_start.start_next`.
    """
    if not store_existence.exists(store_id):
        return "cancelled"
    record = import_jobs.get_record(store_id, job_id)
    if not import_jobs.has_ended(record):
        record = _end(record, now, failed)
    import_start.start_next(store_id, record, now)
    return cast("Status", record.status)


def _end(record: ImportRecord, now: datetime, failed: str | None) -> ImportRecord:
    if record.job.detected is None:
        return import_jobs.end(record, "failed", Counts(), now, FileNote("not_started", {"error": str(failed)}))
    is_partial = failed is not None or import_jobs.is_over(record)
    counts, missing = _write_reports(record, record.job.detected, is_partial=is_partial)
    if record.chunks and record.job.detected.has_passwords:
        import_files.delete(record.source)
    if not missing:
        if failed is not None:  # after the rows: while passwords were stored
            note = FileNote("passwords_incomplete").text(record.job.language)
            record.job = record.job.model_copy(update={"notes": [*record.job.notes, note]})
        return import_jobs.end(record, "succeeded", counts, now)
    if record.cancelled:
        stopped = FileNote("cancelled", {"missing": f"{missing:,}"})
        return import_jobs.end(record, "cancelled", counts, now, stopped)
    reason = import_start.REPLACED if record.replaced else FileNote("stopped_early", {"missing": str(missing)})
    return import_jobs.end(record, "failed", counts, now, reason)


def _write_reports(record: ImportRecord, detected: DetectedFormat, *, is_partial: bool) -> tuple[Counts, int]:
    """Write the reports with one result in memory at a time.

    Return the total counts, and the number of rows in chunks without a result.
    """
    columns, totals, missing, reasons = detected.as_columns(), Counts(), 0, ReasonCounter()
    headers = [columns.headers[index] for index in repeated_columns(columns)]
    language, delimiter = record.job.language, detected.delimiter
    with open_report(headers, delimiter, language) as rejects, open_report([], delimiter, language) as warnings:
        for result, missing_rows in _results(record, columns, is_partial=is_partial):
            missing += missing_rows
            add(totals, result.counts)
            rejects.add(result.rejects)
            reasons.add(result.rejects)
            warnings.add(result.warnings)
        import_reasons.write(record.job.id, reasons.top())
        rejects.save(record.job.id, "rejects")
        warnings.save(record.job.id, "warnings")
    return totals, missing


def _results(record: ImportRecord, columns: FileColumns, *, is_partial: bool) -> Iterator[tuple[ChunkResult, int]]:
    """Yield the chunks' results in the file's order, each with its number of missing rows."""
    chunks = import_files.read_plan(record.job.id) if is_partial else []
    for index, content in enumerate(import_files.read_results(record.job.id, int(record.chunks))):
        if content is not None:
            yield ChunkResult.model_validate_json(content), 0
        elif is_partial:
            yield _missing_result(chunks[index], columns, record.job.language), chunks[index].rows
        else:
            raise ResultMissingError(f"Chunk {index} of {record.job.id} has no result.")


def _missing_result(chunk: Chunk, columns: FileColumns, language: str) -> ChunkResult:
    message = Sentence(
        "The import stopped early: {rows} rows from line {line} on may be missing.",
        rows=chunk.rows,
        line=chunk.first_line,
    )
    cells = [""] * len(repeated_columns(columns))
    line = ReportLine(
        line=chunk.first_line, column="", code="not_loaded", message=translated(message, language), cells=cells
    )
    return ChunkResult(counts=Counts(rejected=chunk.rows), rejects=[line], warnings=[])


def add(totals: Counts, counts: Counts) -> None:
    for name, count in counts:
        setattr(totals, name, getattr(totals, name) + count)


class ReportFile:
    """A report being written, with a byte-order mark for Excel and the delimiter of the file."""

    def __init__(self, content: IO[bytes], headers: list[str], delimiter: str, language: str) -> None:
        self._text = io.TextIOWrapper(content, encoding="utf-8-sig", newline="", write_through=True)
        self._content, self._writer = content, csv.writer(self._text, delimiter=delimiter)
        self._writer.writerow([*headers, *report_columns(language)])

    def add(self, lines: list[ReportLine]) -> None:
        self._writer.writerows(line.as_cells() for line in lines)

    def save(self, job_id: str, report: Report) -> None:
        self._text.detach()
        self._content.seek(0)
        import_files.write_report(job_id, report, self._content)


@contextmanager
def open_report(headers: list[str], delimiter: str, language: str) -> Iterator[ReportFile]:
    with tempfile.SpooledTemporaryFile(MAX_BYTES_IN_MEMORY) as content:
        yield ReportFile(cast("IO[bytes]", content), headers, delimiter, language)
