"""`clientela orders`: send, dead-letters."""

from collections.abc import Iterator
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskProgressColumn

from clientela.stores import stores
from clientela_cli.commands import dead_letters
from clientela_cli.console import options, output, progress
from clientela_cli.console.exit_codes import INTERRUPTED, REJECTED, USAGE, CommandError
from clientela_cli.console.progress import Report
from clientela_cli.sending import order_file, order_sender
from clientela_cli.sending.backpressure import Backpressure
from clientela_cli.sending.order_file import BEGINNING, OutgoingMessage, Position
from clientela_cli.sending.rejects_file import RejectsFile
from clientela_cli.sending.resume_state import ResumeState

app = typer.Typer(help="Order messages on the orders queue.", no_args_is_help=True)
app.add_typer(dead_letters.app, name="dead-letters")

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE.jsonl", help="One order message per line.", exists=True, dir_okay=False, show_default=False
    ),
]
Rejects = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Send the good lines even if others are bad, and write the bad ones to FILE: line, reason, text.",
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
        int, typer.Option(min=0, help="Wait while the queue has about this many messages; 0 never waits.")
    ] = 10_000,
    restart: Annotated[
        bool, typer.Option("--restart", help="Send the whole file, even if an interrupted run has sent a part.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Send order messages from a file of any length.

    The whole file is checked first. If a line is bad, nothing is sent, unless --rejects is given.
    To continue an interrupted run, send the same file again.
    """
    if not file.is_file():
        raise CommandError(f"{file} must be a regular file, because it is read more than once.", USAGE)
    deployment = context.obj()
    store = stores.read(store_id)
    state = ResumeState(file, store.id, deployment.orders_queue_url, rejects)
    if restart:
        state.clear()
    resume_at = state.load()
    with (
        closing(RejectsFile(rejects, resume_at)) if rejects else nullcontext() as rejects_file,
        progress.reporting(file.stat().st_size, TaskProgressColumn()) as report,
    ):
        if resume_at:
            output.say(f"Continuing after line {resume_at.line:,}: {resume_at.messages:,} messages are already sent.")
        messages = _read_messages(file, store.id, resume_at, rejects_file, report)
        backpressure = Backpressure(deployment.orders_queue_url, backlog)
        end = _send_all(messages, resume_at or BEGINNING, state, backpressure, report)
    rejected = rejects_file.count if rejects_file else 0
    if json:
        output.json({"store_id": store.id, "file": file.name, "sent": end.messages, "rejected": rejected})
    else:
        print(f"{end.messages} order messages sent to {store.name}.")  # noqa: T201
    if rejected:
        raise CommandError(f"{rejected} lines were rejected: see {rejects}.", REJECTED)


def _read_messages(
    file: Path, store_id: str, resume_at: Position | None, rejects_file: RejectsFile | None, report: Report
) -> Iterator[OutgoingMessage]:
    """Return the messages that are not sent yet."""
    start = resume_at or BEGINNING
    if rejects_file:
        return order_file.good_messages(file, start, store_id, rejects_file.write)
    if resume_at is None:  # otherwise the interrupted run has checked the same content
        order_file.check(file, store_id, partial(report, "Checking"))
    return order_file.checked_messages(file, start)


def _send_all(
    messages: Iterator[OutgoingMessage], at: Position, state: ResumeState, backpressure: Backpressure, report: Report
) -> Position:
    """Send the messages, save how far they are sent, and return the position after the last one."""

    def on_progress(position: Position) -> None:
        nonlocal at
        at = position
        state.save(at)
        report(f"Sending, {at.messages:,} sent", at.offset)

    def on_wait(depth: int) -> None:
        report(f"Waiting, {depth:,} are on the queue", at.offset)

    state.save(at)
    try:
        order_sender.send(messages, backpressure, on_progress, on_wait)
    except KeyboardInterrupt:
        raise CommandError(_interruption(at), INTERRUPTED) from None
    except CommandError as error:
        raise CommandError(f"{error} {_interruption(at)}", error.code) from None
    finally:
        state.save(at, now=True)
    state.clear()
    return at


def _interruption(at: Position) -> str:
    return f"{at.messages} messages are sent. To continue, send the same file again."
