"""Options and arguments that several commands have."""

from typing import Annotated

import typer


def default(value: str) -> str:
    """The end of a help text that says what holds where nothing is given; typer takes bare brackets for markup."""
    return rf"\[default: {value}]"


Store = Annotated[str, typer.Argument(metavar="STORE", help="The store's id, e.g. demo.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
