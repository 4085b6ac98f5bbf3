"""Whether a store still exists, for work that takes longer than settings are cached.

Such work asks before each step, so that it stops soon after its store is deleted.
"""

from collections.abc import Callable, Iterable, Iterator
from threading import Lock

from clientela import clock
from clientela.errors import StoreNotFoundError
from clientela.sentences import Sentence
from clientela.table import dynamodb, keys

WATCH_SECONDS = 10.0


def exists(store_id: str) -> bool:
    """Return whether the store exists now. 1 read unit."""
    return dynamodb.get(keys.store(store_id), keys.SETTINGS) is not None


def require(store_id: str) -> None:
    """Raise StoreNotFoundError unless the store exists now. 1 read unit."""
    if not exists(store_id):
        raise StoreNotFoundError(Sentence("Store “{id}” not found.", id=store_id))


class Watch:
    """Asks whether a store exists, at most every `seconds`, for many short steps of work.

    Together with the longest step this must be less than the time after which a deletion takes the
    store for forgotten.
    """

    def __init__(self, store_id: str, seconds: float = WATCH_SECONDS) -> None:
        self._store_id, self._seconds = store_id, seconds
        self._is_due: Callable[[], bool] = lambda: True
        self._lock = Lock()

    def require(self) -> None:
        """Raise StoreNotFoundError if the store is deleted. 1 read unit, or none."""
        with self._lock:
            if self._is_due():
                require(self._store_id)
                self._is_due = clock.deadline(self._seconds)


def require_while[T](store_id: str, items: Iterable[T], every: int = 1000) -> Iterator[T]:
    """Yield the items — StoreNotFoundError if the store is deleted meanwhile.

    Cost: 1 read unit for each `every` items.
    """
    for number, item in enumerate(items):
        if number % every == 0:
            require(store_id)
        yield item
