"""`clientela stores`: create, list, show, change, allow-sender."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import TypeAdapter

from clientela import clock
from clientela.customers import store_settings
from clientela.schema.email_addresses import Email
from clientela.stores import stores
from clientela.stores.stores import StoreSettings
from clientela_cli import complaints, options, output, setting_changes

app = typer.Typer(help="The stores of this deployment.", no_args_is_help=True)

LoginMode = Literal["disabled", "optional", "required"]
NewStore = Annotated[str, typer.Argument(metavar="ID", help=f"{complaints.STORE_ID}.", show_default=False)]
Sender = Annotated[str, typer.Argument(metavar="ADDRESS", help="An identity verified in SES.", show_default=False)]


@app.command()
def create(
    context: typer.Context,
    store_id: NewStore,
    name: Annotated[str, typer.Option(help="As customers read it in mails.")],
    login_mode: Annotated[LoginMode, typer.Option(help="May, or must, customers sign in?")] = "disabled",
    storefront_url: Annotated[
        str | None,
        typer.Option(help="Where the shop is, with https:// (http:// for localhost): sign-in links lead there."),
    ] = None,
    sign_in_path: Annotated[
        str | None, typer.Option(help=f"The shop's sign-in page.  {options.default('/account')}")
    ] = None,
    allowed_origin: Annotated[
        list[str] | None,
        typer.Option(help="A further https:// origin that may call the API from a browser; repeatable."),
    ] = None,
    sender: Annotated[str | None, typer.Option(help="Address its mails come from, verified in SES.")] = None,
    reply_to: Annotated[str | None, typer.Option(help="Address that answers to its mails go to.")] = None,
    language: Annotated[str | None, typer.Option(help=f"BCP 47.  {options.default('en')}")] = None,
    country: Annotated[str | None, typer.Option(help="ISO 3166-1 alpha-2.")] = None,
    currency: Annotated[str | None, typer.Option(help=f"ISO 4217.  {options.default('USD')}")] = None,
    json: options.Json = False,
) -> None:
    """Create a store."""
    given = {
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
    }
    settings = StoreSettings.model_validate({field: value for field, value in given.items() if value is not None})
    context.obj()
    _print(stores.create(store_id, settings, clock.now()), json)


@app.command("list")
def list_(context: typer.Context, json: options.Json = False) -> None:
    """List the stores."""
    context.obj()
    found = [stores.read(store_id) for store_id in stores.list_ids()]
    if json:
        return output.json(found)
    rows = [
        (store.id, store.name, store.login_mode, store.storefront_url, clock.format_timestamp(store.created_at))
        for store in found
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
    fields: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A setting as `show` names it; repeatable. null resets it."),
    ] = None,
    patch: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="A JSON Merge Patch (RFC 7396).", exists=True, dir_okay=False),
    ] = None,
    json: options.Json = False,
) -> None:
    """Change a store's settings. Values are JSON or plain text: `--set welcome_mail=false --set branding.colour=#aa0000`.

    A changed setting holds everywhere within half a minute.
    """
    changes = setting_changes.given(patch, fields or [])
    context.obj()
    before = stores.read(store_id)
    setting_changes.demand_allowed(before, changes)
    after = store_settings.change_settings(store_id, changes, clock.now(), before.version)
    _print(after, json)
    if after.currency != before.currency:
        output.say(f"`clientela statistics rebuild {after.id}` sorts customers by what they spent in {after.currency}.")


@app.command("allow-sender")
def allow_sender(context: typer.Context, store_id: options.Store, address: Sender, json: options.Json = False) -> None:
    """Let a store's mails come from an address: its merchant can then choose it as the sender."""
    sender = TypeAdapter(Email).validate_python(address)
    context.obj()
    _print(stores.allow_sender(store_id, sender, clock.now()), json)


def _print(store: stores.Store, json: bool) -> None:
    if json:
        return output.json(store)
    settings = store.model_dump(mode="json", exclude={"id"})
    return output.named({"store": store.id} | dict(setting_changes.flat(settings)))
