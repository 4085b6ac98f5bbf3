"""The `clientela` command line: options of all commands, and how a command ends."""

import os
import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from typing import Annotated

import typer

from clientela_cli import customers, deployment, exports, imports, keys, orders, output, statistics, stores
from clientela_cli.failures import USAGE, Failure, explained

_EPILOG = "Exit codes: 0 done, 1 failed, 2 used wrongly, 3 done but for what was rejected or left, 130 interrupted."

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, epilog=_EPILOG)
for _commands in (stores, keys, customers, imports, orders, statistics, exports):
    app.add_typer(_commands.app, name=_commands.__name__.rpartition(".")[2])

_GLOBAL_FLAGS, _GLOBAL_OPTIONS = {"--local"}, {"--stack", "--profile", "--region"}


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"clientela {version('clientela')}")  # noqa: T201
        raise typer.Exit


@app.callback()
def choose(
    context: typer.Context,
    local: Annotated[bool, typer.Option("--local", help="Use the local cloud of `make local`.")] = False,
    stack: Annotated[
        str, typer.Option(envvar="CLIENTELA_STACK", help="The deployed stack.")
    ] = deployment.DEFAULT_STACK,
    profile: Annotated[str | None, typer.Option(help="AWS profile, as AWS_PROFILE.", show_default=False)] = None,
    region: Annotated[str | None, typer.Option(help="AWS region, as AWS_DEFAULT_REGION.", show_default=False)] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Operate Clientela: customer accounts for online stores.

    Works on a stack of an AWS account, or on the local cloud with --local. These options may follow a command, too.
    """
    if local and (others := [name for name in ("stack", "profile", "region") if _is_typed(context, name)]):
        raise Failure(f"--local is a deployment of its own: leave out --{', --'.join(others)}, or --local.", USAGE)
    if profile:
        os.environ["AWS_PROFILE"] = profile
    if region:
        os.environ["AWS_DEFAULT_REGION"] = region
    # Connected when the command has understood its own options: help and mistakes need no deployment.
    context.obj = partial(deployment.connect, local=local, stack=stack)


def _is_typed(context: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line: what the environment says yields to --local."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def main() -> None:
    """Run the command line of this process, and exit."""
    try:
        app(global_first(sys.argv[1:]), prog_name="clientela")
    except Exception as error:
        failure = explained(error)
        if failure is None:
            raise
        output.say(f"clientela: {failure}")
        sys.exit(failure.code)


def global_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with the options of all commands put in front, where the parser looks for them.

    Nothing where there is nothing else: like no arguments at all, that asks for the help.
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
