"""`python -m tools.event_schemas` writes what documents the events that go out, `--check` says whether it is up to date.

docs/events.json is their JSON Schema, made from the models. events/published holds one of each as the bus delivers it, made
by the publisher's own code from the changes in events/dynamodb_stream.json, which were recorded from a real stream.
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
TITLE = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Events of Clientela: their detail"}


def main() -> int:
    """Exit code 0 where all is well, 1 where a file is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tools.event_schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a file differs")
    check = parser.parse_args().check
    made = {SCHEMA: _schema()} | dict(_samples())
    stale = [
        file for file, content in made.items() if not file.exists() or json.loads(file.read_text("utf-8")) != content
    ]
    for file in stale:
        if check:
            sys.stderr.write(f"{file.relative_to(PROJECT)} is not as the code is: run `make openapi`.\n")
        else:
            file.write_text(json.dumps(made[file], indent=1, ensure_ascii=False) + "\n", "utf-8")
    return 1 if check and stale else 0


def _schema() -> dict[str, Any]:
    """The schema of any event's detail, told apart by `type`. It lets fields pass that a later version may add."""
    schema = TypeAdapter(AnyEvent).json_schema(mode="serialization")
    for definition in schema["$defs"].values():
        definition.pop("additionalProperties", None)
    return TITLE | schema


def _samples() -> Iterator[tuple[Path, dict[str, Any]]]:
    for record in json.loads(RECORDED.read_text("utf-8"))["Records"]:
        event = change_events.event_from_change(stream.read(record))
        if event is None:
            raise ValueError(f"{record['eventID']} tells no event.")
        yield PUBLISHED / f"{event.type}.json", _delivered(event.type, event.detail)


def _delivered(kind: str, detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": kind,
        "source": "clientela.dev",
        "account": "123456789012",
        "time": detail["occurred_at"].replace(".000Z", "Z"),
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }


if __name__ == "__main__":
    sys.exit(main())
