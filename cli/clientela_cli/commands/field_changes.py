"""Changes to fields, from a JSON Merge Patch file (RFC 7396) and single `field=value` texts."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAliasType, Union, get_args, get_origin

import orjson
import typer
from pydantic import BaseModel

from clientela.schema.merge_patch import merge
from clientela.stores.stores import Store, StoreSettings
from clientela_cli.console import output
from clientela_cli.console.exit_codes import USAGE, CommandError

type Json = dict[str, Any]

Fields = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="A field with its name in `show`; repeatable. null empties it."),
]
Patch = Annotated[
    Path | None,
    typer.Option("--patch", metavar="FILE.json", help="A JSON Merge Patch (RFC 7396).", exists=True, dir_okay=False),
]


def read(model: type[BaseModel], patch: Path | None, fields: Iterable[str] | None) -> Json:
    """Return a model's merge patch from a file and `field=value` texts, which override the file.

    Raises:
        CommandError: nothing to change, or invalid input.
    """
    changes = read_optional(model, patch, fields)
    if not changes:
        raise CommandError("Nothing to change: use --set FIELD=VALUE or --patch FILE.json.", USAGE)
    return changes


def read_optional(model: type[BaseModel], patch: Path | None, fields: Iterable[str] | None) -> Json:
    """Return a model's fields from a file and from `field=value` texts; without both, none.

    Raises:
        CommandError: invalid input.
    """
    changes = _read_file(patch) if patch else {}
    for field in fields or []:
        _add(model, changes, field)
    return changes


def validate(store: Store, changes: Json) -> None:
    """Validate the changed settings as a whole. Raises pydantic's ValidationError."""
    settings = store.model_dump(mode="json", include=set(StoreSettings.model_fields))
    StoreSettings.model_validate(merge(settings, changes))


def flatten(settings: Json, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the name and value of each field as `--set` accepts them, e.g. `branding.colour`."""
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value if isinstance(value, str) else orjson.dumps(value).decode()


def print_changes(before: BaseModel, after: BaseModel, fields: Iterable[str]) -> None:
    """Print each of these fields that changed as `field: before → after`, or that none did."""
    old, new = (dict(flatten(each.model_dump(mode="json", include=set(fields)))) for each in (before, after))
    pairs = {name: (old.get(name, "null"), new.get(name, "null")) for name in (old | new)}
    changed = {name: f"{was} → {is_}" for name, (was, is_) in pairs.items() if was != is_}
    if changed:
        output.settings({f"{name}:": change for name, change in changed.items()})
    else:
        output.say("Nothing has changed: the fields have these values already.")


def _add(model: type[BaseModel], changes: Json, field: str) -> None:
    """Add `branding.colour=#aa0000` to the changes."""
    path, separator, text = field.partition("=")
    if not separator:
        raise CommandError(f"{field}: use FIELD=VALUE, e.g. login_mode=optional.", USAGE)
    names = path.strip().split(".")
    *parents, name = names
    for parent in parents:
        inner = changes.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise CommandError(f"{path}: {parent} is already set as a whole.", USAGE)
        changes = inner
    value = _value(text)
    is_number = isinstance(value, int | float)  # or a truth value
    changes[name] = text if is_number and _plain_types(model, names) == {str} else value


def _value(text: str) -> Any:
    """Return the text as JSON if it is valid JSON, otherwise the text itself."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _plain_types(model: type[BaseModel], names: list[str]) -> set[Any]:
    """Return the types of a field, without None; of an unknown field none.

    `postal_code=28001` is a text, because the field takes nothing else.
    """
    types: set[Any] = {model}
    for name in names:
        types = {inner for outer in types for inner in _types_in(_annotation(outer, name))}
    return types


def _annotation(outer: Any, name: str) -> Any:
    """Return the annotation of a model's field or of a dictionary's values, else None."""
    if get_origin(outer) is dict:
        return get_args(outer)[1]
    field = outer.model_fields.get(name) if isinstance(outer, type) and issubclass(outer, BaseModel) else None
    return field.annotation if field else None


def _types_in(annotation: Any) -> Iterator[Any]:
    """Yield the types that an annotation is made of: `Annotated[str, …] | None` is str."""
    if isinstance(annotation, TypeAliasType):
        yield from _types_in(annotation.__value__)
    elif get_origin(annotation) is Annotated:
        yield from _types_in(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _types_in(part)
    elif annotation not in (None, NoneType):
        yield annotation


def _read_file(patch: Path) -> Json:
    try:
        changes = orjson.loads(patch.read_bytes())
    except orjson.JSONDecodeError as error:
        raise CommandError(f"{patch.name} is not JSON: {error}", USAGE) from None
    if not isinstance(changes, dict):
        raise CommandError(f"{patch.name} must contain a JSON object with the fields.", USAGE)
    return changes
