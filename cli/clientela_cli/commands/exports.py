"""`clientela exports`: run, list, show, download; and the group `schedules`."""

import time
from hashlib import file_digest
from pathlib import Path
from typing import Annotated

import orjson
import typer

from clientela import clock, settings
from clientela.aws import clients
from clientela.customers import group_filter
from clientela.customers.customer_filter import CustomerFilter
from clientela.exports import export_jobs, export_links, export_runs
from clientela.exports.export_content import Manifest
from clientela.exports.export_jobs import ExportJob
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela_cli import deployment
from clientela_cli.commands import export_options, export_schedules, filter_options
from clientela_cli.console import options, output, progress, suggestions
from clientela_cli.console.exit_codes import INTERRUPTED, USAGE, CommandError

app = typer.Typer(help="Exports of customers and orders to CSV files.", no_args_is_help=True)
app.add_typer(export_schedules.app, name="schedules")

_POLL_SECONDS = 0.3
_TIMEOUT_SECONDS = export_runs.RUN_LIMIT.total_seconds() + 60
Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE.csv", help="Where to download the file.", dir_okay=False, show_default=False),
]
JobId = Annotated[str, typer.Argument(metavar="EXPORT", help="The export's id, e.g. exp_01K….", show_default=False)]


@app.command()
@filter_options.filtered
def run(
    context: typer.Context,
    store_id: options.Store,
    filter_: CustomerFilter,
    what: export_options.WhatOption = "customers",
    columns: export_options.Columns = None,
    spreadsheet: export_options.SpreadsheetOption = None,
    format_: export_options.Format = None,
    out: Out = None,
    json: options.Json = False,
) -> None:
    """Export customers or orders, and wait for the file. Ctrl-C stops only the waiting.

    Without filters: all of them.
    """
    _require_folder(out)
    request = export_options.request(what, filter_, columns, spreadsheet, format_)
    context.obj()
    store = stores.read(store_id)
    resolved = request.model_copy(update={"filter": group_filter.resolve(store, filter_, "--group")})
    job = _wait_for_end(store, export_jobs.start(store, clock.now(), resolved, deployment.operator()))
    manifest = _manifest_of(job)
    if out:
        _download(manifest, out)
    if json:
        return output.json({"export": job, "manifest": manifest})
    return output.details(
        export=job.id,
        rows=manifest.rows,
        size=f"{manifest.size:,} bytes",
        file=_s3_url(manifest.file),
        manifest=job.manifest and _s3_url(job.manifest),
        downloaded=out,
        sha256=manifest.sha256,
        columns=manifest.columns,
    )


@app.command("list")
def list_(
    context: typer.Context,
    store_id: options.Store,
    limit: Annotated[int, typer.Option(min=1, help="How many exports, newest first.")] = 20,
    json: options.Json = False,
) -> None:
    """List a store's exports."""
    context.obj()
    jobs = export_jobs.list_all(stores.read(store_id), limit).items
    if json:
        return output.json(jobs)
    rows = [(job.id, job.what, job.status, job.rows, job.file, clock.format_timestamp(job.created_at)) for job in jobs]
    return output.table(["Export", "What", "Status", "Rows", "File", "Created at"], rows)


@app.command()
def show(context: typer.Context, store_id: options.Store, job_id: JobId, json: options.Json = False) -> None:
    """Show an export."""
    context.obj()
    job = export_jobs.get(stores.read(store_id), job_id)
    if json:
        return output.json(job)
    fields = job.model_dump(mode="json", exclude={"id"})
    fields |= {"filter": export_options.shown(job.filter), "format": export_options.shown(job.format)}
    return output.details(export=job.id, **fields)


@app.command()
def download(
    context: typer.Context,
    store_id: options.Store,
    job_id: JobId,
    out: Annotated[Path, typer.Option(metavar="FILE.csv", help="Where to write the file.", dir_okay=False)],
    json: options.Json = False,
) -> None:
    """Download the file of an export, and compare it with its checksum.

    The list of removed customers of an export of changes is written beside it.
    """
    _require_folder(out)
    context.obj()
    store = stores.read(store_id)
    job = export_jobs.get(store, job_id)
    _require_success(job)
    export_links.download(store, job_id, clock.now(), deployment.operator())  # for the audit trail
    manifest = _manifest_of(job)
    _download(manifest, out)
    removed = _download_removals(manifest, out)
    if json:
        return output.json(manifest)
    return output.details(
        export=job_id,
        rows=manifest.rows,
        downloaded=out,
        sha256=manifest.sha256,
        removed=manifest.removed,
        list=removed,
    )


def _require_folder(out: Path | None) -> None:
    if out and not out.parent.is_dir():
        raise CommandError(f"Folder {out.parent} not found: create it first.", USAGE)


def _require_success(job: ExportJob) -> str:
    if job.status != "succeeded" or job.manifest is None:
        raise CommandError(f"Export {job.id} {job.status}: {job.message or 'no reason given'}")
    return job.manifest


def _manifest_of(job: ExportJob) -> Manifest:
    return _read_manifest(_require_success(job))


def _wait_for_end(store: Store, job: ExportJob) -> ExportJob:
    """Wait as long as the job makes progress: a large one, or one behind others, may take hours."""
    seen, deadline = job, time.monotonic() + _TIMEOUT_SECONDS
    try:
        with progress.bar() as bar:
            task = bar.add_task("Exporting", total=None)
            while job.status not in {"succeeded", "failed"}:
                if time.monotonic() > deadline:
                    minutes = f"{_TIMEOUT_SECONDS / 60:.0f} minutes"
                    raise CommandError(f"Export {job.id} has made no progress for {minutes}: see the function's log.")
                time.sleep(_POLL_SECONDS)
                job = export_jobs.get(store, job.id)
                if job != seen:
                    seen, deadline = job, time.monotonic() + _seconds_until_next_try(job) + _TIMEOUT_SECONDS
                    if job.next_try_at:
                        bar.console.print(f"{job.message} Next try at {clock.format_timestamp(job.next_try_at)}.")
                bar.update(task, total=job.parts, completed=job.parts_done or 0)
            return job
    except KeyboardInterrupt:
        raise CommandError(
            f"The export continues: see {suggestions.command(f'exports show {store.id} {job.id}')}.", INTERRUPTED
        ) from None


def _seconds_until_next_try(job: ExportJob) -> float:
    return (job.next_try_at - clock.now()).total_seconds() if job.next_try_at else 0.0


def _read_manifest(key: str) -> Manifest:
    body = clients.s3().get_object(Bucket=settings.exports_bucket(), Key=key)["Body"].read()
    return Manifest.model_validate(orjson.loads(body))


def _download(manifest: Manifest, out: Path) -> None:
    clients.s3().download_file(settings.exports_bucket(), manifest.file, str(out))
    with out.open("rb") as file:
        if file_digest(file, "sha256").hexdigest() != manifest.sha256:
            raise CommandError(f"{out} does not match the manifest's checksum: export again.")


def _download_removals(manifest: Manifest, out: Path) -> Path | None:
    if manifest.removed_file is None:
        return None
    target = out.with_suffix(".removed.csv")
    clients.s3().download_file(settings.exports_bucket(), manifest.removed_file, str(target))
    return target


def _s3_url(key: str) -> str:
    return f"s3://{settings.exports_bucket()}/{key}"
