"""`python -m tools.openapi` writes the OpenAPI document; `--check` only compares it."""

import argparse
import json
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
# The function serves the second file.
FILES = (PROJECT / "docs" / "openapi.json", PROJECT / "functions" / "openapi.json")


def main() -> int:
    """Return exit code 0, or 1 if the check finds an outdated file."""
    parser = argparse.ArgumentParser(prog="python -m tools.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is outdated")
    check = parser.parse_args().check
    text = render()
    stale = [file for file in FILES if not file.exists() or file.read_text("utf-8") != text]
    for file in stale:
        if check:
            sys.stderr.write(f"{file.relative_to(PROJECT)} is outdated: run `make openapi`.\n")
        else:
            file.write_text(text, "utf-8")
    return 1 if check and stale else 0


def render() -> str:
    """Return the document as text."""
    sys.path.insert(0, str(PROJECT / "functions"))  # as in Lambda, where the handlers are at the root
    from tools.openapi.document import document

    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
