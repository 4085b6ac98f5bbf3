"""`clientela imports`: upload, list, show, rejects, warnings."""

import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from clientela import clock, settings
from clientela.aws import clients
from clientela.imports import import_files, import_jobs
from clientela.imports.import_jobs import ImportJob, Mode
from clientela.stores import stores
from clientela_cli.commands import import_upload
from clientela_cli.console import options, output, suggestions
from clientela_cli.console.exit_codes import FAILED, REJECTED, CommandError

app = typer.Typer(help="Imports of customers from CSV files.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(metavar="IMPORT", help="The import's id, e.g. imp_01K….", show_default=False)]
File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE.csv",
        help="A file of any size, delimiter and encoding.",
        exists=True,
        dir_okay=False,
        show_default=False,
    ),
]
Delimiter = Literal["comma", "semicolon", "tab", "pipe"]


@app.command()
def upload(
    context: typer.Context,
    store_id: options.Store,
    file: File,
    mode: Annotated[Mode, typer.Option(help="Create and update customers, or only one of these.")] = "upsert",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report what would happen; change nothing.")] = False,
    send_welcome: Annotated[bool, typer.Option("--send-welcome", help="Invite every new customer by mail.")] = False,
    delimiter: Annotated[
        Delimiter | None, typer.Option(help="The delimiter, if it is not detected correctly.", show_default=False)
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="The encoding, if it is not detected correctly, e.g. cp1252.", show_default=False)
    ] = None,
    json: options.Json = False,
) -> None:
    """Upload a CSV file, wait for its import and print a summary. Ctrl-C stops only the waiting."""
    context.obj()
    store = stores.read(store_id)
    flags = {"dry-run": str(dry_run).lower(), "send-welcome": str(send_welcome).lower()}
    metadata = flags | {"mode": mode, "delimiter": delimiter, "encoding": encoding}
    job_id = import_upload.upload(store, file, {name: value for name, value in metadata.items() if value is not None})
    job = import_upload.wait_for_end(store, job_id)
    _print(job, json)
    if job.status != "succeeded":
        raise CommandError(f"The import {job.status}: {job.message or 'no reason given'}", FAILED)
    if job.rejected:
        count = f"{job.rejected} of {job.rows_total} rows were rejected"
        command = suggestions.command(f"imports rejects {store.id} {job.id}")
        raise CommandError(f"{count}: run {command} to see them.", REJECTED)


@app.command("list")
def list_(
    context: typer.Context,
    store_id: options.Store,
    limit: Annotated[int, typer.Option(min=1, help="How many imports, newest first.")] = 20,
    json: options.Json = False,
) -> None:
    """List a store's imports."""
    context.obj()
    jobs = import_jobs.list_all(stores.read(store_id), limit).items
    if json:
        return output.json(jobs)
    columns = ["Import", "File", "Status", "Rows", "Created", "Updated", "Unchanged", "Rejected", "Started"]
    return output.table(columns, map(_row, jobs))


@app.command()
def show(context: typer.Context, store_id: options.Store, job_id: JobId, json: options.Json = False) -> None:
    """Show an import."""
    context.obj()
    _print(import_jobs.get(stores.read(store_id), job_id), json)


@app.command()
def rejects(context: typer.Context, store_id: options.Store, job_id: JobId) -> None:
    """Print the rejected rows as CSV, each with its error, ready to correct and upload again."""
    context.obj()
    _copy_report(import_jobs.get(stores.read(store_id), job_id), "rejects")


@app.command()
def warnings(context: typer.Context, store_id: options.Store, job_id: JobId) -> None:
    """Print the values that were left out of imported rows as CSV, each with the reason."""
    context.obj()
    _copy_report(import_jobs.get(stores.read(store_id), job_id), "warnings")


def _copy_report(job: ImportJob, report: import_files.Report) -> None:
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


def _row(job: ImportJob) -> tuple[object, ...]:
    counts = (job.rows_total, job.created, job.updated, job.unchanged, job.rejected)
    return job.id, job.file, job.status, *counts, clock.format_timestamp(job.started_at)


def _print(job: ImportJob, json: bool) -> None:
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
        notes=job.notes,
        reason=job.message,
        reports=[
            f"s3://{settings.import_jobs_bucket()}/{import_files.report_key(job.id, report)}" for report in available
        ],
    )
