"""The last step of an import: the results of its chunks become the job's counts and its reports."""

import csv
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO, cast

from clientela.csv.csv_columns import Columns
from clientela.csv.csv_files import Chunk
from clientela.imports import import_files, import_jobs
from clientela.imports.chunk_results import REPORT_COLUMNS, ReportLine, Result, kept
from clientela.imports.import_files import Report
from clientela.imports.import_jobs import Counts, DetectedFormat, ImportRecord, Status

SPOOLED = 10_000_000  # bytes of a report kept in memory; more goes to the function's disk


class ResultMissingError(RuntimeError):
    """A chunk that was loaded has no result: a fault of ours, or the file was deleted."""


def finish(store_id: str, job_id: str, now: datetime, failed: str | None = None) -> Status:
    """End a job: `succeeded` where every chunk has its result, else `failed`. Safe to repeat. 1 write unit per KB.

    `failed` names the error that stopped the state machine: then chunks may be without a result. Their rows count as
    rejected, so that each row of the file is counted once, whatever happened.
    """
    known = import_jobs.record(store_id, job_id)
    if import_jobs.has_ended(known) or known.job.detected is None:
        return _ended(known, now, failed)
    counts, missing = _reported(known, known.job.detected, is_partial=failed is not None)
    if known.chunks and "password" in known.job.detected.as_columns().fields:
        import_files.delete(known.source)
    message = f"The import broke off: {missing} rows may not be loaded. Upload the file again." if missing else None
    import_jobs.end(known, "failed" if missing else "succeeded", counts, now, message)
    return known.status  # type: ignore[return-value]


def _ended(known: ImportRecord, now: datetime, failed: str | None) -> Status:
    if not import_jobs.has_ended(known):
        import_jobs.end(known, "failed", Counts(), now, f"The import could not start ({failed}).")
    return known.status  # type: ignore[return-value]


def _reported(known: ImportRecord, detected: DetectedFormat, *, is_partial: bool) -> tuple[Counts, int]:
    """Write the reports, one result in memory at a time: the counts in all, and the rows of chunks without a result."""
    columns, totals, missing = detected.as_columns(), Counts(), 0
    headers = [columns.headers[index] for index in kept(columns)]
    with _report(headers, detected.delimiter) as rejects, _report([], detected.delimiter) as warnings:
        for result, lost in _results(known, columns, is_partial=is_partial):
            missing += lost
            _add(totals, result.counts)
            rejects.add(result.rejects)
            warnings.add(result.warnings)
        rejects.save(known.job.id, "rejects")
        warnings.save(known.job.id, "warnings")
    return totals, missing


def _results(known: ImportRecord, columns: Columns, *, is_partial: bool) -> Iterator[tuple[Result, int]]:
    """The results in the file's order, each with the number of rows that it only stands in for."""
    chunks = import_files.plan(known.job.id) if is_partial else []
    for index, content in enumerate(import_files.results(known.job.id, int(known.chunks))):
        if content is not None:
            yield Result.model_validate_json(content), 0
        elif is_partial:
            yield _lost(chunks[index], columns), chunks[index].rows
        else:
            raise ResultMissingError(f"Chunk {index} of {known.job.id} has no result.")


def _lost(chunk: Chunk, columns: Columns) -> Result:
    message = f"The import broke off: the {chunk.rows} rows from line {chunk.first_line} on may not be loaded."
    remark = ReportLine(
        line=chunk.first_line, column="", code="not_loaded", message=message, cells=[""] * len(kept(columns))
    )
    return Result(counts=Counts(rejected=chunk.rows), rejects=[remark], warnings=[])


def _add(totals: Counts, counts: Counts) -> None:
    for name, count in counts:
        setattr(totals, name, getattr(totals, name) + count)


class _ReportFile:
    """A report on its way: UTF-8 with a byte-order mark, for Excel, and with the delimiter of the merchant's file."""

    def __init__(self, content: IO[bytes], headers: list[str], delimiter: str) -> None:
        self._text = io.TextIOWrapper(content, encoding="utf-8-sig", newline="", write_through=True)
        self._content, self._writer = content, csv.writer(self._text, delimiter=delimiter)
        self._writer.writerow([*headers, *REPORT_COLUMNS])

    def add(self, remarks: list[ReportLine]) -> None:
        self._writer.writerows(remark.as_cells() for remark in remarks)

    def save(self, job_id: str, report: Report) -> None:
        self._text.detach()
        self._content.seek(0)
        import_files.write_report(job_id, report, self._content)


@contextmanager
def _report(headers: list[str], delimiter: str) -> Iterator[_ReportFile]:
    with tempfile.SpooledTemporaryFile(SPOOLED) as content:
        yield _ReportFile(cast("IO[bytes]", content), headers, delimiter)
