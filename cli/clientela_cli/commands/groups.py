"""`clientela groups`: list, show, create, change, delete."""

from typing import Annotated

import typer

from clientela import clock
from clientela.bulk import group_removal
from clientela.concurrency import retry_on_conflict
from clientela.errors import GroupNotFoundError, VersionConflictError
from clientela.groups import groups
from clientela.groups.groups import Group, NewGroup
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela_cli import deployment
from clientela_cli.commands import field_changes
from clientela_cli.console import options, output

app = typer.Typer(help="Groups of a store's customers.", no_args_is_help=True)

GroupName = Annotated[
    str, typer.Argument(metavar="GROUP", help="The group's id, e.g. grp_01K…, or code.", show_default=False)
]


@app.command("list")
def list_(context: typer.Context, store_id: options.Store, json: options.Json = False) -> None:
    """List a store's groups, highest priority first."""
    context.obj()
    all_groups = groups.list_all(stores.read(store_id))
    if json:
        return output.json(all_groups)
    rows = [(group.id, group.code, group.name, _discount(group), group.priority) for group in all_groups]
    return output.table(["Group", "Code", "Name", "Discount", "Priority"], rows)


@app.command()
def show(context: typer.Context, store_id: options.Store, name: GroupName, json: options.Json = False) -> None:
    """Show a group."""
    context.obj()
    _print(_find(stores.read(store_id), name), json)


@app.command()
def create(
    context: typer.Context,
    store_id: options.Store,
    code: Annotated[str, typer.Argument(metavar="CODE", help="A short name for files and URLs.", show_default=False)],
    name: Annotated[str, typer.Option(help="The name that people read.")],
    fields: field_changes.Fields = None,
    patch: field_changes.Patch = None,
    json: options.Json = False,
) -> None:
    """Create a group.

    Values are JSON or plain text, e.g. `--set discount.kind=percent --set discount.value=10`.
    """
    new = NewGroup.model_validate(field_changes.read_optional(NewGroup, patch, fields) | {"code": code, "name": name})
    context.obj()
    _print(groups.create(stores.read(store_id), new, clock.now(), deployment.operator()), json)


@app.command()
def change(
    context: typer.Context,
    store_id: options.Store,
    name: GroupName,
    fields: field_changes.Fields = None,
    patch: field_changes.Patch = None,
    json: options.Json = False,
) -> None:
    """Change a group, and print what changed.

    Values are JSON or plain text, e.g. `--set priority=5 --set discount=null`.
    """
    changes = field_changes.read(NewGroup, patch, fields)
    context.obj()
    store, by = stores.read(store_id), deployment.operator()

    def attempt() -> tuple[Group, Group]:
        before = _find(store, name)
        return before, groups.patch(store, before.id, changes, clock.now(), before.version, by)

    before, after = retry_on_conflict(attempt, (VersionConflictError,))
    if json:
        return output.json(after)
    return field_changes.print_changes(before, after, NewGroup.model_fields)


@app.command()
def delete(
    context: typer.Context,
    store_id: options.Store,
    name: GroupName,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Delete a group. Its members leave it in a background job.

    Repeated with the group's id, it removes members that an interrupted command left.
    """
    context.obj()
    store = stores.read(store_id)
    group_id = _find_id(store, name)
    options.confirm(f"The group {name} will be deleted, and its members leave it.", name, yes=yes)
    group_removal.remove(store, group_id, clock.now(), deployment.operator())
    if json:
        return output.json({"store_id": store.id, "id": group_id, "status": "deleted"})
    return output.details(deleted=group_id)


def _find(store: Store, name: str) -> Group:
    """Return the group with an id or code — GroupNotFoundError."""
    found = groups.by_codes(store, [name])
    return found[0] if found else groups.get(store, name)


def _find_id(store: Store, name: str) -> str:
    """Return the id of the group with an id or code; a deleted group has an id only."""
    try:
        return _find(store, name).id
    except GroupNotFoundError:
        return name


def _discount(group: Group) -> str:
    discount = group.discount
    return f"{discount.value} {discount.currency or '%'}" if discount else ""


def _print(group: Group, json: bool) -> None:
    if json:
        return output.json(group)
    return output.settings(dict(field_changes.flatten(group.model_dump(mode="json"))))
