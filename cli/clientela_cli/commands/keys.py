"""`clientela keys`: create, list, rotate, revoke."""

from datetime import datetime
from typing import Annotated

import typer

from clientela import clock
from clientela.stores import api_keys, key_changes, stores
from clientela.stores.api_keys import ALL_SCOPES, IssuedKey, NewKey, Scope
from clientela_cli import deployment
from clientela_cli.console import options, output

app = typer.Typer(help="API keys for a merchant's programs.", no_args_is_help=True)

_SCOPES = f"What it allows; repeatable: {', '.join(ALL_SCOPES)}.  {options.default('everything')}"
KeyId = Annotated[str, typer.Argument(metavar="KEY", help="The key's id, e.g. key_01K….", show_default=False)]


@app.command()
def create(
    context: typer.Context,
    store_id: options.Store,
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Annotated[list[str] | None, typer.Option(help=_SCOPES, autocompletion=lambda: list(ALL_SCOPES))] = None,
    json: options.Json = False,
) -> None:
    """Create an API key. It is shown only this once."""
    new = NewKey.model_validate({"name": name, "scopes": scope or ALL_SCOPES})
    context.obj()
    key = api_keys.create(stores.read(store_id).id, new, clock.now(), deployment.operator())
    _print_secret(key, json)


@app.command("list")
def list_(context: typer.Context, store_id: options.Store, json: options.Json = False) -> None:
    """List a store's API keys, without their secrets."""
    context.obj()
    keys = api_keys.list_all(stores.read(store_id).id)
    if json:
        return output.json(keys)
    rows = [
        (key.id, key.name, *map(_time, (key.created_at, key.last_used_at, key.expires_at)), _scopes(key.scopes))
        for key in keys
    ]
    return output.table(["Key", "Name", "Created at", "Last used at", "Expires at", "Scopes"], rows)


@app.command()
def rotate(context: typer.Context, store_id: options.Store, key_id: KeyId, json: options.Json = False) -> None:
    """Give a key a new secret, which is shown only this once. Earlier ones are valid for a day."""
    context.obj()
    _print_secret(key_changes.rotate(stores.read(store_id).id, key_id, clock.now(), deployment.operator()), json)


@app.command()
def revoke(context: typer.Context, store_id: options.Store, key_id: KeyId, json: options.Json = False) -> None:
    """Revoke a key. It is refused everywhere within half a minute."""
    context.obj()
    store = stores.read(store_id)
    key_changes.revoke(store.id, key_id, clock.now(), deployment.operator())
    if json:
        return output.json({"store_id": store.id, "id": key_id, "status": "revoked"})
    return output.details(revoked=key_id)


def _print_secret(key: IssuedKey, json: bool) -> None:
    if json:
        return output.json(key)
    output.details(key=key.key, id=key.id, name=key.name, scopes=key.scopes)
    return output.say("Save the key now: it cannot be shown again.")


def _time(moment: datetime | None) -> str:
    return clock.format_timestamp(moment) if moment else ""


def _scopes(scopes: list[Scope]) -> str:
    return "everything" if set(scopes) == set(ALL_SCOPES) else ", ".join(scopes)
