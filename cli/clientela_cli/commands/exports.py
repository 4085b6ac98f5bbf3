"""`clientela exports`: run, list, show."""

import time
from hashlib import file_digest
from pathlib import Path
from typing import Annotated

import orjson
import typer

from clientela import clock, settings
from clientela.aws import clients
from clientela.exports import export_jobs, export_runs
from clientela.exports.export_content import Manifest
from clientela.exports.export_jobs import ExportJob
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela_cli import deployment
from clientela_cli.console import options, output, progress, suggestions
from clientela_cli.console.exit_codes import INTERRUPTED, USAGE, CommandError

app = typer.Typer(help="Exports of customers to CSV files.", no_args_is_help=True)

_POLL_SECONDS = 0.3
_TIMEOUT_SECONDS = export_runs.RUN_LIMIT.total_seconds() + 60
Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE.csv", help="Where to download the file.", dir_okay=False, show_default=False),
]
JobId = Annotated[str, typer.Argument(metavar="EXPORT", help="The export's id, e.g. exp_01K….", show_default=False)]


@app.command()
def run(context: typer.Context, store_id: options.Store, out: Out = None, json: options.Json = False) -> None:
    """Export all customers of a store and wait for the file. Ctrl-C stops only the waiting."""
    if out and not out.parent.is_dir():
        raise CommandError(f"Folder {out.parent} not found: create it first.", USAGE)
    context.obj()
    store = stores.read(store_id)
    job = _wait_for_end(store, export_jobs.start(store, clock.now(), by=deployment.operator()))
    if job.status != "succeeded" or job.file is None or job.manifest is None:
        raise CommandError(f"Export {job.id} {job.status}: {job.message or 'no reason given'}")
    manifest = _read_manifest(job.manifest)
    if out:
        _download(manifest, out)
    if json:
        return output.json({"export": job, "manifest": manifest})
    return output.details(
        export=job.id,
        rows=manifest.rows,
        size=f"{manifest.size:,} bytes",
        file=_s3_url(job.file),
        manifest=_s3_url(job.manifest),
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
    rows = [(job.id, job.status, job.rows, job.file, clock.format_timestamp(job.created_at)) for job in jobs]
    return output.table(["Export", "Status", "Rows", "File", "Created at"], rows)


@app.command()
def show(context: typer.Context, store_id: options.Store, job_id: JobId, json: options.Json = False) -> None:
    """Show an export."""
    context.obj()
    job = export_jobs.get(stores.read(store_id), job_id)
    if json:
        return output.json(job)
    return output.details(export=job.id, **job.model_dump(mode="json", exclude={"id", "filter"}))


def _wait_for_end(store: Store, job: ExportJob) -> ExportJob:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    try:
        with progress.bar() as bar:
            bar.add_task("Exporting", total=None)
            while job.status not in {"succeeded", "failed"}:
                if time.monotonic() > deadline:
                    minutes = f"{_TIMEOUT_SECONDS / 60:.0f} minutes"
                    raise CommandError(f"Export {job.id} has not ended after {minutes}: see the function's log.")
                time.sleep(_POLL_SECONDS)
                job = export_jobs.get(store, job.id)
            return job
    except KeyboardInterrupt:
        raise CommandError(
            f"The export continues: see {suggestions.command(f'exports show {store.id} {job.id}')}.", INTERRUPTED
        ) from None


def _read_manifest(key: str) -> Manifest:
    body = clients.s3().get_object(Bucket=settings.exports_bucket(), Key=key)["Body"].read()
    return Manifest.model_validate(orjson.loads(body))


def _download(manifest: Manifest, out: Path) -> None:
    clients.s3().download_file(settings.exports_bucket(), manifest.file, str(out))
    with out.open("rb") as file:
        if file_digest(file, "sha256").hexdigest() != manifest.sha256:
            raise CommandError(f"{out} does not match the manifest's checksum: export again.")


def _s3_url(key: str) -> str:
    return f"s3://{settings.exports_bucket()}/{key}"
