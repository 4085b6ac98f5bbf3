"""Whether a store still exists, for work that takes longer than settings are cached.

Such work asks before each step, so that it stops soon after its store is deleted.
"""

from collections.abc import Iterable, Iterator

from clientela.errors import StoreNotFoundError
from clientela.sentences import Sentence
from clientela.table import dynamodb, keys


def exists(store_id: str) -> bool:
    """Return whether the store exists now. 1 read unit."""
    return dynamodb.get(keys.store(store_id), keys.SETTINGS) is not None


def require(store_id: str) -> None:
    """Raise StoreNotFoundError unless the store exists now. 1 read unit."""
    if not exists(store_id):
        raise StoreNotFoundError(Sentence("Store “{id}” not found.", id=store_id))


def require_while[T](store_id: str, items: Iterable[T], every: int = 1000) -> Iterator[T]:
    """Yield the items — StoreNotFoundError if the store is deleted before the last one is used.

    Cost: 1 read unit for each `every` items, and 1 at the end.
    """
    for number, item in enumerate(items):
        if number % every == 0:
            require(store_id)
        yield item
    require(store_id)
