"""The directory of a store's customers: six sort orders, filters, keyword search.

A list whose filters are facets walks the index of its sort order, and DynamoDB applies the filters.
Other filters (words, amounts, times) are not in every index. Then the list is walked for a while,
and each customer is tested in this process: enough if many pass. Otherwise the customers that may
pass are gathered from the index of such a filter, tested and sorted
(docs/decisions/0002-the-layout-of-the-directory.md).

The cursor is the sort key of the page's last row, which ends with the customer's id. So an
unchanged customer is listed exactly once, whatever changes between two pages.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, cast, get_args

import orjson

from clientela.customers import (
    customer_facets,
    directory_index,
    external_ids,
    list_selections,
    merged_ids,
    stored_customers,
)
from clientela.customers.customer_filter import (
    CompiledFilter,
    CustomerFilter,
    Range,
    RangeName,
    compile_filter,
    contains,
)
from clientela.customers.customer_records import EmailClaim
from clientela.customers.directory_index import Index, Selection
from clientela.customers.stored_customers import CustomerJson
from clientela.schema import email_addresses
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, pagination
from clientela.table.pagination import Page

Sort = Literal[
    "created", "-created", "name", "-name", "email", "-email",
    "orders", "-orders", "spent", "-spent", "last_order", "-last_order",
]  # fmt: skip
SORTS: tuple[Sort, ...] = get_args(Sort)

# Customers tested in this process for each row wanted, and for each row found, before candidates
# are gathered: a list is walked as long as one in twenty customers passes.
WALKED_PER_ROW, WALKED_PER_HIT = 2, 20
MAX_GATHERED = 5000  # customers with the words of a query that are read to be tested and sorted

_ALL = CustomerFilter()
_BLOCK = dynamodb.BATCH_READ


class _Row(NamedTuple):
    """A row of a list. `part` 1 follows all of part 0, in both directions."""

    part: int
    key: str
    customer: CustomerJson  # the stored fields
    item: dynamodb.Item


def page(
    store: Store, *, sort: Sort = "-created", filter_: CustomerFilter = _ALL, limit: int = 50, cursor: str | None = None
) -> Page[CustomerJson]:
    """Return a page of the customers that pass the filter, shorter if they are too large for one.

    Sorted by orders or spend, customers without counted orders come last in both directions, and
    sorted by last order those without any order.

    Raises:
        InvalidInputError: the cursor belongs to another store, filter or sort.

    Cost: about 10 read units for a page of 100; half a unit more for each customer with orders if
    it is sorted by creation, name or e-mail. With words, amounts or times as filters: at most 150
    for the walk, then half a unit per 4 KB of the index of one such filter. 1.5 by e-mail.
    """
    this_list = f"{store.id}/{sort}/{filter_.model_dump_json(exclude_none=True)}"
    after = pagination.decode_cursor(this_list, cursor) if cursor is not None else None
    rows = _first_rows(store, sort, filter_, (int(after[0]), after[1:]) if after else None, limit + 1)
    customers = [stored_customers.published(row.customer) for row in rows[:limit]]
    fitting = pagination.count_fitting(map(orjson.dumps, customers))
    last = rows[fitting - 1] if len(rows) > fitting else None
    return Page(customers[:fitting], pagination.encode_cursor(this_list, f"{last.part}{last.key}") if last else None)


def select_fields(customers: list[CustomerJson], fields: Sequence[str]) -> list[CustomerJson]:
    """Return the customers with these fields and their ids only."""
    selected = {"id", *fields}
    return [{name: value for name, value in customer.items() if name in selected} for customer in customers]


def all_profiles(store: Store, filter_: CustomerFilter = _ALL, attributes: str = "") -> Iterator[dynamodb.Item]:
    """Yield the customers that pass the filter, oldest first, in constant memory.

    The items have the customer, and these attributes of its profile if any are named.
    """
    for block in itertools.batched(_all_rows(store, filter_), _BLOCK, strict=False):
        items = [row.item for row in block]
        yield from _with_customers(items, attributes) if attributes else items


def count(store: Store, filter_: CustomerFilter = _ALL) -> int:
    """Return the number of customers that pass the filter.

    Cost: half a read unit per 4 KB of one index, or of the range of it that a filter names; with
    two filters of words, amounts or times, half a unit more for each customer that passes one.
    """
    tests = compile_filter(filter_, store)
    if is_by_key(filter_):
        return len(_rows_by_key(store, "created", filter_, tests))
    if tests.words and not tests.expression.text and not tests.ranges:
        return directory_index.count_words(store, contains("search", tests.words))
    if tests.words or len(tests.ranges) > 1:
        return sum(1 for _ in _all_rows(store, filter_))
    return sum(directory_index.count(store, selection) for selection in list_selections.covering(tests))


def is_by_key(filter_: CustomerFilter) -> bool:
    """Return whether a filter names its customers: they are read by key."""
    return any(each is not None for each in (filter_.email, filter_.external_id, filter_.ids))


def _all_rows(store: Store, filter_: CustomerFilter) -> Iterator[_Row]:
    """Yield all rows that pass, oldest first."""
    tests = compile_filter(filter_, store)
    if is_by_key(filter_):
        return iter(_rows_by_key(store, "created", filter_, tests))
    rows = _walk(store, "created", tests, None, 1000)
    return rows if _is_exact(tests, "created") else (row for row in rows if tests.pass_on(row.customer))


def _first_rows(
    store: Store, sort: Sort, filter_: CustomerFilter, after: tuple[int, str] | None, wanted: int
) -> list[_Row]:
    tests = compile_filter(filter_, store)
    if is_by_key(filter_):
        return _sorted(_beyond(_rows_by_key(store, sort, filter_, tests), sort, after), sort)[:wanted]
    if _is_exact(tests, sort):
        return list(itertools.islice(_walk(store, sort, tests, after, wanted), wanted))
    least = WALKED_PER_ROW * wanted
    walk, found = _walk(store, sort, tests, after, least), list[_Row]()
    for walked, row in enumerate(walk, 1):
        if tests.pass_on(row.customer):
            found.append(row)
            if len(found) == wanted:
                return found
        if walked >= least and len(found) * WALKED_PER_HIT < walked:
            break
    else:
        return found
    gathered = _gather(store, sort, tests)
    if gathered is not None:
        return _first_sorted(_beyond(gathered, sort, after), sort, wanted)
    rest = (row for row in walk if tests.pass_on(row.customer))
    return found + list(itertools.islice(rest, wanted - len(found)))


def _is_exact(tests: CompiledFilter, sort: Sort) -> bool:
    """Return whether the index of this order applies all tests: facets and its key's range."""
    return not tests.words and tests.ranges.keys() <= {_index(sort)}


