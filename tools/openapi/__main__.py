"""`python -m tools.openapi` writes the document, `--check` says whether it is as the functions are."""

import argparse
import json
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
# The second is what the function serves.
FILES = (PROJECT / "docs" / "openapi.json", PROJECT / "functions" / "openapi.json")


def main() -> int:
    """Exit code 0 where all is well, 1 where a file is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tools.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a file differs")
    check = parser.parse_args().check
    text = rendered()
    stale = [file for file in FILES if not file.exists() or file.read_text("utf-8") != text]
    for file in stale:
        if check:
            sys.stderr.write(f"{file.relative_to(PROJECT)} is not as the functions are: run `make openapi`.\n")
        else:
            file.write_text(text, "utf-8")
    return 1 if check and stale else 0


def rendered() -> str:
    """The document as it lies in the files."""
    sys.path.insert(0, str(PROJECT / "functions"))  # as in Lambda, where the functions are the root
    from tools.openapi.document import document

    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
