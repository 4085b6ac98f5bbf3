"""Options and arguments that several commands share."""

from typing import Annotated

import typer

from clientela_cli.console.exit_codes import USAGE, CommandError


def default(value: str) -> str:
    """Return the default for the end of a help text. Typer would read bare brackets as markup."""
    return rf"\[default: {value}]"


Store = Annotated[str, typer.Argument(metavar="STORE", help="The store's id, e.g. demo.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON only.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


def confirm(warning: str, word: str, *, yes: bool) -> None:
    """Ask the user to type `word` before something that cannot be undone; `yes` answers already.

    Raises:
        CommandError: the user typed something else.
    """
    if yes:
        return
    answer = typer.prompt(f"{warning}\nType {word} to confirm", default="", show_default=False, err=True)
    if answer.strip() != word:
        raise CommandError("Not confirmed: nothing was changed.", USAGE)
