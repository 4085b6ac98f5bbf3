"""`clientela orders`: send, dead-letters."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import batched
from pathlib import Path
from typing import Annotated

import typer

from clientela import clients, stores
from clientela_cli import dead_letters, options, order_file, output
from clientela_cli.failures import Failure
from clientela_cli.order_file import Line

app = typer.Typer(help="Order messages, as the order system puts them on the queue.", no_args_is_help=True)
app.add_typer(dead_letters.app, name="dead-letters")

_THREADS = 8
_ATTEMPTS = 4
File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE.jsonl", help="One order message a line.", exists=True, dir_okay=False, show_default=False
    ),
]


@app.command()
def send(context: typer.Context, store_id: options.Store, file: File, json: options.Json = False) -> None:
    """Send order messages from a file. It is checked first: one bad line, and nothing is sent."""
    deployment = context.obj()
    store = stores.read(store_id)
    total = order_file.check(file, store.id)
    sent = 0
    with output.progress() as progress:
        task = progress.add_task("Sending", total=total)
        for count in _sent(deployment.orders_queue_url, file):
            sent += count
            progress.update(task, completed=sent)
    if json:
        return output.json({"store_id": store.id, "file": file.name, "sent": sent})
    return print(f"{sent} order messages sent to {store.name}.")  # noqa: T201


def _sent(queue_url: str, file: Path) -> Iterator[int]:
    """Send everything; gives the size of each batch that is on the queue. Any order will do: orders carry versions."""
    clients.sqs()  # made before the threads: making a client is not thread-safe
    with ThreadPoolExecutor(_THREADS) as threads:
        # A few at a time: the file may be larger than memory.
        for group in batched(order_file.batches(file), _THREADS, strict=False):
            yield from threads.map(partial(_send, queue_url), group)


def _send(queue_url: str, batch: list[Line]) -> int:
    pending = {str(number): text for number, text in batch}
    for attempt in range(_ATTEMPTS):
        entries = [{"Id": number, "MessageBody": text} for number, text in pending.items()]
        answer = clients.sqs().send_message_batch(QueueUrl=queue_url, Entries=entries)  # type: ignore[arg-type]
        failed = answer.get("Failed", [])
        if not failed:
            return len(batch)
        pending = {entry["Id"]: pending[entry["Id"]] for entry in failed}
        time.sleep(0.2 * 2**attempt)
    reason = failed[0].get("Message", failed[0]["Code"])
    raise Failure(
        f"SQS refused line {', '.join(pending)}: {reason}. Send the file again: what is repeated changes nothing."
    )
