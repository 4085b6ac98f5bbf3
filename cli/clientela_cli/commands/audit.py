"""`clientela audit`: list."""

from datetime import UTC, datetime
from typing import Annotated, get_args

import orjson
import typer

from clientela import clock
from clientela.schema.actors import FieldChange
from clientela.stores import audit_trail, stores
from clientela.stores.audit_trail import Action, AuditEntry
from clientela_cli.console import options, output

app = typer.Typer(help="What staff, API keys and operators did in a store.", no_args_is_help=True)

_ACTIONS: tuple[Action, ...] = get_args(Action)


@app.command("list")
def list_(
    context: typer.Context,
    store_id: options.Store,
    action: Annotated[
        Action | None, typer.Option(help="Only this action.", metavar="ACTION", autocompletion=lambda: list(_ACTIONS))
    ] = None,
    actor: Annotated[str | None, typer.Option(help="Only of this kind (api_key, operator, schedule) or id.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only from this time (UTC) on.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many entries, newest first.")] = 50,
    json: options.Json = False,
) -> None:
    """List a store's audit trail, newest first."""
    context.obj()
    entries = _entries(store_id, limit, action, actor, since and since.replace(tzinfo=UTC))
    if json:
        return output.json(entries)
    rows = [
        (
            clock.format_timestamp(entry.at),
            " ".join(filter(None, (entry.actor.kind, entry.actor.id))),
            entry.action,
            entry.target,
            list(map(_describe, entry.changes)),
        )
        for entry in entries
    ]
    return output.table(["At", "Who", "Action", "Target", "Changes"], rows)


def _entries(
    store_id: str, limit: int, action: Action | None, actor: str | None, at_from: datetime | None
) -> list[AuditEntry]:
    store, now = stores.read(store_id), clock.now()
    entries: list[AuditEntry] = []
    cursor = None
    while len(entries) < limit:
        page = audit_trail.page(
            store, now, action=action, actor=actor, at_from=at_from, limit=limit - len(entries), cursor=cursor
        )
        entries += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return entries


def _describe(change: FieldChange) -> str:
    return f"{change.field}: {orjson.dumps(change.before).decode()} → {orjson.dumps(change.after).decode()}"