def _walk(
    store: Store, sort: Sort, tests: CompiledFilter, after: tuple[int, str] | None, expected: int
) -> Iterator[_Row]:
    """Yield the rows of a list in order, with the facets applied and the range of its sort key."""
    descending, index = sort.startswith("-"), _index(sort)
    facets = tests.expression
    bounds = tests.ranges.get(cast("RangeName", index), Range())
    low, high = list_selections.key_bounds(cast("RangeName", index), bounds)
    parts = [(0, Selection(index, low, high, facets))]
    if index in list_selections.LAST and list_selections.includes_last(index, bounds):
        parts.append((1, Selection("created", expression=list_selections.LAST[index] & facets)))
    for part, selection in parts:
        if after and part < after[0]:
            continue
        start = after[1] if after and part == after[0] else None
        entries = directory_index.entries(
            store, selection.beyond(start, descending=descending), expected, descending=descending
        )
        yield from _rows((entry for entry in entries if entry[0] != start), part, expected)


def _rows(entries: Iterator[directory_index.Entry], part: int, expected: int) -> Iterator[_Row]:
    """Yield the rows of index entries whose customers still exist.

    Customers beyond the `expected` ones are not read before they are wanted.
    """
    left = expected
    while block := list(itertools.islice(entries, min(left, _BLOCK) if left > 0 else _BLOCK)):
        left -= len(block)
        for (key, _), item in zip(block, _completed([item for _, item in block]), strict=True):
            if item:
                yield _Row(part, key, stored_customers.load_raw(item), item)


def _gather(store: Store, sort: Sort, tests: CompiledFilter) -> Iterator[_Row] | None:
    """Return the customers that pass, in no order; None if too many have the words of a query."""
    if tests.words:
        pks = directory_index.scan_words(store, contains("search", tests.words), MAX_GATHERED + 1)
        if len(pks) > MAX_GATHERED:
            return None
        candidates: Iterable[dynamodb.Item] = ({"pk": {"S": pk}} for pk in pks)
    else:
        candidates = (
            item
            for selection in list_selections.covering(tests)
            for _, item in directory_index.entries(store, selection, 5000)
        )
    return _tested(store, sort, tests, candidates)


