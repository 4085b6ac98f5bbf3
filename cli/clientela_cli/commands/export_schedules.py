"""`clientela exports schedules`: list, show, create, change, pause, resume, run, delete."""

from typing import Annotated

import typer

from clientela import clock
from clientela.concurrency import retry_on_conflict
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import VersionConflictError
from clientela.exports import export_columns, export_schedules, export_starts, schedule_states
from clientela.exports.export_columns import What
from clientela.exports.export_schedules import NewSchedule, Schedule
from clientela.schema.merge_patch import merge
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela_cli import deployment
from clientela_cli.commands import export_options, field_changes, filter_options
from clientela_cli.console import options, output
from clientela_cli.console.exit_codes import USAGE, CommandError

app = typer.Typer(help="When exports run by themselves.", no_args_is_help=True)

ScheduleId = Annotated[
    str, typer.Argument(metavar="SCHEDULE", help="The schedule's id, e.g. exs_01K….", show_default=False)
]


@app.command("list")
def list_(context: typer.Context, store_id: options.Store, json: options.Json = False) -> None:
    """List a store's schedules."""
    context.obj()
    store = stores.read(store_id)
    views = schedule_states.show_all(store, export_schedules.list_all(store.id), clock.now())
    if json:
        return output.json(views)
    rows = [
        (
            view.id,
            view.name,
            view.cron,
            view.timezone,
            "paused" if view.paused else "failing" if view.is_failing else "active",
            clock.format_timestamp(view.next_runs[0]) if view.next_runs else None,
            clock.format_timestamp(view.last_success_at) if view.last_success_at else None,
        )
        for view in views
    ]
    return output.table(["Schedule", "Name", "Cron", "Time zone", "State", "Next run", "Last success"], rows)


@app.command()
def show(context: typer.Context, store_id: options.Store, schedule_id: ScheduleId, json: options.Json = False) -> None:
    """Show a schedule with its next and last runs."""
    context.obj()
    store = stores.read(store_id)
    _print(store, export_schedules.get(store, schedule_id), json)


@app.command()
@filter_options.filtered
def create(
    context: typer.Context,
    store_id: options.Store,
    filter_: CustomerFilter,
    name: Annotated[str, typer.Option(help="The name of the schedule.")],
    cron: Annotated[str, typer.Option(help='A cron expression of five or six fields, e.g. "0 3 * * *".')],
    timezone: Annotated[str | None, typer.Option(help="The time zone of the expression; else the store's.")] = None,
    notify: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="An address that gets the file by mail; repeatable.")
    ] = None,
    what: export_options.WhatOption = "customers",
    columns: export_options.Columns = None,
    spreadsheet: export_options.SpreadsheetOption = None,
    format_: export_options.Format = None,
    changed_since_last: Annotated[
        bool, typer.Option("--changed-since-last", help="Only the customers that changed since the last success.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Create a schedule of exports."""
    request = export_options.request(what, filter_, columns, spreadsheet, format_)
    when = {"changed_since_last": changed_since_last}
    fields = {"name": name, "cron": cron, "timezone": timezone, "notify": notify or []}
    new = NewSchedule.model_validate(request.model_dump(mode="json", exclude_none=True) | fields | when)
    context.obj()
    store = stores.read(store_id)
    _print(store, export_schedules.create(store, new, clock.now(), deployment.operator()), json)


@app.command()
@filter_options.filtered
def change(
    context: typer.Context,
    store_id: options.Store,
    schedule_id: ScheduleId,
    filter_: CustomerFilter,
    name: Annotated[str | None, typer.Option(help="The name of the schedule.")] = None,
    cron: Annotated[str | None, typer.Option(help="A cron expression of five or six fields.")] = None,
    timezone: Annotated[str | None, typer.Option(help="The time zone of the expression.")] = None,
    notify: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="Who gets the file instead; repeatable.")
    ] = None,
    what: Annotated[What | None, typer.Option(help="What a row is.")] = None,
    columns: export_options.Columns = None,
    spreadsheet: export_options.SpreadsheetOption = None,
    format_: export_options.Format = None,
    changed_since_last: Annotated[
        bool | None, typer.Option(help="Only the customers that changed since the last success, or all.")
    ] = None,
    fields: field_changes.Fields = None,
    patch: field_changes.Patch = None,
    json: options.Json = False,
) -> None:
    """Change a schedule, and print what changed. What no option names stays.

    `--set` empties a field: `--set filter=null --set columns=null --set notify=[]`.
    """
    given = {
        "name": name,
        "cron": cron,
        "timezone": timezone,
        "notify": notify or None,
        "what": what,
        "filter": filter_.model_dump(mode="json", exclude_none=True) or None,
        "spreadsheet": spreadsheet,
        "format": export_options.format_choices(format_),
        "changed_since_last": changed_since_last,
    }
    given = {field: value for field, value in given.items() if value is not None}
    changes = merge(field_changes.read_optional(NewSchedule, patch, fields), given)
    if not changes and columns is None:
        raise CommandError("Nothing to change: name an option, such as --cron.", USAGE)
    context.obj()
    store, by = stores.read(store_id), deployment.operator()

    def attempt() -> tuple[Schedule, Schedule]:
        before = export_schedules.get(store, schedule_id)
        chosen = {} if columns is None else {"columns": export_columns.parse_names(columns, what or before.what)}
        after = export_schedules.patch(store, before.id, changes | chosen, clock.now(), before.version, by)
        return before, after

    before, after = retry_on_conflict(attempt, (VersionConflictError,))
    if json:
        return output.json(schedule_states.show(store, after, clock.now()))
    return field_changes.print_changes(before, after, NewSchedule.model_fields)


