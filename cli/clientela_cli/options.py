"""Options and arguments that several commands have."""

from typing import Annotated

import typer

Store = Annotated[str, typer.Argument(metavar="STORE", help="The store's id, e.g. demo.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
