"""Work that meets other work: retries with backoff, a pace, several threads with bounded memory."""

import itertools
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from clientela import clock, deadlines
from clientela.errors import BusyError

LONGEST_WAIT = 5.0  # seconds between two attempts of work that has minutes
ATTEMPTS = 10  # of a change that meets others on the same item; about five seconds in all


def retry_on_conflict[T](
    attempt: Callable[[], T],
    conflicts: tuple[type[Exception], ...] = (BusyError,),
    attempts: int = ATTEMPTS,
) -> T:
    """Call `attempt` until it returns without a conflict, with backoff between the calls.

    `conflicts` are the errors that a conflict raises. `attempt` must read again what its condition
    depends on.

    Raises:
        BusyError: every attempt met a conflict.
    """
    for number in range(attempts):
        try:
            return attempt()
        except conflicts:
            if number + 1 < attempts:
                back_off(number)
    raise BusyError


def retry_while_busy[T](attempt: Callable[[], T], seconds: float) -> T:
    """Call `attempt` until it is not busy: for work that has minutes, such as a part of an import.

    Raises:
        BusyError: it was still busy after `seconds`.
    """
    is_over = clock.deadline(seconds)
    for number in itertools.count():
        try:
            return attempt()
        except BusyError:
            if is_over():
                raise
            back_off(number, limit=LONGEST_WAIT)
    raise AssertionError("the attempts never end")


def back_off(number: int, base: float = 0.02, limit: float = 2.0) -> None:
    """Sleep before the next attempt: at most `base` seconds after attempt 0, doubled each time.

    The time is random up to that bound (full jitter), so that callers who met once do not meet
    again. Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

    Raises:
        BusyError: the invocation has no time for another attempt.
    """
    seconds = random.uniform(0, min(limit, base * 2 ** min(number, 30)))  # noqa: S311 - jitter, nothing secret
    deadlines.require_patience(seconds)
    clock.pause(seconds)


class Pace:
    """At most `per_second` steps a second, evenly, over all threads."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second
        self._next = clock.elapsed()
        self._lock = Lock()

    def wait(self, steps: int = 1) -> None:
        """Wait for the turn of the next steps, which are taken at once."""
        with self._lock:
            turn = max(self._next, clock.elapsed())
            self._next = turn + steps * self._interval
        clock.pause(max(0, turn - clock.elapsed()))


def map_in_order[A, B](function: Callable[[A], B], items: Iterable[A], threads: int) -> Iterator[B]:
    """Yield `function` of each item in the items' order, computed by several threads.

    Unlike `Executor.map` it reads only a few items ahead, so that memory stays constant.
    """
    pending: deque[Future[B]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) == 2 * threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
