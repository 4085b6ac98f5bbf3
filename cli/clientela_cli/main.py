"""The `clientela` command line: its command groups, the options they share, and the exit code."""

import os
import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from typing import Annotated

import typer

from clientela_cli import deployment
from clientela_cli.commands import (
    audit,
    customers,
    doctor,
    exports,
    groups,
    imports,
    keys,
    mails,
    migrate,
    orders,
    reports,
    statistics,
    stores,
)
from clientela_cli.console import output, suggestions
from clientela_cli.console.exit_codes import USAGE, CommandError, to_command_error
from clientela_cli.console.usage_errors import CommandGroup

_EPILOG = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done except for rejected or remaining items, 130 interrupted."

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, pretty_exceptions_enable=False, epilog=_EPILOG)
for _commands in (stores, keys, customers, groups, imports, orders, statistics, reports, exports, mails, audit):
    app.add_typer(_commands.app, name=_commands.__name__.rpartition(".")[2])

app.command("migrate")(migrate.migrate)
app.command("doctor")(doctor.doctor)

_GLOBAL_FLAGS, _GLOBAL_OPTIONS = {"--local"}, {"--stack", "--profile", "--region"}


def _print_version(is_given: bool) -> None:
    if is_given:
        print(f"clientela {version('clientela')}")  # noqa: T201
        raise typer.Exit


@app.callback()
def choose(
    context: typer.Context,
    local: Annotated[bool, typer.Option("--local", help="Use the local cloud of `make local`.")] = False,
    stack: Annotated[
        str, typer.Option(envvar="CLIENTELA_STACK", help="The deployed stack to work on.")
    ] = deployment.DEFAULT_STACK,
    profile: Annotated[str | None, typer.Option(help="AWS profile, as AWS_PROFILE.", show_default=False)] = None,
    region: Annotated[str | None, typer.Option(help="AWS region, as AWS_DEFAULT_REGION.", show_default=False)] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Operate Clientela: customer accounts for online stores.

    Commands work on a stack in an AWS account, or with --local on the local cloud. The options
    below may also follow a command.
    """
    if local and (others := [name for name in ("stack", "profile", "region") if _is_typed(context, name)]):
        raise CommandError(f"--local cannot be combined with --{', --'.join(others)}.", USAGE)
    values = {"--stack": stack, "--profile": profile, "--region": region}
    typed = [(name, value) for name, value in values.items() if value and _is_typed(context, name.removeprefix("--"))]
    suggestions.keep_options([*["--local"] * local, *(word for option in typed for word in option)])
    if profile:
        os.environ["AWS_PROFILE"] = profile
    if region:
        os.environ["AWS_DEFAULT_REGION"] = region
    # Each command connects after checking its own options: help and wrong usage need no deployment.
    context.obj = partial(deployment.connect, local=local, stack=stack)


def _is_typed(context: typer.Context, name: str) -> bool:
    """Return whether an option is on the command line.

    --local may override the environment only.
    """
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def main() -> None:
    """Run the command line of this process and exit."""
    try:
        app(global_first(sys.argv[1:]), prog_name="clientela")
    except Exception as error:
        command_error = to_command_error(error)
        if command_error is None:
            raise
        output.say(f"clientela: {command_error}")
        sys.exit(command_error.code)


def global_first(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the global options first, where the parser expects them.

    Return nothing if there are only global options: that prints the help, like no arguments at all.
    """
    front: list[str] = []
    rest: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--":
            return [*front, *rest, argument, *remaining]
        if argument in _GLOBAL_OPTIONS:
            front += [argument, *[value for value in [next(remaining, None)] if value is not None]]
        elif argument in _GLOBAL_FLAGS or argument.partition("=")[0] in _GLOBAL_OPTIONS:
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest if rest else []


if __name__ == "__main__":
    main()
