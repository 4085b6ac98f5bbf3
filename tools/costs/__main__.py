"""Prints the table of costs in README.md, or with --write puts it there."""

import argparse
import sys

from tools.costs import tables


def main() -> None:
    """Print the table; with --write put it into README.md, with --check compare it."""
    parser = argparse.ArgumentParser(prog="python -m tools.costs", description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    if arguments.write:
        tables.README.write_text(tables.with_table(tables.README.read_text("utf-8")), "utf-8")
    elif arguments.check and tables.with_table(tables.README.read_text("utf-8")) != tables.README.read_text("utf-8"):
        sys.exit("The costs in README.md are not current: run python -m tools.costs --write")
    sys.stdout.write(tables.main_table())


if __name__ == "__main__":
    main()
