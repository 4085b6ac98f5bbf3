"""`clientela stores`: create, list, show, change, allow-sender, grow, delete, deletions."""

from datetime import datetime
from typing import Annotated, Literal

import typer
from pydantic import TypeAdapter
from rich.progress import Progress, TaskID, TextColumn

from clientela import clock
from clientela.customers import store_settings
from clientela.exports import export_schedules
from clientela.exports.export_schedules import NewSchedule
from clientela.lifecycle import store_deletions
from clientela.lifecycle.store_deletions import StoreDeletion
from clientela.mail import senders
from clientela.migrations import migration_runs, store_growth
from clientela.schema import validation_errors
from clientela.schema.email_addresses import Email
from clientela.stores import pending_deletions, stores
from clientela.stores.stores import StoreSettings
from clientela_cli import deployment
from clientela_cli.commands import field_changes
from clientela_cli.commands.migrate import reporting
from clientela_cli.console import options, output, progress, suggestions
from clientela_cli.console.exit_codes import INTERRUPTED, CommandError

app = typer.Typer(help="Stores of the deployment.", no_args_is_help=True)

LoginMode = Literal["disabled", "optional", "required"]
NewStore = Annotated[str, typer.Argument(metavar="ID", help=validation_errors.STORE_ID, show_default=False)]
Sender = Annotated[str, typer.Argument(metavar="ADDRESS", help="An address that SES has verified.", show_default=False)]


