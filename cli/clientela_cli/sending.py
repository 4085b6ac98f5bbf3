"""Order messages on their way to the queue: many at a time, but never far ahead of those who take them."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from clientela.aws import clients
from clientela_cli import output, queues
from clientela_cli.order_file import Message, Position

_THREADS = 8
_AHEAD = 16  # batches that are read before the first of them is sent: 4 MB at most
_POLL_SECONDS = 1
_PATIENCE_SECONDS = 300

type HeldBack = Callable[[int], None]


class Pressure:
    """Holds a sender back while about `most` messages are on the queue, waiting or in flight; 0 never does.

    Between two looks it counts what is sent. SQS's figures are some seconds old, so it may be a few thousand more.
    """

    def __init__(self, queue_url: str, most: int) -> None:
        self.queue_url, self._most = queue_url, most
        self._there: int | None = None
        self._looked_at = 0.0

    def wait(self, count: int, held_back: HeldBack) -> None:
        """Wait until the queue has room for so many more."""
        shortest, since = sys.maxsize, time.monotonic()
        while self._most and (self._there is None or self._there + count > self._most):
            time.sleep(max(0.0, self._looked_at + _POLL_SECONDS - time.monotonic()))
            self._looked_at = time.monotonic()
            self._there = sum(queues.depth(self.queue_url))
            if self._there + count > self._most:
                held_back(self._there)
            if self._there < shortest:
                shortest, since = self._there, time.monotonic()
            elif time.monotonic() - since > _PATIENCE_SECONDS:
                output.say(
                    f"The orders queue is not getting shorter than {shortest:,} messages: are orders being taken?"
                )
                since = time.monotonic()
        self._there = (self._there or 0) + count


def send(
    messages: Iterable[Message], pressure: Pressure, reached: Callable[[Position], None], held_back: HeldBack
) -> None:
    """Send all messages. Any order will do for the queue: orders carry versions. Failure.

    `reached` is told, in the file's order, up to where everything is on the queue; where it is broken off, also of what
    was under way. `held_back` is told how many messages are on the queue while it waits for them.
    """
    clients.sqs()  # made before the threads: making a client is not thread-safe
    pending: deque[Future[Position]] = deque()
    with ThreadPoolExecutor(_THREADS) as threads:
        try:
            for batch in queues.batches(messages, lambda message: len(message.text.encode())):
                pressure.wait(len(batch), held_back)
                pending.append(threads.submit(_send, pressure.queue_url, batch))
                while pending and (pending[0].done() or len(pending) == _AHEAD):
                    reached(pending[0].result())  # still the first where it fails: what follows must not count as sent
                    pending.popleft()
        finally:
            for position in _settled(pending):
                reached(position)
        for future in pending:
            future.result()


def _settled(pending: deque[Future[Position]]) -> Iterator[Position]:
    """The positions of batches that are sent, up to the first that is not; it and what follows are left."""
    while pending and pending[0].exception() is None:
        yield pending.popleft().result()


def _send(queue_url: str, batch: list[Message]) -> Position:
    entries = {str(message.at.line): {"Id": str(message.at.line), "MessageBody": message.text} for message in batch}
    queues.send(queue_url, entries, "line")
    return batch[-1].at
