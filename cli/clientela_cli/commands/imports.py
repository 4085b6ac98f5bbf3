"""`clientela imports`: upload, list, show, rejects, warnings, and those of `import_actions`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from clientela import clock
from clientela.imports import import_jobs
from clientela.imports.import_choices import ImportChoices
from clientela.imports.import_jobs import ImportJob, Mode
from clientela.stores import stores
from clientela_cli import deployment
from clientela_cli.commands import import_actions, import_output, import_upload
from clientela_cli.console import options, output

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
    plan: Annotated[bool, typer.Option("--plan", help="Only plan the import: `imports start` starts it.")] = False,
    json: options.Json = False,
) -> None:
    """Upload a CSV file, wait for its import and print a summary. Ctrl-C stops only the waiting."""
    context.obj()
    store = stores.read(store_id)
    if plan:
        chosen = {"mode": mode, "send_welcome": send_welcome, "delimiter": delimiter, "encoding": encoding}
        choices = ImportChoices.model_validate({name: value for name, value in chosen.items() if value is not None})
        job_id = import_upload.upload_to_plan(store, file, choices, deployment.operator())
        return import_actions.show_plan(store, job_id, json)
    flags = {"dry-run": str(dry_run).lower(), "send-welcome": str(send_welcome).lower()}
    metadata = flags | {"mode": mode, "delimiter": delimiter, "encoding": encoding}
    job_id = import_upload.upload(store, file, {name: value for name, value in metadata.items() if value is not None})
    job = import_upload.wait_for_end(store, job_id)
    return import_actions.finish(store, job, json)


for command in (
    import_actions.plan,
    import_actions.start,
    import_actions.watch,
    import_actions.cancel,
    import_actions.undo,
    import_actions.kept,
    import_actions.retry,
):
    app.command()(command)


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
    import_output.show(import_jobs.get(stores.read(store_id), job_id), json)


@app.command()
def rejects(context: typer.Context, store_id: options.Store, job_id: JobId) -> None:
    """Print the rejected rows as CSV, each with its error, ready to correct and upload again."""
    context.obj()
    import_output.copy_report(import_jobs.get(stores.read(store_id), job_id), "rejects")


@app.command()
def warnings(context: typer.Context, store_id: options.Store, job_id: JobId) -> None:
    """Print the values that were left out of imported rows as CSV, each with the reason."""
    context.obj()
    import_output.copy_report(import_jobs.get(stores.read(store_id), job_id), "warnings")


def _row(job: ImportJob) -> tuple[object, ...]:
    counts = (job.rows_total, job.created, job.updated, job.unchanged, job.rejected)
    return job.id, job.file, job.status, *counts, clock.format_timestamp(job.started_at)
