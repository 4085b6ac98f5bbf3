"""The directory of a store's customers: pages in six orders, filters and keyword search, all inside DynamoDB.

Each order is an index whose entries lie in a few buckets; a page is the merge of the buckets. The cursor is the sort key
of the page's last row, which ends in the customer's id: a customer that does not change is shown exactly once, whatever
happens between two pages.
"""

import heapq
import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Literal, get_args

from clientela.customers.customer_filter import CustomerFilter, expression
from clientela.customers.customer_records import BUCKETS, CustomerJson, customer_json
from clientela.schema import email_addresses
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, pagination
from clientela.table.pagination import Page

Sort = Literal[
    "created", "-created", "name", "-name", "email", "-email",
    "orders", "-orders", "spent", "-spent", "last_order", "-last_order",
]  # fmt: skip
SORTS: tuple[Sort, ...] = get_args(Sort)

_ALL = CustomerFilter()


def page(
    store: Store, *, sort: Sort = "-created", wanted: CustomerFilter = _ALL, limit: int = 50, cursor: str | None = None
) -> Page[CustomerJson]:
    """One page of the customers that pass the filter. Sorting by orders, spend or last order shows those with orders.

    InvalidInputError for a cursor that was not made for this store, filter and sort. Read units: half a unit per 4 KB
    of index read (a page of 100 without a filter: about 8) and half a unit per customer shown; by e-mail 1.5 in all.
    """
    this_list = f"{store.id}/{sort}/{wanted.model_dump_json(exclude_none=True)}"
    after = pagination.decode_cursor(this_list, cursor) if cursor is not None else None
    entries = list(itertools.islice(_entries(store, sort, wanted, after, limit + 1), limit + 1))
    shown = entries[:limit]
    customers = [customer_json(item) for item in _profiles([entry for _, entry in shown])]
    return Page(customers, pagination.encode_cursor(this_list, shown[-1][0]) if len(entries) > limit else None)


def select_fields(customers: list[CustomerJson], fields: Sequence[str]) -> list[CustomerJson]:
    """The customers with no more than these fields, and their ids."""
    shown = {"id", *fields}
    return [{name: value for name, value in customer.items() if name in shown} for customer in customers]


def all_profiles(
    store: Store, wanted: CustomerFilter = _ALL, attributes: str = "pk, customer"
) -> Iterator[dynamodb.Item]:
    """The profiles of all customers that pass the filter, as they are stored, oldest first, in constant memory."""
    entries = _entries(store, "created", wanted, None, 1000)
    while block := list(itertools.islice(entries, dynamodb.BATCH_READ)):
        yield from _profiles([entry for _, entry in block], attributes)


def count(store: Store, wanted: CustomerFilter = _ALL, sort: Sort = "created") -> int:
    """How many customers all pages of this list have. Reads the whole index: half a read unit per 4 KB of it."""
    if wanted.email or wanted.ids is not None:
        return len(_named(store, sort, wanted))
    requests = [_request(store, sort, wanted, None, bucket) | {"Select": "COUNT"} for bucket in range(BUCKETS)]
    return sum(_threads().map(_counted, requests))


type _Entry = tuple[str, dynamodb.Item]  # sort key, which no two share, and what was read: the profile or its key


def _entries(store: Store, sort: Sort, wanted: CustomerFilter, after: str | None, expected: int) -> Iterator[_Entry]:
    descending = sort.startswith("-")
    if wanted.email or wanted.ids is not None:
        found = sorted(_named(store, sort, wanted), key=lambda entry: entry[0], reverse=descending)
        return (entry for entry in found if after is None or (entry[0] < after if descending else entry[0] > after))
    size = expected // BUCKETS + 16  # what a bucket holds of a page, give or take
    requests = [_request(store, sort, wanted, after, bucket) | {"Limit": size} for bucket in range(BUCKETS)]
    first_pages = _threads().map(lambda request: dynamodb.query(**request), requests)
    streams = [_stream(request, first, _column(sort)) for request, first in zip(requests, first_pages, strict=True)]
    return heapq.merge(*streams, reverse=descending)


