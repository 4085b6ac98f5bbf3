"""Backpressure: a sender waits while the queue is long."""

import sys
import time
from collections.abc import Callable

from clientela_cli.console import output
from clientela_cli.sending import sqs_queue

_POLL_SECONDS = 1
_WARNING_SECONDS = 300

# Called with the number of messages on the queue while a sender waits.
type OnWait = Callable[[int], None]


class Backpressure:
    """Keeps a queue at about `limit` messages, waiting or in flight; 0 means no limit.

    It polls the queue and counts what is sent in between. SQS's figures are some seconds old, so
    the queue may become a few thousand messages longer.
    """

    def __init__(self, queue_url: str, limit: int) -> None:
        self.queue_url, self._limit = queue_url, limit
        self._depth: int | None = None  # None before the first poll
        self._polled_at = 0.0

    def wait(self, count: int, on_wait: OnWait) -> None:
        """Wait until the queue has room for `count` more messages."""
        shortest, since = sys.maxsize, time.monotonic()
        while self._limit and (self._depth is None or self._depth + count > self._limit):
            depth = self._depth = self._poll()
            if depth + count > self._limit:
                on_wait(depth)
            if depth < shortest:
                shortest, since = depth, time.monotonic()
            elif time.monotonic() - since > _WARNING_SECONDS:
                output.say(f"The orders queue stays at {shortest:,} messages or more: is the order intake running?")
                since = time.monotonic()
        self._depth = (self._depth or 0) + count

    def _poll(self) -> int:
        time.sleep(max(0.0, self._polled_at + _POLL_SECONDS - time.monotonic()))
        self._polled_at = time.monotonic()
        return sum(sqs_queue.depth(self.queue_url))
