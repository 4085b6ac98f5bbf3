"""Walks through all customers of a store in order of creation, whole or in parts of that order.

The sort key of a customer in that order never changes, and ends with the customer's id. So the
parts that `split` returns have each customer exactly once, whatever changes while they are walked.
"""

import itertools
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from clientela.customers import directory_index, list_selections, stored_customers
from clientela.customers.customer_filter import CompiledFilter, Range
from clientela.customers.directory_index import Selection
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys

_READERS = 4  # blocks of customers that are read at once, besides the walk itself


class KeyRange(NamedTuple):
    """The customers whose keys in the order of creation lie between two; None is no bound."""

    low: str | None = None
    high: str | None = None


EVERYBODY = KeyRange()


def profiles(store: Store, tests: CompiledFilter, within: KeyRange = EVERYBODY) -> Iterator[dynamodb.Item]:
    """Yield the profiles in a range that pass the facets, oldest first, in constant memory.

    The tests beyond the facets and the time of creation are left to the caller
    (`CompiledFilter.pass_on`). A customer who was deleted meanwhile is left out.

    Cost: half a read unit per 4 KB of the index, and of the profile of each customer with orders.
    """
    entries = (item for _, item in directory_index.walk(store, _selection(tests, within)))
    blocks = itertools.batched(entries, dynamodb.BATCH_READ, strict=False)
    with ThreadPoolExecutor(_READERS, thread_name_prefix="walk") as threads:
        reading: list[Future[list[dynamodb.Item]]] = []
        for block in blocks:
            reading.append(threads.submit(_with_customers, block))
            if len(reading) > _READERS:
                yield from reading.pop(0).result()
        for each in reading:
            yield from each.result()


def count(store: Store, tests: CompiledFilter, within: KeyRange = EVERYBODY) -> int:
    """Return the number of customers whom `profiles` yields.

    Cost: half a read unit per 4 KB of the index in the range.
    """
    return directory_index.count(store, _selection(tests, within))


def is_exact(tests: CompiledFilter) -> bool:
    """Return whether `profiles` applies all tests of a filter."""
    return not tests.words and tests.ranges.keys() <= {"created"}


def split(store: Store, tests: CompiledFilter, size: int, most: int) -> list[KeyRange]:
    """Return ranges of about `size` walked customers that together are all of a filter.

    There are up to `most` ranges, larger ones if need be; at least one.

    Cost: half a read unit per 4 KB of one bucket of the index.
    """
    buckets = store.directory.growing_from or store.directory.buckets
    cuts, walked = list[str](), 0
    for last, entries in directory_index.sample(store, _selection(tests, EVERYBODY), -(-size // buckets)):
        walked += entries * buckets
        if last is not None and walked >= size:
            cuts.append(last)
            walked = 0
    step = -(-(len(cuts) + 1) // most)
    cuts = cuts[step - 1 :: step] if step > 1 else cuts
    # A cut belongs to the range that it ends. No key lies between it and itself with $ behind.
    lows = [None, *(f"{cut}$" for cut in cuts)]
    return [KeyRange(low, high) for low, high in zip(lows, [*cuts, None], strict=True)]


def until(within: KeyRange, created_at: str) -> KeyRange:
    """Return the customers of a range who were created until a time."""
    _, end = list_selections.key_bounds("created", Range(None, created_at))
    return KeyRange(within.low, end if within.high is None else min(within.high, end or within.high))


def _selection(tests: CompiledFilter, within: KeyRange) -> Selection:
    low, high = list_selections.key_bounds("created", tests.ranges.get("created", Range()))
    selection = Selection("created", low, high, tests.expression)
    return selection.beyond(within.low, descending=False).beyond(within.high, descending=True)


def _with_customers(entries: tuple[dynamodb.Item, ...]) -> list[dynamodb.Item]:
    """Return the items with their customers: those with orders, whom the index lacks, are read."""
    missing = [(item["pk"]["S"], keys.PROFILE) for item in entries if not stored_customers.is_in(item)]
    stored = {item["pk"]["S"]: item for item in dynamodb.get_many(missing, stored_customers.PROJECTION)}
    found = (item if stored_customers.is_in(item) else stored.get(item["pk"]["S"]) for item in entries)
    return [item for item in found if item]
