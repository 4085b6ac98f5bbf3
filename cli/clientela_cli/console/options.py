"""Options and arguments that several commands share."""

from typing import Annotated

import typer


def default(value: str) -> str:
    """Return the default for the end of a help text. Typer would read bare brackets as markup."""
    return rf"\[default: {value}]"


Store = Annotated[str, typer.Argument(metavar="STORE", help="The store's id, e.g. demo.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON only.")]
