"""The time of an invocation, divided among the messages or changes that it handles in order.

Lambda returns a whole batch to its source if the function runs out of time, also what is done. So a
slow message, such as one that waits for a throttled table, must leave time for the answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from clientela import clock, deadlines
from clientela.errors import BusyError

PATIENCE = 0.55  # share of the time left during which one message is repeated
LEAST = 1 / 3  # share of the whole time that must be left for another message


class Turns:
    """The turns of a batch: each has a deadline, and the last ones are refused if time is short."""

    def __init__(self, context: Any) -> None:
        self._whole = deadlines.seconds_left(context)
        self._began = clock.elapsed()

    @contextmanager
    def next(self) -> Iterator[None]:
        """Limit the work of this block.

        Raises:
            BusyError: too little time is left to begin it.
        """
        left = self._whole - (clock.elapsed() - self._began)
        if left < self._whole * LEAST:
            raise BusyError("There was no time left for it.")
        with deadlines.within(left, left * PATIENCE):
            yield
