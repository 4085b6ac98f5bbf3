"""`python -m tools.event_schemas` writes the JSON Schema of the events that go out, `--check` says whether it is up to date."""

import argparse
import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

from clientela.event_fields import AnyEvent

FILE = Path(__file__).parents[1] / "docs" / "events.json"


def main() -> int:
    """Exit code 0 where all is well, 1 where the file is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tools.event_schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where the file differs")
    text = rendered()
    is_stale = not FILE.exists() or FILE.read_text("utf-8") != text
    if not parser.parse_args().check:
        FILE.write_text(text, "utf-8")
        return 0
    if is_stale:
        sys.stderr.write("docs/events.json is not as the models are: run `make openapi`.\n")
    return int(is_stale)


def rendered() -> str:
    """The schema as it lies in the file: of the `detail` of any event, told apart by `type`."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Events of Clientela"}
    return (
        json.dumps(schema | TypeAdapter(AnyEvent).json_schema(mode="serialization"), indent=1, ensure_ascii=False)
        + "\n"
    )


if __name__ == "__main__":
    sys.exit(main())
