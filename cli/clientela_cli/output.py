"""What a command prints: answers on standard output, everything else on standard error."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

_NUMBERS = {"Orders", "Spent", "Rows", "Created", "Updated", "Unchanged", "Rejected"}  # right-aligned
_PIPE_WIDTH = 200


def json(answer: BaseModel | dict[str, Any] | Sequence[BaseModel | dict[str, Any]]) -> None:
    """Print a document, or a list of documents, as JSON and nothing else."""
    text = orjson.dumps(answer, default=lambda model: model.model_dump(mode="json"), option=orjson.OPT_INDENT_2)
    print(text.decode())  # noqa: T201 - rich would wrap and colour it


def json_lists(lists: Mapping[str, Iterable[dict[str, Any]]], last: Callable[[], dict[str, Any]]) -> None:
    """Print one document of lists, each item as it comes: they may be longer than memory; `last` are its other fields."""
    print("{")  # noqa: T201
    for name, items in lists.items():
        print(f'"{name}": [', end="")  # noqa: T201
        for number, item in enumerate(items):
            print(f"{',' if number else ''}\n  {orjson.dumps(item).decode()}", end="")  # noqa: T201
        print("],")  # noqa: T201
    print(orjson.dumps(last()).decode()[1:])  # noqa: T201


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], caption: str | None = None) -> None:
    """Print rows under their columns. Cells are shown as they are: nothing in them is taken for markup."""
    grid = Table(box=None, header_style="bold", pad_edge=False, caption=caption, caption_justify="left")
    for column in columns:
        grid.add_column(
            column, no_wrap=column == columns[0], justify="right" if column in _NUMBERS else "left", overflow="fold"
        )
    for row in rows:
        grid.add_row(*(escape(_text(cell)) for cell in row))
    # A pipe has no width: what is read by grep must not be folded at 80 columns.
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(grid)


def details(**fields: object) -> None:
    """Print one thing, a line per field that it has. Texts stay on one line, so that they can be copied."""
    there = {
        name.replace("_", " ").capitalize(): value for name, value in fields.items() if value not in (None, "", [])
    }
    width = max(map(len, fields)) + 2
    _lines(there, width)


def named(fields: Mapping[str, object]) -> None:
    """Print fields by their own names, as they are to be typed; also those that are empty."""
    _lines(fields, max(map(len, fields)) + 2)


def _lines(fields: Mapping[str, object], width: int) -> None:
    console = Console(soft_wrap=True)
    for name, value in fields.items():
        console.print(f"[bold]{name:<{width}}[/bold]{escape(_text(value))}", highlight=False)


def content(value: Any) -> None:
    """Print what somebody sent: JSON in readable lines, a text as it is."""
    text = value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    print(f"\n{text}")  # noqa: T201


def say(message: str) -> None:
    """Tell something beside the answer."""
    Console(stderr=True, soft_wrap=True).print(message, markup=False, highlight=False)


def progress(amount: ProgressColumn | None = None) -> Progress:
    """A progress bar on standard error, shown on a terminal only; `amount` is how far it is, else m/n."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        amount or MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case list() | tuple():
            return ", ".join(map(_text, value))
        case _:
            # Customers type what is shown here: nothing of it shall steer the terminal.
            return "".join(sign if sign.isprintable() else " " if sign.isspace() else "\ufffd" for sign in str(value))
