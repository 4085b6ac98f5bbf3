"""An import and its reports as commands print them."""

import shutil
import sys

from clientela import settings
from clientela.aws import clients
from clientela.imports import import_files
from clientela.imports.import_jobs import ImportJob
from clientela_cli.console import output
from clientela_cli.console.exit_codes import CommandError


def copy_report(job: ImportJob, report: import_files.Report) -> None:
    """Copy a report to standard output — CommandError if there is none."""
    if job.finished_at is None:
        raise CommandError("The import has not ended yet: its report is written at the end.")
    s3 = clients.s3()
    try:
        body = s3.get_object(Bucket=settings.import_jobs_bucket(), Key=import_files.report_key(job.id, report))["Body"]
    except s3.exceptions.NoSuchKey:
        if job.detected is None:
            raise CommandError(f"The import {job.status} before it read a row: {job.message}") from None
        raise CommandError("The report has expired: upload the file again for a new one.") from None
    shutil.copyfileobj(body, sys.stdout.buffer)


def show(job: ImportJob, json: bool) -> None:
    """Print an import."""
    if json:
        return output.json(job)
    columns = job.detected.columns if job.detected else []
    reports: list[tuple[int, import_files.Report]] = [(job.rejected, "rejects"), (job.warnings, "warnings")]
    available = [report for count, report in reports if count and job.finished_at]
    return output.details(
        **{"import": job.id},
        file=job.file,
        status=f"{job.status}{' (dry run: nothing was changed)' * job.dry_run}",
        rows=job.rows_total,
        created=job.created,
        updated=job.updated,
        unchanged=job.unchanged,
        rejected=job.rejected,
        warnings=job.warnings,
        columns=[f"{column.header} → {column.field}" for column in columns if column.field],
        left_out=[column.header for column in columns if not column.field],
        notes=" ".join(job.notes),
        reason=job.message,
        undo=_undo(job),
        reports=[
            f"s3://{settings.import_jobs_bucket()}/{import_files.report_key(job.id, report)}" for report in available
        ],
    )


def _undo(job: ImportJob) -> str | None:
    if job.undo is None:
        return None
    counts = f"{job.undo.removed} removed, {job.undo.restored} restored, {job.undo.kept} kept"
    return f"{job.undo.status}: {counts}"
