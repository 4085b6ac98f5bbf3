"""`clientela stores`: create, list, show."""

from typing import Annotated, Literal

import typer

from clientela import clock, stores
from clientela.stores import StoreSettings
from clientela_cli import options, output

app = typer.Typer(help="The stores of this deployment.", no_args_is_help=True)

LoginMode = Literal["disabled", "optional", "required"]
NewStore = Annotated[
    str, typer.Argument(metavar="ID", help="Lower-case letters, digits and dashes.", show_default=False)
]


@app.command()
def create(
    context: typer.Context,
    store_id: NewStore,
    name: Annotated[str, typer.Option(help="As customers read it in mails.")],
    login_mode: Annotated[LoginMode, typer.Option(help="May, or must, customers sign in?")] = "disabled",
    storefront_url: Annotated[str | None, typer.Option(help="Where the shop is: sign-in links lead there.")] = None,
    sign_in_path: Annotated[str | None, typer.Option(help="The shop's sign-in page.  [default: /account]")] = None,
    allowed_origin: Annotated[
        list[str] | None, typer.Option(help="A further origin that may call the API from a browser; repeatable.")
    ] = None,
    sender: Annotated[str | None, typer.Option(help="Address its mails come from, verified in SES.")] = None,
    reply_to: Annotated[str | None, typer.Option(help="Address that answers to its mails go to.")] = None,
    language: Annotated[str | None, typer.Option(help="BCP 47.  [default: en]")] = None,
    country: Annotated[str | None, typer.Option(help="ISO 3166-1 alpha-2.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217.  [default: USD]")] = None,
    json: options.Json = False,
) -> None:
    """Create a store."""
    given = {
        "name": name, "login_mode": login_mode, "storefront_url": storefront_url, "sign_in_path": sign_in_path,
        "allowed_origins": allowed_origin, "sender": sender, "reply_to": reply_to, "language": language,
        "country": country, "currency": currency,
    }  # fmt: skip
    settings = StoreSettings.model_validate({field: value for field, value in given.items() if value is not None})
    context.obj()
    _print(stores.create(store_id, settings, clock.now()), json)


@app.command("list")
def list_(context: typer.Context, json: options.Json = False) -> None:
    """List the stores."""
    context.obj()
    found = [stores.read(store_id) for store_id in stores.every_id()]
    if json:
        return output.json(found)
    rows = [
        (store.id, store.name, store.login_mode, store.storefront_url, clock.stamp(store.created_at)) for store in found
    ]
    return output.table(["Store", "Name", "Sign-in", "Storefront", "Created at"], rows)


@app.command()
def show(context: typer.Context, store_id: options.Store, json: options.Json = False) -> None:
    """Show a store with its settings."""
    context.obj()
    _print(stores.read(store_id), json)


def _print(store: stores.Store, json: bool) -> None:
    if json:
        return output.json(store)
    fields = store.model_dump(mode="json", exclude={"id", "branding"})
    return output.details(store=store.id, **fields)
