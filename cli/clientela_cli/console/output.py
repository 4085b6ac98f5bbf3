"""Output of commands: results on standard output, everything else on standard error."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_RIGHT_ALIGNED = {
    "Orders",
    "Spent",
    "Read",
    "Changed",
    "To change",
    "Rows",
    "Created",
    "Updated",
    "Unchanged",
    "Rejected",
}
_PIPE_WIDTH = 200


def json(result: BaseModel | dict[str, Any] | Sequence[BaseModel | dict[str, Any]]) -> None:
    """Print a document or a list of documents as JSON."""
    text = orjson.dumps(result, default=lambda model: model.model_dump(mode="json"), option=orjson.OPT_INDENT_2)
    print(text.decode())  # noqa: T201 - rich would wrap and colour it


def json_lists(lists: Mapping[str, Iterable[dict[str, Any]]], other_fields: Callable[[], dict[str, Any]]) -> None:
    """Print one JSON document with these lists, then the other fields.

    Each item is printed as it arrives, because the lists may be too long for memory.
    """
    print("{")  # noqa: T201
    for name, items in lists.items():
        print(f'"{name}": [', end="")  # noqa: T201
        for number, item in enumerate(items):
            print(f"{',' if number else ''}\n  {orjson.dumps(item).decode()}", end="")  # noqa: T201
        print("],")  # noqa: T201
    print(orjson.dumps(other_fields()).decode()[1:])  # noqa: T201


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], caption: str | None = None) -> None:
    """Print rows under their columns. Cells are printed literally, never as markup."""
    grid = Table(box=None, header_style="bold", pad_edge=False, caption=caption, caption_justify="left")
    for column in columns:
        is_number = column in _RIGHT_ALIGNED
        grid.add_column(column, no_wrap=column == columns[0], justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(escape(_text(cell)) for cell in row))
    # A pipe has no width, and folding at 80 columns would break grep.
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(grid)


def details(**fields: object) -> None:
    """Print the non-empty fields of one thing, one per line.

    Long texts are not wrapped, so they can be copied.
    """
    labelled = {
        name.replace("_", " ").capitalize(): value for name, value in fields.items() if value not in (None, "", [])
    }
    _print_lines(labelled, width=max(map(len, fields)) + 2)


def settings(fields: Mapping[str, object]) -> None:
    """Print all fields, also empty ones, by the names that a user types."""
    _print_lines(fields, width=max(map(len, fields)) + 2)


def _print_lines(fields: Mapping[str, object], width: int) -> None:
    console = Console(soft_wrap=True)
    for name, value in fields.items():
        console.print(f"[bold]{name:<{width}}[/bold]{escape(_text(value))}", highlight=False)


def content(value: Any) -> None:
    """Print the content of a message: JSON indented, text unchanged."""
    text = value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    print(f"\n{text}")  # noqa: T201


def say(message: str) -> None:
    """Print a message on standard error."""
    Console(stderr=True, soft_wrap=True).print(message, markup=False, highlight=False)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case list() | tuple():
            return ", ".join(map(_text, value))
        case _:
            # Customers typed some of this text: control characters must not reach the terminal.
            return "".join(_printable(character) for character in str(value))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "\ufffd"
