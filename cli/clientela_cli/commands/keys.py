"""`clientela keys`: create, list."""

from typing import Annotated

import typer

from clientela import clock
from clientela.stores import api_keys, stores
from clientela.stores.api_keys import ALL_SCOPES, NewKey, Scope
from clientela_cli.console import options, output

app = typer.Typer(help="API keys for a merchant's programs.", no_args_is_help=True)

_SCOPES = f"What the key allows; repeatable: {', '.join(ALL_SCOPES)}.  {options.default('everything')}"


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
    key = api_keys.create(stores.read(store_id).id, new, clock.now())
    if json:
        return output.json(key)
    output.details(key=key.key, id=key.id, name=key.name, scopes=key.scopes)
    return output.say("Save the key now: it cannot be shown again.")


@app.command("list")
def list_(context: typer.Context, store_id: options.Store, json: options.Json = False) -> None:
    """List a store's API keys, without their secrets."""
    context.obj()
    keys = api_keys.list_all(stores.read(store_id).id)
    if json:
        return output.json(keys)
    rows = [(key.id, key.name, clock.format_timestamp(key.created_at), _scopes(key.scopes)) for key in keys]
    return output.table(["Key", "Name", "Created at", "Scopes"], rows)


def _scopes(scopes: list[Scope]) -> str:
    return "everything" if set(scopes) == set(ALL_SCOPES) else ", ".join(scopes)
