"""The indexes of the directory: read in order, counted or scanned, over all buckets of a store.

The entries of a store are spread over buckets, because an index partition takes 1,000 write units
and gives 3,000 read units a second. While a store's buckets grow, a customer's entry moves from one
of the first buckets to a new one. So these are read first, and the new ones after them: an entry
that has left a bucket before it was read is found in its new one.
"""

import heapq
import itertools
import operator
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

from clientela.customers.customer_filter import Expression
from clientela.customers.stored_customers import WITH_ORDERS, WITHOUT_ORDERS
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys

type Index = Literal["created", "name", "email", "spent", "orders", "last_order"]
type Entry = tuple[str, dynamodb.Item]  # the sort key, unique in its index, and the item

_BY_ORDERS: tuple[Index, ...] = ("spent", "orders", "last_order")  # these have the customers with orders only
_MARGIN = 10  # entries that a bucket is asked for beyond its usual share of a page, at most
_LEAST = 11  # entries of a request: so many fit into the 4 KB that are paid for anyway
_GROWTH = 4  # of the pages in which a bucket is read further
_MAX_READ = 5000  # entries of one request; DynamoDB ends it at 1 MB anyway
_ENTRIES_AHEAD = 10_000  # of all buckets, that a walk has in memory twice: those in use, and the next
_LEAST_AHEAD = 100
_WALKED_WHILE_GROWING = 1000
_THREADS = 32  # buckets that are read at once: enough for a million customers (docs/costs.md)


class Selection(NamedTuple):
    """Entries of one index that pass an expression, with sort keys from `low` to `high`."""

    sort: Index
    low: str | None = None
    high: str | None = None
    expression: Expression = Expression()

    @property
    def is_empty(self) -> bool:
        """Whether the range has no key: DynamoDB refuses such a one."""
        return self.low is not None and self.high is not None and self.low > self.high

    def beyond(self, key: str | None, *, descending: bool) -> "Selection":
        """Return the part from a sort key on, in reading order; the key itself is included."""
        if key is None:
            return self
        if descending:
            return self._replace(high=min(self.high, key) if self.high is not None else key)
        return self._replace(low=max(self.low, key) if self.low is not None else key)


def entries(store: Store, selection: Selection, expected: int, *, descending: bool = False) -> Iterator[Entry]:
    """Yield the entries of a selection in order, with the customers that the index carries.

    Cost: half a read unit per 4 KB of index read; `expected` entries are read at once.
    """
    if selection.is_empty:
        return
    if store.directory.growing_from is None:
        yield from _merged(store, selection, range(store.directory.buckets), expected, descending=descending)
        return
    after = None
    while page := _page_while_growing(
        store, selection.beyond(after, descending=descending), after, expected, descending
    ):
        yield from page
        after = page[-1][0]


