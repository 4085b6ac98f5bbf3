"""The time that an invocation has. Retries, transactions and loops of the domain share it.

A handler opens a deadline; everything below it then stops in time by itself, so that a caller gets
an answer, and a queue its messages, before Lambda or API Gateway gives up. Outside of a deadline,
as in the command line, nothing is limited. A function works on one event at a time, so a deadline
holds for all threads of the process.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from clientela import clock
from clientela.errors import BusyError

RESERVE_SECONDS = 1.5  # to log, and to put the answer together
RETRY_AFTER = 5  # seconds: what met an overload for so long would meet it again at once
SHORTEST_CALL = 0.5  # seconds that a call of AWS gets at least, if there is so much time
LAST_CALL = 1.0  # seconds that a call gets that is not repeated any more


class Deadline(NamedTuple):
    """Moments of `clock.elapsed`: no repetition begins after `patience`, no call runs at `end`."""

    patience: float
    end: float


_UNLIMITED = Deadline(math.inf, math.inf)
_current = [_UNLIMITED]


@contextmanager
def within(seconds: float, patience: float = math.inf) -> Iterator[None]:
    """Limit the work of this block to `seconds`, its repetitions to the first `patience` of them.

    A deadline around this one stays in force.
    """
    now, outer = clock.elapsed(), _current[-1]
    end = min(now + seconds, outer.end)
    _current.append(Deadline(min(now + patience, outer.patience, end), end))
    try:
        yield
    finally:
        _current.pop()


def seconds_left(context: Any) -> float:
    """Return the time until Lambda ends an invocation, less a reserve; infinite if unknown."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return float(remaining()) / 1000 - RESERVE_SECONDS if remaining else math.inf


def require_patience(seconds: float) -> None:
    """Raise an error if no attempt may follow after a pause.

    Raises:
        BusyError: the pause would end after the time for repetitions.
    """
    if clock.elapsed() + seconds > _current[-1].patience:
        raise BusyError(retry_after=RETRY_AFTER)


def call_seconds(longest: float) -> float:
    """Return how long a call of AWS may wait for its response.

    Raises:
        BusyError: the time is over.
    """
    now, (patience, end) = clock.elapsed(), _current[-1]
    if end - now < SHORTEST_CALL:
        raise BusyError(retry_after=RETRY_AFTER)
    return min(longest, max(patience - now, LAST_CALL), end - now)