@app.command()
def pause(context: typer.Context, store_id: options.Store, schedule_id: ScheduleId, json: options.Json = False) -> None:
    """Stop the planned runs of a schedule until `resume`."""
    _set_paused(context, store_id, schedule_id, json, paused=True)


@app.command()
def resume(
    context: typer.Context, store_id: options.Store, schedule_id: ScheduleId, json: options.Json = False
) -> None:
    """Let a paused schedule run again."""
    _set_paused(context, store_id, schedule_id, json, paused=False)


@app.command()
def run(context: typer.Context, store_id: options.Store, schedule_id: ScheduleId, json: options.Json = False) -> None:
    """Start an export of a schedule now. It sends the same mails."""
    context.obj()
    job = export_starts.start_now(stores.read(store_id), schedule_id, clock.now(), deployment.operator())
    if json:
        return output.json(job)
    return output.details(export=job.id, status=job.status)


@app.command()
def delete(
    context: typer.Context, store_id: options.Store, schedule_id: ScheduleId, json: options.Json = False
) -> None:
    """Delete a schedule. Its exports stay; the links in its mails end."""
    context.obj()
    export_schedules.delete(stores.read(store_id), schedule_id, clock.now(), deployment.operator())
    if json:
        return output.json({"deleted": schedule_id})
    return output.details(deleted=schedule_id)


def _set_paused(context: typer.Context, store_id: str, schedule_id: str, json: bool, *, paused: bool) -> None:
    context.obj()
    store = stores.read(store_id)
    changed = export_schedules.patch(store, schedule_id, {"paused": paused}, clock.now(), by=deployment.operator())
    _print(store, changed, json)


def _print(store: Store, schedule: Schedule, json: bool) -> None:
    view = schedule_states.show(store, schedule, clock.now())
    if json:
        return output.json(view)
    fields = view.model_dump(mode="json", exclude_none=True)
    fields |= {"filter": export_options.shown(view.filter), "format": export_options.shown(view.format)}
    runs = [f"{run.created_at:%Y-%m-%d %H:%M} {run.status}" for run in view.last_runs]
    return output.details(**fields | {"last_runs": runs})