def walk(store: Store, selection: Selection) -> Iterator[Entry]:
    """Yield all entries of a selection in order, in the same memory however many buckets there are.

    Each bucket's next page is read while the last one is used.

    Cost: half a read unit per 4 KB of index read.
    """
    buckets = store.directory.buckets
    if selection.is_empty or store.directory.growing_from is not None:
        yield from entries(store, selection, _WALKED_WHILE_GROWING)
        return
    size = max(_LEAST_AHEAD, min(_MAX_READ, _ENTRIES_AHEAD // buckets))
    requests = [_request(store, selection, bucket) | {"Limit": size} for bucket in range(buckets)]
    yield from heapq.merge(*(_read_ahead(request, f"{selection.sort}_key") for request in requests), key=_sort_key)


def count(store: Store, selection: Selection) -> int:
    """Return the number of entries in a selection.

    Cost: half a read unit per 4 KB of index in the range.
    """
    if selection.is_empty:
        return 0
    if store.directory.growing_from is not None:
        return sum(1 for _ in entries(store, selection, 1000))
    requests = [_request(store, selection, bucket) for bucket in range(store.directory.buckets)]
    return sum(_threads().map(_count, requests))


def sample(store: Store, selection: Selection, size: int) -> Iterator[tuple[str | None, int]]:
    """Yield the pages of one bucket: the sort key that each ends with, and the entries it walked.

    A page walks up to `size` entries, fewer if they have a megabyte. The key of the last page is
    None. Customers are spread by a hash, so the keys divide the other buckets as evenly.

    Cost: half a read unit per 4 KB of one bucket of the index in the range.
    """
    if selection.is_empty:
        return
    request = _request(store, selection, 0) | {"Limit": size, "Select": "COUNT"}
    del request["ProjectionExpression"]
    for answer in dynamodb.query_pages(**request):
        last = answer.get("LastEvaluatedKey")
        yield last and last[f"{selection.sort}_key"]["S"], answer["ScannedCount"]


def scan_words(store: Store, expression: Expression, most: int) -> list[str]:
    """Return partition keys of up to `most` customers whose search text passes, in no order.

    Cost: half a read unit per 4 KB of the index of the search: about 130 bytes a customer.
    """
    first = store.directory.growing_from or store.directory.buckets
    found: dict[str, None] = {}

    def scan(request: dict[str, Any]) -> None:
        for answer in dynamodb.query_pages(**request):
            found.update(dict.fromkeys(item["pk"]["S"] for item in answer["Items"]))
            if len(found) >= most:  # in all buckets together
                return

    for buckets in (range(first), range(first, store.directory.buckets)):
        list(_threads().map(scan, [_word_request(store, expression, bucket) for bucket in buckets]))
    return list(itertools.islice(found, most))


def count_words(store: Store, expression: Expression) -> int:
    """Return the number of customers whose search text passes. Cost: as `scan_words`."""
    if store.directory.growing_from is not None:
        return len(scan_words(store, expression, sys.maxsize))
    requests = [_word_request(store, expression, bucket) for bucket in range(store.directory.buckets)]
    return sum(_threads().map(_count, requests))


def _page_while_growing(
    store: Store, selection: Selection, after: str | None, size: int, descending: bool
) -> list[Entry]:
    """Return the next entries: the first of those of the old buckets, then of the new ones."""
    if selection.is_empty:
        return []
    first = store.directory.growing_from or 0
    found: dict[str, Entry] = {}
    for buckets in (range(first), range(first, store.directory.buckets)):
        merged = _merged(store, selection, buckets, size + 1, descending=descending)
        beyond = (entry for entry in merged if entry[0] != after)
        found |= {entry[0]: entry for entry in itertools.islice(beyond, size)}
    return sorted(found.values(), key=_sort_key, reverse=descending)[:size]


def _merged(
    store: Store, selection: Selection, buckets: Iterable[int], expected: int, *, descending: bool
) -> Iterator[Entry]:
    """Yield the entries of buckets in one order.

    An entry's place is certain when every bucket is read beyond it. Buckets of which no entry is
    left are read further at the same time: a filter that few customers pass reads each to its end.
    """
    # A usual share of a page and a margin: mostly no bucket is read twice.
    share = expected // store.directory.buckets
    size = min(max(share + min(share * 4 // 5, _MARGIN), _LEAST), _MAX_READ)
    order = {"ScanIndexForward": not descending, "Limit": size}
    readers = [_Reader(_request(store, selection, bucket) | order, f"{selection.sort}_key") for bucket in buckets]
    first, is_beyond = (max, operator.lt) if descending else (min, operator.gt)
    unread, left = readers, list[Entry]()
    while unread:
        left += itertools.chain.from_iterable(_threads().map(_Reader.read, unread))
        left.sort(key=_sort_key, reverse=descending)
        open_ = [reader for reader in readers if reader.place is not None]
        if not open_:
            break
        place = first(reader.place for reader in open_ if reader.place is not None)
        certain = next((number for number, (key, _) in enumerate(left) if is_beyond(key, place)), len(left))
        yield from left[:certain]
        left = left[certain:]
        unread = [one for one in open_ if one.last is None or not is_beyond(one.last, place)]
    yield from left


@dataclass
class _Reader:
    """Reads one bucket in order, in pages of growing size.

    `place` is the key up to which it is read, None after the end; `last` that of the last entry.
    """

    request: dict[str, Any]
    column: str
    place: str | None = ""
    last: str | None = None

    def read(self) -> list[Entry]:
        """Return the next page of the bucket."""
        answer, column = dynamodb.query(**self.request), self.column
        entries = [(item[column]["S"], item) for item in answer["Items"]]
        self.last = entries[-1][0] if entries else None
        if last := answer.get("LastEvaluatedKey"):
            size = min(self.request["Limit"] * _GROWTH, _MAX_READ)
            self.request |= {"ExclusiveStartKey": last, "Limit": size}
        self.place = last[column]["S"] if last else None
        return entries


def _read_ahead(request: dict[str, Any], column: str) -> Iterator[Entry]:
    """Return the entries of one bucket. Its first page is read from now on."""
    return _pages(request, column, _threads().submit(dynamodb.query, **request))


def _pages(request: dict[str, Any], column: str, reading: Future[dict[str, Any]]) -> Iterator[Entry]:
    while True:
        answer = reading.result()
        last = answer.get("LastEvaluatedKey")
        if last:
            reading = _threads().submit(dynamodb.query, **request, ExclusiveStartKey=last)
        yield from ((item[column]["S"], item) for item in answer["Items"])
        if not last:
            return


def _request(store: Store, selection: Selection, bucket: int) -> dict[str, Any]:
    column = f"{selection.sort}_key"
    condition, values = "dir = :dir", {":dir": {"S": keys.directory(store.id, bucket)}}
    match selection.low, selection.high:
        case str(low), str(high):
            condition += f" AND {column} BETWEEN :low AND :high"
            values |= {":low": {"S": low}, ":high": {"S": high}}
        case str(low), None:
            condition += f" AND {column} >= :low"
            values |= {":low": {"S": low}}
        case None, str(high):
            condition += f" AND {column} <= :high"
            values |= {":high": {"S": high}}
    carried = WITH_ORDERS if selection.sort in _BY_ORDERS else WITHOUT_ORDERS
    return {
        "IndexName": f"by_{selection.sort}",
        "KeyConditionExpression": condition,
        "ProjectionExpression": f"pk, {column}, {carried}",
        **_filter(selection.expression, values),
    }


def _word_request(store: Store, expression: Expression, bucket: int) -> dict[str, Any]:
    return {
        "IndexName": "by_search",
        "KeyConditionExpression": "sdir = :dir",
        "ProjectionExpression": "pk",
        **_filter(expression, {":dir": {"S": keys.directory(store.id, bucket)}}),
    }


def _filter(expression: Expression, values: dict[str, dict[str, str]]) -> dict[str, Any]:
    request: dict[str, Any] = {"ExpressionAttributeValues": values | expression.values}
    if expression.text:
        request["FilterExpression"] = expression.text
    if expression.names:
        request["ExpressionAttributeNames"] = expression.names
    return request


def _count(request: dict[str, Any]) -> int:
    request = {name: value for name, value in request.items() if name != "ProjectionExpression"}
    return sum(answer["Count"] for answer in dynamodb.query_pages(**request, Select="COUNT"))


def _sort_key(entry: Entry) -> str:
    return entry[0]


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="directory")
