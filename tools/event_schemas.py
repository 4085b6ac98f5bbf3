"""Writes the documentation of published events; `--check` only compares it.

docs/events.json is the JSON Schema of the events, generated from the models. events/published
contains one event of each type as the bus delivers it. The publisher's code creates these from the
changes in events/dynamodb_stream.json, which were recorded from a real stream.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from clientela.events import change_events
from clientela.events.event_schemas import AnyEvent
from clientela.table import stream

PROJECT = Path(__file__).parents[1]
SCHEMA = PROJECT / "docs" / "events.json"
RECORDED, PUBLISHED = PROJECT / "events" / "dynamodb_stream.json", PROJECT / "events" / "published"
HEADER = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Events of Clientela: their detail"}


def main() -> int:
    """Return exit code 0, or 1 if the check finds an outdated file."""
    parser = argparse.ArgumentParser(prog="python -m tools.event_schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is outdated")
    check = parser.parse_args().check
    contents = {SCHEMA: _schema()} | dict(_samples())
    stale = [
        file
        for file, content in contents.items()
        if not file.exists() or json.loads(file.read_text("utf-8")) != content
    ]
    for file in stale:
        if check:
            sys.stderr.write(f"{file.relative_to(PROJECT)} is outdated: run `make openapi`.\n")
        else:
            file.write_text(json.dumps(contents[file], indent=1, ensure_ascii=False) + "\n", "utf-8")
    return 1 if check and stale else 0


def _schema() -> dict[str, Any]:
    """Return the schema of an event's detail.

    It allows unknown fields, which a later version may add.
    """
    schema = TypeAdapter(AnyEvent).json_schema(mode="serialization")
    for definition in schema["$defs"].values():
        definition.pop("additionalProperties", None)
    return HEADER | schema


def _samples() -> Iterator[tuple[Path, dict[str, Any]]]:
    for record in json.loads(RECORDED.read_text("utf-8"))["Records"]:
        event = change_events.event_from_change(stream.read(record))
        if event is None:
            raise ValueError(f"{record['eventID']} does not result in an event.")
        yield PUBLISHED / f"{event.type}.json", _delivery(event.type, event.detail)


def _delivery(type_: str, detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": type_,
        "source": "clientela.dev",
        "account": "123456789012",
        "time": detail["occurred_at"].replace(".000Z", "Z"),
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }


if __name__ == "__main__":
    sys.exit(main())
