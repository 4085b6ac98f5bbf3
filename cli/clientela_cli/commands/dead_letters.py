"""`clientela orders dead-letters STORE`: list, show, redrive."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, NamedTuple

import typer

from clientela_cli.console import options, output, progress
from clientela_cli.console.exit_codes import REJECTED, USAGE, CommandError
from clientela_cli.deployment import Deployment
from clientela_cli.sending import dead_letter, sqs_queue
from clientela_cli.sending.dead_letter import DeadLetter
from clientela_cli.sending.queue_reader import VISIBILITY_TIMEOUT, QueueReader, ReceivedMessage

app = typer.Typer(no_args_is_help=True)

MessageId = Annotated[str, typer.Argument(metavar="MESSAGE", help="The message's id, from `list`.", show_default=False)]

type Pair = tuple[ReceivedMessage, DeadLetter]


class Target(NamedTuple):
    """The store and the deployment of a command.

    The store may not exist: its orders were refused for that reason.
    """

    store_id: str
    connect: Callable[[], Deployment]


@app.callback()
def choose_store(context: typer.Context, store_id: options.Store) -> None:
    """Order messages that were refused: see why, and redrive them to the orders queue.

    A message becomes a dead letter after the order intake has refused it 20 times. It is deleted
    14 days after it was first sent.
    """
    context.obj = Target(store_id, context.obj)


@app.command("list")
def list_(
    context: typer.Context,
    all_stores: Annotated[
        bool, typer.Option("--all", help="List those of all stores, and those without a readable store.")
    ] = False,
    json: options.Json = False,
) -> None:
    """List a store's dead letters, oldest first, each with the reason for the refusal."""
    target: Target = context.obj
    with _open_queue(target.connect()) as (_, pairs):
        letters = [letter for _, letter in pairs if all_stores or letter.store_id == target.store_id]
    letters.sort(key=lambda letter: letter.sent_at)
    if json:
        return output.json([letter.json() for letter in letters])
    columns = ["Message", "Sent at", "Received", *["Store"] * all_stores, "Order", "Version", "Reason"]
    rows = [letter.row(with_store=all_stores) for letter in letters]
    return output.table(columns, rows, f"{len(letters)} dead letters")


@app.command()
def show(context: typer.Context, message_id: MessageId, json: options.Json = False) -> None:
    """Show a dead letter of any store with its content."""
    target: Target = context.obj
    with _open_queue(target.connect()) as (_, pairs):
        pair = next((pair for pair in pairs if pair[0].id == message_id), None)
    if pair is None:
        raise CommandError(f"Dead letter {message_id} not found.")
    message, letter = pair
    content = dead_letter.content(message.body)
    if json:
        return output.json(letter.json() | {"message": content})
    output.details(**{"message": letter.id} | {name: value for name, value in letter.json().items() if name != "id"})
    return output.content(content)


@app.command()
def redrive(
    context: typer.Context,
    message_ids: Annotated[
        list[str] | None, typer.Argument(metavar="MESSAGE", help="Ids of messages, from `list`.", show_default=False)
    ] = None,
    redrive_all: Annotated[bool, typer.Option("--all", help="Redrive all dead letters of the store.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Include those that would be refused again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report what would happen; change nothing.")] = False,
    json: options.Json = False,
) -> None:
    """Move a store's dead letters back to the orders queue.

    Messages that would be refused again are left, unless --force is given.
    Each message is sent, then deleted. If this is interrupted in between, the message is on both
    queues, and the order intake processes it once.
    """
    if redrive_all == bool(message_ids):
        raise CommandError("Give either the ids of messages or --all.", USAGE)
    target: Target = context.obj
    ids = set(message_ids or ())
    redriven, left = _redrive(target, ids, force=force, dry_run=dry_run)
    missing = sorted(ids - {letter.id for letter in (*redriven, *left)})
    if json:
        output.json(
            {
                "store_id": target.store_id,
                "dry_run": dry_run,
                "redriven": [letter.id for letter in redriven],
                "left": [letter.json() for letter in left],
                "missing": missing,
            }
        )
    else:
        verb = "would be redriven" if dry_run else "redriven"
        print(f"{len(redriven)} dead letters {verb}, {len(left)} left.")  # noqa: T201
        output.table(["Left", "Order", "Version", "Reason"], [(x.id, x.order_id, x.version, x.reason) for x in left])
    if missing:
        raise CommandError(f"Not found among the dead letters of store {target.store_id}: {', '.join(missing)}.")
    if left:
        raise CommandError(f"{len(left)} were left, because they would be refused again: see the reasons.", REJECTED)


def _redrive(target: Target, ids: set[str], *, force: bool, dry_run: bool) -> tuple[list[DeadLetter], list[DeadLetter]]:
    """Redrive a store's dead letters: those with these ids, or all if there are no ids.

    Return those that were redriven, and those that were left because they would be refused again.
    """
    redriven: list[DeadLetter] = []
    left: list[DeadLetter] = []
    deployment = target.connect()
    with _open_queue(deployment) as (reader, pairs):
        of_store = (pair for pair in pairs if pair[1].store_id == target.store_id)
        movable = _drop_refused(_take_ids(of_store, ids) if ids else of_store, left, force=force)
        for batch in sqs_queue.batches(movable, lambda pair: len(pair[0].body.encode())):
            if not dry_run:
                _move([message for message, _ in batch], reader, deployment.orders_queue_url)
            redriven.extend(letter for _, letter in batch)
    return redriven, left


def _take_ids(pairs: Iterator[Pair], ids: set[str]) -> Iterator[Pair]:
    """Yield the pairs with these ids. Stop reading when all are found."""
    missing = set(ids)
    for message, letter in pairs:
        if letter.id in missing:
            missing.remove(letter.id)
            yield message, letter
        if not missing:
            return


def _drop_refused(pairs: Iterator[Pair], left: list[DeadLetter], *, force: bool) -> Iterator[Pair]:
    """Yield the pairs that would be accepted now, or all by force.

    Append the other letters to `left`.
    """
    for message, letter in pairs:
        if force or letter.is_acceptable:
            yield message, letter
        else:
            left.append(letter)


def _move(messages: list[ReceivedMessage], reader: QueueReader, queue_url: str) -> None:
    """Send the messages, then delete them: the other order could lose them."""
    entries = {
        str(number): {"Id": str(number), "MessageBody": message.body, "MessageAttributes": message.attributes}
        for number, message in enumerate(messages)
    }
    sqs_queue.send(queue_url, entries, "message")
    reader.delete(messages)


@contextmanager
def _open_queue(deployment: Deployment) -> Iterator[tuple[QueueReader, Iterator[Pair]]]:
    """Read the dead letters of all stores, each once."""
    queue_url = deployment.orders_dead_letter_queue_url
    waiting, in_flight = sqs_queue.depth(queue_url)
    parse = dead_letter.parser(sqs_queue.retention(queue_url))
    if in_flight:
        minutes = VISIBILITY_TIMEOUT.total_seconds() / 60
        output.say(f"Another reader holds {in_flight} dead letters: try again in {minutes:.0f} minutes to see them.")
    with QueueReader(queue_url) as reader, progress.bar() as bar:
        yield reader, ((message, parse(message)) for message in bar.track(reader, waiting, description="Reading"))
    if not reader.is_complete:
        output.say("There are more dead letters than SQS returns at a time: redrive some, then look again.")
