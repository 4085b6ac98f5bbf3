"""`clientela orders`: send, dead-letters."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskProgressColumn

from clientela.stores import stores
from clientela_cli import dead_letters, meters, options, order_file, output, sending
from clientela_cli.failures import INTERRUPTED, REJECTED, USAGE, Failure
from clientela_cli.meters import Show
from clientela_cli.order_file import BEGINNING, Message, Position
from clientela_cli.rejects_file import RejectsFile
from clientela_cli.send_state import SendState
from clientela_cli.sending import Pressure

app = typer.Typer(help="Order messages, as the order system puts them on the queue.", no_args_is_help=True)
app.add_typer(dead_letters.app, name="dead-letters")

_GOES_ON = "When the same file is sent again, it goes on there."
File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE.jsonl", help="One order message a line.", exists=True, dir_okay=False, show_default=False
    ),
]
Rejects = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Send the good lines of a file that holds bad ones, too, and write those here: line, reason, text.",
        dir_okay=False,
        show_default=False,
    ),
]


@app.command()
def send(
    context: typer.Context,
    store_id: options.Store,
    file: File,
    rejects: Rejects = None,
    backlog: Annotated[
        int, typer.Option(min=0, help="Wait while about so many messages are on the queue; 0 never waits.")
    ] = 10_000,
    restart: Annotated[
        bool, typer.Option("--restart", help="Send all of it, whatever an interrupted run has sent.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Send order messages from a file of any length. It is checked first: one bad line, and nothing is sent.

    A run that was interrupted goes on where it stopped when the same file is sent again.
    """
    if not file.is_file():
        raise Failure(f"{file} must be a file: it is read more than once.", USAGE)
    deployment = context.obj()
    store = stores.read(store_id)
    state = SendState(file, store.id, deployment.orders_queue_url, rejects)
    if restart:
        state.forget()
    before = state.read()
    with closing(RejectsFile(rejects, before)) if rejects else nullcontext() as rejected, _meter(file) as show:
        if before:
            output.say(f"Going on behind line {before.line:,}: {before.messages:,} messages are sent already.")
        messages = _messages(file, store.id, before, rejected, show)
        sent = _sent(messages, before or BEGINNING, state, Pressure(deployment.orders_queue_url, backlog), show)
    count = rejected.count if rejected else 0
    if json:
        output.json({"store_id": store.id, "file": file.name, "sent": sent.messages, "rejected": count})
    else:
        print(f"{sent.messages} order messages sent to {store.name}.")  # noqa: T201
    if count:
        raise Failure(f"{count} lines were rejected: see {rejects}.", REJECTED)


def _messages(
    file: Path, store_id: str, before: Position | None, rejected: RejectsFile | None, show: Show
) -> Iterator[Message]:
    """The messages that are still to be sent."""
    start = before or BEGINNING
    if rejected:
        return order_file.good_messages(file, start, store_id, rejected.write)
    if before is None:  # else the very same content has passed
        order_file.check(file, store_id, partial(show, "Checking"))
    return order_file.checked_messages(file, start)


def _sent(messages: Iterator[Message], at: Position, state: SendState, pressure: Pressure, show: Show) -> Position:
    """Send the messages, and note how far it went; the position behind the last one."""

    def reached(position: Position) -> None:
        nonlocal at
        at = position
        state.write(at)
        show(f"Sending, {at.messages:,} sent", at.offset)

    def held_back(waiting: int) -> None:
        show(f"Waiting, {waiting:,} are on the queue", at.offset)

    state.write(at)
    try:
        sending.send(messages, pressure, reached, held_back)
    except KeyboardInterrupt:
        raise Failure(f"{at.messages} messages are sent. {_GOES_ON}", INTERRUPTED) from None
    except Failure as failure:
        raise Failure(f"{failure} {at.messages} messages are sent. {_GOES_ON}", failure.code) from None
    finally:
        state.write(at, at_once=True)
    state.forget()
    return at


def _meter(file: Path) -> AbstractContextManager[Show]:
    return meters.meter(file.stat().st_size, TaskProgressColumn())
