"""`clientela keys`: create, list."""

from typing import Annotated

import typer

from clientela import clock
from clientela.stores import api_keys, stores
from clientela.stores.api_keys import ALL_SCOPES, NewKey, Scope
from clientela_cli import options, output

app = typer.Typer(help="API keys: what a merchant's programs call the API with.", no_args_is_help=True)

_SCOPES = f"What it is good for; repeatable: {', '.join(ALL_SCOPES)}.  {options.default('everything')}"


@app.command()
def create(
    context: typer.Context,
    store_id: options.Store,
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[list[str] | None, typer.Option(help=_SCOPES, autocompletion=lambda: list(ALL_SCOPES))] = None,
    json: options.Json = False,
) -> None:
    """Make an API key. It is shown this once and never again."""
    new = NewKey.model_validate({"name": name, "scopes": scope or ALL_SCOPES})
    context.obj()
    key = api_keys.create(stores.read(store_id).id, new, clock.now())
    if json:
        return output.json(key)
    output.details(key=key.key, id=key.id, name=key.name, scopes=key.scopes)
    return output.say("Keep the key now: it cannot be shown again.")


@app.command("list")
def list_(context: typer.Context, store_id: options.Store, json: options.Json = False) -> None:
    """List a store's API keys, without their secrets."""
    context.obj()
    found = api_keys.list_all(stores.read(store_id).id)
    if json:
        return output.json(found)
    rows = [(key.id, key.name, clock.format_timestamp(key.created_at), _scopes(key.scopes)) for key in found]
    return output.table(["Key", "Name", "Created at", "Good for"], rows)


def _scopes(scopes: list[Scope]) -> str:
    return "everything" if set(scopes) == set(ALL_SCOPES) else ", ".join(scopes)
