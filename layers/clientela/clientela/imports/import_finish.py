"""The last step of an import: sum up the chunks' results as the job's counts and reports."""

from collections.abc import Iterator
from datetime import datetime
from typing import cast

from clientela.csv.file_texts import FileNote
from clientela.imports import import_files, import_jobs, import_originals, import_reasons, import_start
from clientela.imports.chunk_results import ChunkResult
from clientela.imports.detected_format import DetectedFormat
from clientela.imports.import_jobs import Counts, ImportRecord, Status
from clientela.imports.import_reasons import ReasonCounter
from clientela.imports.import_reports import open_reports
from clientela.imports.unloaded_rows import UnloadedRows
from clientela.stores import store_existence


class ResultMissingError(RuntimeError):
    """A loaded chunk has no result: a bug, or its file was deleted."""


def finish(store_id: str, job_id: str, now: datetime, failed: str | None = None) -> Status:
    """End a job: `succeeded` if every chunk has its result, else `failed`. Safe to repeat.

    If the store is deleted, the job is `cancelled`, and nothing is written.

    `failed` names the error that stopped the state machine. Chunks may have no result then: their
    rows count as rejected, so that each row of the file is always counted once. A file with
    passwords is deleted. A newer version of the file that waited for this job is started.

    Cost: 1 write unit per KB of the job, and that of `import_start.start_next`.
    """
    if not store_existence.exists(store_id):
        return "cancelled"
    record = import_jobs.get_record(store_id, job_id)
    if not import_jobs.has_ended(record):
        record = _end(record, now, failed)
    if record.chunks and record.job.detected and record.job.detected.has_passwords:
        import_files.delete(record.source)
    import_start.start_next(store_id, record, now)
    return cast("Status", record.status)


def _end(record: ImportRecord, now: datetime, failed: str | None) -> ImportRecord:
    if record.job.detected is None:
        return import_jobs.end(record, "failed", Counts(), now, FileNote("not_started", {"error": str(failed)}))
    is_partial = failed is not None or import_jobs.is_over(record)
    counts, missing = _write_reports(record, record.job.detected, is_partial=is_partial)
    if record.chunks and import_files.exists(record.source):  # else an earlier attempt did both
        import_originals.write(record, record.job.detected)
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
    totals, missing, reasons = Counts(), 0, ReasonCounter()
    with open_reports(record.job.id, detected, record.job.language) as reports:
        for result, missing_rows in _results(record, detected, is_partial=is_partial):
            missing += missing_rows
            add(totals, result.counts)
            reports.add(result)
            reasons.add(result.rejects)
        import_reasons.write(record.job.id, reasons.top())
    return totals, missing


def _results(record: ImportRecord, detected: DetectedFormat, *, is_partial: bool) -> Iterator[tuple[ChunkResult, int]]:
    """Yield the chunks' results in the file's order, each with its number of missing rows."""
    chunks = import_files.read_plan(record.job.id) if is_partial else []
    unloaded = UnloadedRows(record, detected)
    for index, content in enumerate(import_files.read_results(record.job.id, int(record.chunks))):
        if content is not None:
            yield ChunkResult.model_validate_json(content), 0
        elif is_partial:
            yield unloaded.result(chunks[index]), chunks[index].rows
        else:
            raise ResultMissingError(f"Chunk {index} of {record.job.id} has no result.")


def add(totals: Counts, counts: Counts) -> None:
    for name, count in counts:
        setattr(totals, name, getattr(totals, name) + count)
