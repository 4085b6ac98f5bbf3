"""`clientela orders dead-letters STORE`: list, show, redrive."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, NamedTuple

import typer

from clientela_cli import letters, options, output, queues
from clientela_cli.deployment import Deployment
from clientela_cli.failures import REJECTED, USAGE, Failure
from clientela_cli.letters import Letter
from clientela_cli.queues import Message, Reading

app = typer.Typer(no_args_is_help=True)

MessageId = Annotated[
    str, typer.Argument(metavar="MESSAGE", help="The message's id, as `list` has it.", show_default=False)
]

type Found = tuple[Message, Letter]


class Asked(NamedTuple):
    """What all of these commands are given. The store may be one that does not exist: that is why its orders are here."""

    store_id: str
    connect: Callable[[], Deployment]


@app.callback()
def choose(context: typer.Context, store_id: options.Store) -> None:
    """Order messages that could not be taken: why, and back on the queue with them.

    A message comes here when the order intake has refused it five times. It is deleted 14 days after it was first sent.
    """
    context.obj = Asked(store_id, context.obj)


@app.command("list")
def list_(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Those of all stores, and those whose store cannot be read.")
    ] = False,
    json: options.Json = False,
) -> None:
    """List a store's dead letters, the oldest first, each with the reason why it cannot be taken."""
    asked: Asked = context.obj
    with _reading(asked.connect()) as (_, found):
        chosen = [letter for _, letter in found if everything or letter.store_id == asked.store_id]
    chosen.sort(key=lambda letter: letter.sent_at)
    if json:
        return output.json([letter.json() for letter in chosen])
    columns = ["Message", "Sent at", "Received", *["Store"] * everything, "Order", "Version", "Reason"]
    rows = [letter.row(with_store=everything) for letter in chosen]
    return output.table(columns, rows, f"{len(chosen)} dead letters")


@app.command()
def show(context: typer.Context, message_id: MessageId, json: options.Json = False) -> None:
    """Show a dead letter with all that it holds, of whatever store it is."""
    asked: Asked = context.obj
    with _reading(asked.connect()) as (_, found):
        pair = next((pair for pair in found if pair[0].id == message_id), None)
    if pair is None:
        raise Failure(f"There is no message {message_id} among the dead letters.")
    message, letter = pair
    if json:
        return output.json(letter.json() | {"message": letters.content(message.body)})
    output.details(**{"message": letter.id} | {name: value for name, value in letter.json().items() if name != "id"})
    return output.content(letters.content(message.body))


@app.command()
def redrive(
    context: typer.Context,
    message_ids: Annotated[
        list[str] | None, typer.Argument(metavar="MESSAGE", help="Their ids, as `list` has them.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters of the store.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also those that would be refused again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")] = False,
    json: options.Json = False,
) -> None:
    """Put a store's dead letters back on the orders queue. What would be refused again is left, unless --force.

    Each is sent, then deleted: where that is broken off, a message is on both queues, and taken once all the same.
    """
    if everything == bool(message_ids):
        raise Failure("Name the messages to redrive, or give --all: one of the two.", USAGE)
    asked: Asked = context.obj
    wanted = set(message_ids or ())
    gone, left = _redriven(asked, wanted, force=force, dry_run=dry_run)
    missing = sorted(wanted - {letter.id for letter in (*gone, *left)})
    if json:
        output.json(
            {
                "store_id": asked.store_id,
                "dry_run": dry_run,
                "redriven": [letter.id for letter in gone],
                "left": [letter.json() for letter in left],
                "missing": missing,
            }
        )
    else:
        print(f"{len(gone)} dead letters {'would be redriven' if dry_run else 'redriven'}, {len(left)} left.")  # noqa: T201
        output.table(["Left", "Order", "Version", "Reason"], [(x.id, x.order_id, x.version, x.reason) for x in left])
    if missing:
        raise Failure(f"The store {asked.store_id} has no dead letter {', '.join(missing)}.")
    if left:
        raise Failure(f"{len(left)} were left, since they would be refused again: see the reasons.", REJECTED)


def _redriven(asked: Asked, wanted: set[str], *, force: bool, dry_run: bool) -> tuple[list[Letter], list[Letter]]:
    """Redrive a store's dead letters, or those `wanted` of them. Those redriven, and those left for their reason."""
    gone: list[Letter] = []
    left: list[Letter] = []
    deployment = asked.connect()
    with _reading(deployment) as (reading, found):
        of_store = (pair for pair in found if pair[1].store_id == asked.store_id)
        going = _going(_named(of_store, wanted) if wanted else of_store, left, force=force)
        for batch in queues.batches(going, lambda pair: len(pair[0].body.encode())):
            if not dry_run:
                _move([message for message, _ in batch], reading, deployment.orders_queue_url)
            gone.extend(letter for _, letter in batch)
    return gone, left


def _named(found: Iterator[Found], wanted: set[str]) -> Iterator[Found]:
    """Those with these ids; nothing more is read when all of them are found."""
    missing = set(wanted)
    for message, letter in found:
        if letter.id in missing:
            missing.remove(letter.id)
            yield message, letter
        if not missing:
            return


def _going(found: Iterator[Found], left: list[Letter], *, force: bool) -> Iterator[Found]:
    for message, letter in found:
        if force or letter.takeable:
            yield message, letter
        else:
            left.append(letter)


def _move(messages: list[Message], reading: Reading, queue_url: str) -> None:
    """Send, then delete: never the other way round."""
    entries = {
        str(number): {"Id": str(number), "MessageBody": message.body, "MessageAttributes": message.attributes}
        for number, message in enumerate(messages)
    }
    queues.send(queue_url, entries, "message")
    reading.delete(messages)


@contextmanager
def _reading(deployment: Deployment) -> Iterator[tuple[Reading, Iterator[Found]]]:
    """The dead letters of all stores, each once, with what can be read of them."""
    queue_url = deployment.orders_dead_letter_queue_url
    waiting, in_flight = queues.depth(queue_url)
    opened = letters.opener(queues.retention(queue_url))
    if in_flight:
        minutes = queues.HIDDEN.total_seconds() / 60
        output.say(
            f"{in_flight} dead letters are being looked at elsewhere: they can be seen again in {minutes:.0f} minutes."
        )
    with Reading(queue_url) as reading, output.progress() as progress:
        yield (
            reading,
            ((message, opened(message)) for message in progress.track(reading, waiting, description="Reading")),
        )
    if not reading.is_whole:
        output.say("There are more dead letters than SQS gives out at a time: redrive or delete some, then look again.")
