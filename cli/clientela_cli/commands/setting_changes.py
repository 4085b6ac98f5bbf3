"""Changes to a store's settings, from a JSON Merge Patch file (RFC 7396) and single fields."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from clientela.schema.merge_patch import merge
from clientela.stores.stores import Store, StoreSettings
from clientela_cli.console.exit_codes import USAGE, CommandError

type Json = dict[str, Any]


def read(patch: Path | None, fields: Iterable[str]) -> Json:
    """Return the merge patch from a file and from `field=value` texts, which override the file.

    Raises:
        CommandError: nothing to change, or invalid input.
    """
    changes = _read_file(patch) if patch else {}
    for field in fields:
        _add(changes, field)
    if not changes:
        raise CommandError("Nothing to change: use --set FIELD=VALUE or --patch FILE.json.", USAGE)
    return changes


def validate(store: Store, changes: Json) -> None:
    """Validate the changed settings as a whole. Raises pydantic's ValidationError."""
    settings = store.model_dump(mode="json", include=set(StoreSettings.model_fields))
    StoreSettings.model_validate(merge(settings, changes))


def flatten(settings: Json, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the name and value of each setting as `--set` accepts them, e.g. `branding.colour`."""
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value if isinstance(value, str) else orjson.dumps(value).decode()


def _add(changes: Json, field: str) -> None:
    """Add `branding.colour=#aa0000` to the changes."""
    path, separator, text = field.partition("=")
    if not separator:
        raise CommandError(f"{field}: use FIELD=VALUE, e.g. login_mode=optional.", USAGE)
    *parents, name = path.strip().split(".")
    for parent in parents:
        inner = changes.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise CommandError(f"{path}: {parent} is already set as a whole.", USAGE)
        changes = inner
    changes[name] = _value(text)


def _value(text: str) -> Any:
    """Return the text as JSON if it is valid JSON, otherwise the text itself."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _read_file(patch: Path) -> Json:
    try:
        changes = orjson.loads(patch.read_bytes())
    except orjson.JSONDecodeError as error:
        raise CommandError(f"{patch.name} is not JSON: {error}", USAGE) from None
    if not isinstance(changes, dict):
        raise CommandError(f"{patch.name} must contain a JSON object with the settings to change.", USAGE)
    return changes
