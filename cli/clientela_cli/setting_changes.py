"""Changes to a store's settings, as they are typed: a JSON Merge Patch (RFC 7396) from a file, and single fields."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from clientela.schema.merge_patch import merge
from clientela.stores.stores import Store, StoreSettings
from clientela_cli.failures import USAGE, Failure

type Json = dict[str, Any]


def given(patch: Path | None, fields: Iterable[str]) -> Json:
    """The merge patch of a file and of `field=value` texts, which go above it. Failure where there is nothing to change."""
    changes = _read(patch) if patch else {}
    for field in fields:
        _put(changes, field)
    if not changes:
        raise Failure("Say what to change: --set FIELD=VALUE or --patch FILE.json.", USAGE)
    return changes


def demand_allowed(store: Store, changes: Json) -> None:
    """Check the changed settings as a whole. pydantic's ValidationError, which is told in words."""
    written = store.model_dump(mode="json", include=set(StoreSettings.model_fields))
    StoreSettings.model_validate(merge(written, changes))


def flat(settings: Json, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each setting as `--set` takes it: `branding.colour` and its value, texts as they are and all else as JSON."""
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value if isinstance(value, str) else orjson.dumps(value).decode()


def _put(changes: Json, field: str) -> None:
    """Put `branding.colour=#aa0000` among the changes."""
    path, separator, text = field.partition("=")
    if not separator:
        raise Failure(f"{field}: write FIELD=VALUE, e.g. login_mode=optional.", USAGE)
    *parents, name = path.strip().split(".")
    for parent in parents:
        inner = changes.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise Failure(f"{path}: {parent} is set as a whole already.", USAGE)
        changes = inner
    changes[name] = _value(text)


def _value(text: str) -> Any:
    """JSON where the text is some, else the text itself."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _read(patch: Path) -> Json:
    try:
        changes = orjson.loads(patch.read_bytes())
    except orjson.JSONDecodeError as error:
        raise Failure(f"{patch.name} is not JSON: {error}", USAGE) from None
    if not isinstance(changes, dict):
        raise Failure(f"{patch.name} must hold a JSON object with the settings to change.", USAGE)
    return changes