@app.command()
def create(
    context: typer.Context,
    store_id: NewStore,
    name: Annotated[str, typer.Option(help="The name that customers read in mails.")],
    login_mode: Annotated[LoginMode, typer.Option(help="Whether customers can or must sign in.")] = "disabled",
    storefront_url: Annotated[
        str | None,
        typer.Option(help="The shop's address, where sign-in links lead: https://, or http:// for localhost."),
    ] = None,
    sign_in_path: Annotated[
        str | None, typer.Option(help=f"The shop's sign-in page.  {options.default('/account')}")
    ] = None,
    allowed_origin: Annotated[
        list[str] | None,
        typer.Option(help="Another https:// origin whose pages may call the API; repeatable."),
    ] = None,
    sender: Annotated[
        str | None, typer.Option(help="Sender address of the store's mails; SES must have verified it.")
    ] = None,
    reply_to: Annotated[str | None, typer.Option(help="Address for replies to the store's mails.")] = None,
    language: Annotated[str | None, typer.Option(help=f"Language tag (BCP 47).  {options.default('en')}")] = None,
    country: Annotated[str | None, typer.Option(help="Two-letter country code (ISO 3166-1).")] = None,
    currency: Annotated[str | None, typer.Option(help=f"Currency code (ISO 4217).  {options.default('USD')}")] = None,
    timezone: Annotated[
        str | None, typer.Option(help=f"Time zone (IANA), for days and schedules.  {options.default('UTC')}")
    ] = None,
    no_nightly: Annotated[
        bool, typer.Option("--no-nightly", help="No schedule that exports all customers at 03:00.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Create a store, with a schedule that exports all customers every night."""
    options_ = {
        "name": name,
        "login_mode": login_mode,
        "storefront_url": storefront_url,
        "sign_in_path": sign_in_path,
        "allowed_origins": allowed_origin,
        "sender": sender,
        "reply_to": reply_to,
        "language": language,
        "country": country,
        "currency": currency,
        "timezone": timezone,
    }
    settings = StoreSettings.model_validate({field: value for field, value in options_.items() if value is not None})
    context.obj()
    if settings.sender:
        senders.require_verified(settings.sender)
    store = stores.create(store_id, settings, clock.now(), deployment.operator())
    if not no_nightly:
        nightly = NewSchedule(name="Every night", cron=export_schedules.NIGHTLY)
        export_schedules.create(store, nightly, clock.now(), deployment.operator())
    _print(store, json)


@app.command("list")
def list_(context: typer.Context, json: options.Json = False) -> None:
    """List the stores."""
    context.obj()
    all_stores = [stores.read(store_id) for store_id in stores.list_ids()]
    if json:
        return output.json(all_stores)
    rows = [
        (store.id, store.name, store.login_mode, store.storefront_url, clock.format_timestamp(store.created_at))
        for store in all_stores
    ]
    return output.table(["Store", "Name", "Sign-in", "Storefront", "Created at"], rows)


@app.command()
def show(context: typer.Context, store_id: options.Store, json: options.Json = False) -> None:
    """Show a store with its settings."""
    context.obj()
    _print(stores.read(store_id), json)


@app.command()
def change(
    context: typer.Context,
    store_id: options.Store,
    fields: field_changes.Fields = None,
    patch: field_changes.Patch = None,
    json: options.Json = False,
) -> None:
    """Change a store's settings, and print what changed.

    Values are JSON or plain text, e.g. `--set welcome_mail=false --set branding.colour=#aa0000`.
    Changes take effect everywhere within half a minute.
    """
    changes = field_changes.read(StoreSettings, patch, fields)
    context.obj()
    before = stores.read(store_id)
    field_changes.validate(before, changes)
    after = store_settings.change_settings(store_id, changes, clock.now(), before.version, deployment.operator())
    if json:
        output.json(after)
    else:
        field_changes.print_changes(before, after, StoreSettings.model_fields)
    if after.currency != before.currency:
        command = suggestions.command(f"statistics rebuild {after.id}")
        output.say(f"Run {command} to sort customers by spending in {after.currency}.")


@app.command("allow-sender")
def allow_sender(context: typer.Context, store_id: options.Store, address: Sender, json: options.Json = False) -> None:
    """Allow a sender address for a store's mails. The merchant can then choose it.

    SES must have verified the address or its domain.
    """
    sender = TypeAdapter(Email).validate_python(address)
    context.obj()
    _print(senders.allow(store_id, sender, clock.now(), deployment.operator()), json)


@app.command()
def grow(
    context: typer.Context,
    store_id: options.Store,
    buckets: Annotated[int, typer.Argument(help="The new number: 8, 16, 32, …  A store begins with 4.")],
    rate: Annotated[
        float, typer.Option(min=0.1, help="Customers moved per second; lower it if functions are throttled.")
    ] = migration_runs.RATE,
    json: options.Json = False,
) -> None:
    """Spread a large store's customers over more buckets of the table's indexes.

    A bucket takes 1,000 new customers a second, and 3,000 read units: docs/costs.md says which
    number a store needs. Lists and customers can be used meanwhile. It takes at least half an hour,
    because a function may use the old number for a quarter of an hour. Ctrl-C interrupts it, and
    the same command continues.
    """
    context.obj()
    command = f"stores grow {store_id} {buckets}"
    with reporting("Moving", command) as report:
        run = store_growth.grow(store_id, buckets, clock.now, rate, report)
    if json:
        return output.json(run)
    return output.say(f"The store {store_id} has {buckets} buckets: {run.changed:,} of {run.read:,} customers moved.")


@app.command()
def delete(
    context: typer.Context, store_id: options.Store, yes: options.Yes = False, json: options.Json = False
) -> None:
    """Delete a store with all its data for good, and print the certificate.

    That is everything in the table and all files in both buckets. Running imports, exports and bulk
    changes stop. It takes at least a minute and a half, because functions may know the store for
    half a minute. Ctrl-C interrupts it, and the same command continues.
    """
    context.obj()
    if pending_deletions.find(store_id) is None:
        name = stores.read(store_id).name
        options.confirm(f"All data of the store {name} will be deleted for good.", store_id, yes=yes)
    try:
        with progress.bar(TextColumn("")) as bar:
            task = bar.add_task("Deleting", total=None)
            deletion = store_deletions.delete(
                store_id, deployment.operator(), clock.now, lambda activity, done: _advance(bar, task, activity, done)
            )
    except KeyboardInterrupt:
        command = suggestions.command(f"stores delete {store_id}")
        raise CommandError(f"Interrupted: the store is gone, and {command} deletes the rest.", INTERRUPTED) from None
    if json:
        return output.json(deletion)
    return _print_deletion(deletion)


@app.command()
def deletions(context: typer.Context, json: options.Json = False) -> None:
    """List the certificates of deleted stores, oldest first."""
    context.obj()
    all_deletions = store_deletions.list_all()
    if json:
        return output.json(all_deletions)
    rows = [
        (each.id, each.store_id, each.status, _time(each.begun_at), _time(each.completed_at), _counts(each))
        for each in all_deletions
    ]
    return output.table(["Deletion", "Store", "Status", "Begun at", "Completed at", "Deleted"], rows)


def _advance(bar: Progress, task: TaskID, activity: str, done: int) -> None:
    bar.update(task, advance=done)
    bar.update(task, description=f"{activity}: {bar.tasks[task].completed:,.0f} items")


def _print_deletion(deletion: StoreDeletion) -> None:
    output.details(
        deletion=deletion.id,
        store=deletion.store_id,
        status=deletion.status,
        begun_at=_time(deletion.begun_at),
        completed_at=_time(deletion.completed_at),
        deleted=_counts(deletion),
    )


def _counts(deletion: StoreDeletion) -> list[str]:
    return [f"{count:,} {kind.replace('_', ' ')}" for kind, count in deletion.deleted.items() if count]


def _time(moment: datetime | None) -> str:
    return clock.format_timestamp(moment) if moment else ""


def _print(store: stores.Store, json: bool) -> None:
    if json:
        return output.json(store)
    settings = store.model_dump(mode="json", exclude={"id"})
    return output.settings({"store": store.id} | dict(field_changes.flatten(settings)))