def _stream(request: dict[str, Any], answer: dict[str, Any], column: str) -> Iterator[_Entry]:
    """One bucket's entries in order; where they prove not to be enough, ever larger pages are read."""
    while True:
        yield from ((item[column]["S"], item) for item in answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        request |= {"ExclusiveStartKey": answer["LastEvaluatedKey"], "Limit": min(request["Limit"] * 8, 5000)}
        answer = dynamodb.query(**request)


def _request(store: Store, sort: Sort, wanted: CustomerFilter, after: str | None, bucket: int) -> dict[str, Any]:
    column = _column(sort)
    request = {"ExpressionAttributeNames": {}, "ExpressionAttributeValues": {}} | expression(wanted, store.country)
    condition = "directory = :directory"
    request["ExpressionAttributeValues"] |= {":directory": {"S": keys.directory(store.id, bucket)}}
    if after is not None:
        condition += f" AND {column} {'<' if sort.startswith('-') else '>'} :after"
        request["ExpressionAttributeValues"] |= {":after": {"S": after}}
    if not request["ExpressionAttributeNames"]:
        del request["ExpressionAttributeNames"]
    return request | {
        "IndexName": f"by_{sort.removeprefix('-')}",
        "KeyConditionExpression": condition,
        "ProjectionExpression": f"pk, {column}",
        "ScanIndexForward": not sort.startswith("-"),
    }


def _named(store: Store, sort: Sort, wanted: CustomerFilter) -> list[_Entry]:
    """The profiles of customers asked for by e-mail or id, read by their keys; other filters are applied by DynamoDB."""
    column, tests = _column(sort), expression(wanted, store.country)
    partitions = [keys.customer(store.id, customer_id) for customer_id in _asked_ids(store, wanted)]
    found = (
        itertools.chain.from_iterable(_tested(pk, tests) for pk in partitions)
        if tests
        else dynamodb.get_many([(pk, keys.PROFILE) for pk in partitions], f"pk, customer, {column}")
    )
    return [(item[column]["S"], item) for item in found if column in item]


def _tested(pk: str, tests: dict[str, Any]) -> list[dynamodb.Item]:
    """The profile if it passes a filter expression."""
    values = tests["ExpressionAttributeValues"] | {":pk": {"S": pk}, ":sk": {"S": keys.PROFILE}}
    request = tests | {"ExpressionAttributeValues": values}
    found: list[dynamodb.Item] = dynamodb.query(KeyConditionExpression="pk = :pk AND sk = :sk", **request)["Items"]
    return found


def _asked_ids(store: Store, wanted: CustomerFilter) -> list[str]:
    ids = list(dict.fromkeys(wanted.ids or []))
    if not wanted.email:
        return ids
    claimed = dynamodb.get(keys.email(store.id, email_addresses.canonical(wanted.email)), keys.CLAIM)
    holder = claimed["customer_id"]["S"] if claimed else None
    return [holder] if holder and (wanted.ids is None or holder in ids) else []


def _profiles(entries: list[dynamodb.Item], attributes: str = "pk, customer") -> list[dynamodb.Item]:
    """The profiles of entries, in their order, as far as they are still there. Those read by their keys are at hand."""
    missing = [(entry["pk"]["S"], keys.PROFILE) for entry in entries if "customer" not in entry]
    found = {item["pk"]["S"]: item for item in dynamodb.get_many(missing, attributes)}
    whole = (entry if "customer" in entry else found.get(entry["pk"]["S"]) for entry in entries)
    return [profile for profile in whole if profile]


def _column(sort: Sort) -> str:
    return f"{sort.removeprefix('-')}_key"


def _counted(request: dict[str, Any]) -> int:
    request.pop("ProjectionExpression")
    return sum(answer["Count"] for answer in dynamodb.query_pages(**request))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(BUCKETS, thread_name_prefix="directory")
