"""`clientela imports`: plan, start, watch, cancel, undo, kept, retry."""

from pathlib import Path
from typing import Annotated

import typer

from clientela import clock
from clientela.imports import import_jobs, import_plans, import_retries, import_states
from clientela.imports.import_choices import ImportChanges
from clientela.imports.import_jobs import ImportJob
from clientela.imports.import_plans import ImportPlan, PlannedChange
from clientela.lifecycle import import_undo
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela_cli import deployment
from clientela_cli.commands import import_output, import_upload
from clientela_cli.console import options, output, suggestions
from clientela_cli.console.exit_codes import FAILED, REJECTED, USAGE, CommandError

JobId = Annotated[str, typer.Argument(metavar="IMPORT", help="The import's id, e.g. imp_01K….", show_default=False)]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end and show the progress.")]
CorrectedFile = Annotated[
    Path,
    typer.Argument(
        metavar="CORRECTED.csv",
        help="The corrected rejects report.",
        exists=True,
        dir_okay=False,
        show_default=False,
    ),
]


def plan(
    context: typer.Context,
    store_id: options.Store,
    job_id: JobId,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="HEADER=FIELD",
            help="Another field for a column; none to leave it out.",
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Show what an import would do, row by row counted; with --map after planning it anew."""
    context.obj()
    store = stores.read(store_id)
    if column:
        changes = ImportChanges(mapping=dict(map(_parse_mapping, column)))
        import_states.change(store, job_id, changes, clock.now(), deployment.operator())
    show_plan(store, job_id, json)


def start(
    context: typer.Context, store_id: options.Store, job_id: JobId, wait: Wait = True, json: options.Json = False
) -> None:
    """Start a planned import: it does what its plan says, and nothing else."""
    context.obj()
    store = stores.read(store_id)
    job = import_states.start(store, job_id, clock.now(), deployment.operator())
    if not wait:
        return import_output.show(job, json)
    return finish(store, import_upload.wait_for_end(store, job_id), json)


def watch(context: typer.Context, store_id: options.Store, job_id: JobId, json: options.Json = False) -> None:
    """Follow an import to its end, or until its plan waits for the start."""
    context.obj()
    store = stores.read(store_id)
    job = import_upload.watch(store, job_id, _waits_or_ended)
    if job.status == "planned":
        return import_output.show(job, json)
    return finish(store, job, json)


def cancel(context: typer.Context, store_id: options.Store, job_id: JobId, json: options.Json = False) -> None:
    """Cancel an import, and wait until it has stopped. What it has loaded stays."""
    context.obj()
    store = stores.read(store_id)
    import_states.cancel(store, job_id, clock.now(), deployment.operator())
    import_output.show(import_upload.wait_for_end(store, job_id), json)


def undo(context: typer.Context, store_id: options.Store, job_id: JobId, json: options.Json = False) -> None:
    """Undo an import within seven days, and wait for the end.

    Customers who were touched since are kept: see `clientela imports kept`.
    """
    context.obj()
    store = stores.read(store_id)
    import_undo.undo(store, job_id, clock.now(), deployment.operator())
    job = import_upload.watch(store, job_id, lambda job: bool(job.undo and job.undo.finished_at))
    import_output.show(job, json)
    if job.undo and job.undo.status == "failed":
        raise CommandError("The undo failed: run the command again, and it goes on.", FAILED)
    if job.undo and job.undo.kept:
        command = suggestions.command(f"imports kept {store.id} {job.id}")
        raise CommandError(f"{job.undo.kept} customers were touched since and are kept: see {command}.", REJECTED)


def kept(context: typer.Context, store_id: options.Store, job_id: JobId) -> None:
    """Print the customers whom an undo kept as CSV, each with the reason."""
    context.obj()
    store = stores.read(store_id)
    import_undo.report_url(store, job_id)  # raises if there is none
    import_output.copy_report(import_jobs.get(store, job_id), "kept")


def retry(
    context: typer.Context,
    store_id: options.Store,
    job_id: JobId,
    file: CorrectedFile,
    wait: Wait = True,
    json: options.Json = False,
) -> None:
    """Import a corrected rejects report, as a spreadsheet saves it, as an import of its own."""
    context.obj()
    store = stores.read(store_id)
    job = import_retries.retry_file(store, job_id, file.read_bytes(), clock.now(), deployment.operator())
    if not wait:
        return import_output.show(job, json)
    return finish(store, import_upload.wait_for_end(store, job.id), json)


def show_plan(store: Store, job_id: str, json: bool) -> None:
    """Print the plan of an import as soon as it is made.

    Raises:
        CommandError: the file was refused.
    """
    job = import_upload.watch(store, job_id, _waits_or_ended)
    if job.status == "failed":
        raise CommandError(f"The import failed: {job.message}", FAILED)
    _print_plan(store, job, import_plans.get(store, job_id), json)


def finish(store: Store, job: ImportJob, json: bool) -> None:
    """Print an import that has ended.

    Raises:
        CommandError: it failed or was cancelled, or rows were rejected.
    """
    import_output.show(job, json)
    if job.status != "succeeded":
        raise CommandError(f"The import {job.status}: {job.message or 'no reason given'}", FAILED)
    if job.rejected:
        count = f"{job.rejected} of {job.rows_total} rows were rejected"
        command = suggestions.command(f"imports rejects {store.id} {job.id}")
        raise CommandError(f"{count}: run {command} to see them.", REJECTED)


def _waits_or_ended(job: ImportJob) -> bool:
    return job.finished_at is not None or (job.status == "planned" and job.plan is not None)


def _parse_mapping(text: str) -> tuple[str, str | None]:
    header, equals, field = text.rpartition("=")
    if not equals or not header:
        raise CommandError(f"Write {text} as HEADER=FIELD, or HEADER=none to leave the column out.", USAGE)
    return header, None if field == "none" else field


def _print_plan(store: Store, job: ImportJob, plan: ImportPlan, json: bool) -> None:
    if json:
        return output.json(plan)
    names = [f"{each.header} → {each.field}{' (guessed)' * each.guessed}" for each in plan.columns if each.field]
    output.details(
        **{"import": job.id},
        plan=plan.number,
        rows=plan.rows_total,
        new=plan.created,
        changed=plan.updated,
        unchanged=plan.unchanged,
        rejected=plan.rejected,
        columns=names,
        left_out=[column.header for column in plan.columns if not column.field],
        reasons=[f"{reason.code}: {reason.count}" for reason in plan.reasons],
    )
    output.table(["Line", "Field", "Before", "After"], (row for each in plan.differences for row in _rows(each)))
    if job.status == "planned":
        output.say(f"Nothing is changed yet: run {suggestions.command(f'imports start {store.id} {job.id}')}.")
    return None


def _rows(difference: PlannedChange) -> list[tuple[object, ...]]:
    return [(difference.line, change.field, change.before, change.after) for change in difference.changes]
