"""Sends order messages to the queue: many batches at a time, at the pace of the order intake."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from clientela.aws import clients
from clientela_cli.sending import sqs_queue
from clientela_cli.sending.backpressure import Backpressure, OnWait
from clientela_cli.sending.order_file import OutgoingMessage, Position

_THREADS = 8
_READ_AHEAD = 16  # batches: 4 MB at most


def send(
    messages: Iterable[OutgoingMessage],
    backpressure: Backpressure,
    on_progress: Callable[[Position], None],
    on_wait: OnWait,
) -> None:
    """Send all messages. The queue may receive them in any order, because orders carry versions.

    `on_progress` receives, in the file's order, each position up to which everything is on the
    queue. After an error or Ctrl-C, it also receives the positions of batches that were still being
    sent.

    Raises:
        CommandError: SQS refuses messages.
    """
    clients.sqs()  # created before the threads start: creating a client is not thread-safe
    pending: deque[Future[Position]] = deque()
    with ThreadPoolExecutor(_THREADS) as threads:
        try:
            for batch in sqs_queue.batches(messages, lambda message: len(message.text.encode())):
                backpressure.wait(len(batch), on_wait)
                pending.append(threads.submit(_send_batch, backpressure.queue_url, batch))
                while pending and (pending[0].done() or len(pending) == _READ_AHEAD):
                    # A failed batch stays first: no batch after it may count as sent.
                    on_progress(pending[0].result())
                    pending.popleft()
        finally:
            for position in _pop_sent(pending):
                on_progress(position)
        for future in pending:
            future.result()


def _pop_sent(pending: deque[Future[Position]]) -> Iterator[Position]:
    """Remove the batches that were sent, up to the first failed one, and yield their positions."""
    while pending and pending[0].exception() is None:
        yield pending.popleft().result()


def _send_batch(queue_url: str, batch: list[OutgoingMessage]) -> Position:
    entries = {str(message.at.line): {"Id": str(message.at.line), "MessageBody": message.text} for message in batch}
    sqs_queue.send(queue_url, entries, "line")
    return batch[-1].at