def _tested(store: Store, sort: Sort, tests: CompiledFilter, candidates: Iterable[dynamodb.Item]) -> Iterator[_Row]:
    for block in itertools.batched(candidates, _BLOCK, strict=False):
        for item in _with_customers(list(block)):
            customer = stored_customers.load_raw(item)
            if tests.pass_on(customer):
                yield _row(store, sort, customer, item)


def _rows_by_key(store: Store, sort: Sort, filter_: CustomerFilter, tests: CompiledFilter) -> list[_Row]:
    """Return the rows of a filter by e-mail, external id or ids: read by key, and tested."""
    profiles = ({"pk": {"S": keys.customer(store.id, customer_id)}} for customer_id in _filtered_ids(store, filter_))
    return list(_tested(store, sort, tests, profiles))


def _filtered_ids(store: Store, filter_: CustomerFilter) -> list[str]:
    """Return the ids of the customers whom each of these filters names."""
    if filter_.is_hidden:
        return []
    named: list[list[str | None]] = []
    if filter_.email is not None:
        named.append([_owner_of_email(store, filter_.email)])
    if filter_.external_id is not None:
        system, _, id_ = filter_.external_id.partition(":")
        named.append([external_ids.find_owner(store, system, id_)])
    if filter_.ids is not None:
        named.append(list(dict.fromkeys(filter_.ids)))
    return [each for each in named[0] if each and all(each in others for others in named)]


def _owner_of_email(store: Store, email: str) -> str | None:
    claim = dynamodb.get(keys.email(store.id, email_addresses.canonical(email)), keys.CLAIM)
    return merged_ids.owner_of(store, EmailClaim.from_raw_data(claim)) if claim else None


def _with_customers(items: list[dynamodb.Item], attributes: str = "") -> list[dynamodb.Item]:
    """Return the items with their customers, without those whose customer was deleted meanwhile.

    With `attributes` all profiles are read.
    """
    return [item for item in _completed(items, attributes) if item]


def _completed(items: list[dynamodb.Item], attributes: str = "") -> list[dynamodb.Item | None]:
    """Return for each item one with its customer: itself if it carries that, else the profile.

    None for a customer who was deleted meanwhile.
    """
    missing = [item for item in items if attributes or not stored_customers.is_in(item)]
    if not missing:
        return [*items]
    projection = ", ".join(filter(None, (stored_customers.PROJECTION, attributes)))
    profiles = dynamodb.get_many([(item["pk"]["S"], keys.PROFILE) for item in missing], projection)
    stored = {item["pk"]["S"]: item for item in profiles}
    return [stored.get(item["pk"]["S"]) if attributes or not stored_customers.is_in(item) else item for item in items]


def _row(store: Store, sort: Sort, customer: CustomerJson, item: dynamodb.Item) -> _Row:
    sort_keys = customer_facets.sort_keys(customer, store.currency)
    key = sort_keys.get(f"{_index(sort)}_key")
    return _Row(0, key, customer, item) if key else _Row(1, sort_keys["created_key"], customer, item)


def _beyond(rows: Iterable[_Row], sort: Sort, after: tuple[int, str] | None) -> Iterator[_Row]:
    """Yield the rows after a position."""
    if after is None:
        return iter(rows)
    part, key = after
    descending = sort.startswith("-")
    return (
        row
        for row in rows
        if row.part > part or (row.part == part and row.key != key and (row.key < key) == descending)
    )


def _first_sorted(rows: Iterable[_Row], sort: Sort, wanted: int) -> list[_Row]:
    """Return the first rows in order, in constant memory."""
    first: list[_Row] = []
    for block in itertools.batched(rows, 10 * wanted, strict=False):
        # Who orders for the first time while the indexes are read is in both of two selections.
        by_id = {row.customer["id"]: row for row in (*first, *block)}
        first = _sorted(by_id.values(), sort)[:wanted]
    return first


def _sorted(rows: Iterable[_Row], sort: Sort) -> list[_Row]:
    by_key = sorted(rows, key=lambda row: row.key, reverse=sort.startswith("-"))
    return sorted(by_key, key=lambda row: row.part)


def _index(sort: Sort) -> Index:
    return cast("Index", sort.removeprefix("-"))
