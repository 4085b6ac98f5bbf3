"""Lists of a customer's orders and of orders without e-mail.

Newest first, filtered by status and time.
"""

from collections.abc import Iterator
from itertools import batched
from typing import Annotated, Any

from pydantic import Field

from clientela import clock
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_values import PaymentStatus
from clientela.orders import order_records
from clientela.orders.order_fields import FulfillmentStatus, Order
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, pagination
from clientela.table.attributes import load
from clientela.table.pagination import Page

MAX_READS = 4  # for one page, of up to a megabyte each: the page is short if they find too few orders
_BATCH_SIZE = 500  # orders per read with a filter by status
# Characters of stored orders. Even an order with one letter in each field takes no more than ten
# times as many bytes in a response.
_CERTAINLY_FITTING = 500_000


class OrderFilter(Model):
    """A filter of orders by statuses, and by time with both ends included."""

    payment_status: Annotated[list[PaymentStatus] | None, Field(max_length=6)] = None
    """Orders with one of these payment statuses. Example: ["paid"]"""
    fulfillment_status: Annotated[list[FulfillmentStatus] | None, Field(max_length=8)] = None
    """Orders with one of these fulfilment statuses. Example: ["shipped"]"""
    placed_from: Timestamp | None = None
    """Placed at this time or later."""
    placed_to: Timestamp | None = None
    """Placed at this time or earlier."""


class OrderListParameters(OrderFilter):
    """The parameters of a list of orders: a filter, a page size and a cursor."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    """The number of orders in a page. Example: 50"""
    cursor: Annotated[str, Field(max_length=1000)] | None = None
    """`next_cursor` of the previous page. Example: WyJjdXJzb3IiXQ.x1Y2"""
    count: bool = False
    """Whether to add `total`, the number of orders that pass all filters. Example: true"""

    def filter(self) -> OrderFilter:
        """Return the filter in the parameters."""
        return OrderFilter.model_construct(**{name: getattr(self, name) for name in OrderFilter.model_fields})


_ALL = OrderFilter()


def of_customer(
    store: Store, customer_id: str, limit: int = 50, cursor: str | None = None, filter_: OrderFilter = _ALL
) -> Page[Order]:
    """Return a page of a customer's orders, newest first.

    Raises:
        InvalidInputError: the cursor belongs to another list.

    Cost: half a read unit per 4 KB of the orders read: those of the page, and with a filter by
    status those between them, at most MAX_READS megabytes.
    """
    return _page(keys.customer(store.id, customer_id), limit, cursor, filter_)


def without_email(store: Store, limit: int = 50, cursor: str | None = None, filter_: OrderFilter = _ALL) -> Page[Order]:
    """Return a page of the orders without e-mail, and so without customer, newest first.

    Raises:
        InvalidInputError: the cursor belongs to another list.

    Cost: as `of_customer`.
    """
    return _page(order_records.unclaimed(store, None), limit, cursor, filter_)


def count_of_customer(store: Store, customer: Customer, filter_: OrderFilter = _ALL) -> int:
    """Return the number of a customer's orders that pass the filter.

    Without a filter it is the customer's `orders_total`.

    Cost: 0 without a filter, else half a read unit per 4 KB of the orders within the times.
    """
    if filter_ == _ALL:
        return customer.orders_total
    return _count(keys.customer(store.id, customer.id), filter_)


def count_without_email(store: Store, filter_: OrderFilter = _ALL) -> int:
    """Return the number of orders without e-mail that pass the filter.

    Cost: half a read unit per 4 KB of these orders within the times.
    """
    return _count(order_records.unclaimed(store, None), filter_)


def all_of_collection(collection: str) -> list[dynamodb.Item]:
    """Return all orders in the collection of a customer, oldest first, as items with the order.

    Cost: half a read unit per 4 KB of the orders.
    """
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :orders)",
        ExpressionAttributeValues={":pk": {"S": collection}, ":orders": {"S": keys.ORDER_PREFIX}},
        ProjectionExpression="pk, sk, #order",
        ExpressionAttributeNames={"#order": "order"},  # a reserved word
    )
    return [item for page in pages for item in page["Items"]]


def all_unclaimed(store: Store) -> Iterator[dynamodb.Item]:
    """Yield the orders without an account, as items with the order, in the order of their times.

    An order without e-mail is one of them, too.

    Cost: half a read unit per 4 KB of their index entries, and half a unit per 4 KB of each order.
    """
    pages = dynamodb.query_pages(
        IndexName="by_created",
        KeyConditionExpression="dir = :dir",
        ExpressionAttributeValues={":dir": {"S": keys.unclaimed_orders(store.id)}},
        ProjectionExpression="pk, sk",
    )
    found = ((item["pk"]["S"], item["sk"]["S"]) for page in pages for item in page["Items"])
    for block in batched(found, dynamodb.BATCH_READ, strict=False):
        orders = {(item["pk"]["S"], item["sk"]["S"]): item for item in dynamodb.get_many(block)}
        yield from (orders[key] for key in block if key in orders)


def _count(collection: str, filter_: OrderFilter) -> int:
    request = _request(collection, filter_) | {"Select": "COUNT"}
    return sum(int(page["Count"]) for page in dynamodb.query_pages(**request))


def _page(collection: str, limit: int, cursor: str | None, filter_: OrderFilter) -> Page[Order]:
    list_of = f"{collection}/{keys.ORDER_PREFIX}/{filter_.model_dump_json(exclude_none=True)}"
    request = _request(collection, filter_)
    start = dynamodb.key(collection, pagination.decode_cursor(list_of, cursor)) if cursor is not None else None
    items: list[dynamodb.Item] = []
    for _ in range(MAX_READS):
        answer = dynamodb.query(
            Limit=_BATCH_SIZE if "FilterExpression" in request else limit + 1,
            **request,
            **({"ExclusiveStartKey": start} if start else {}),
        )
        items, start = items + answer["Items"], answer.get("LastEvaluatedKey")
        if len(items) > limit or start is None:
            break
    orders = [load(Order, item["order"]) for item in items[:limit]]
    fitting = _count_fitting(items[:limit], orders)
    last = items[fitting - 1]["sk"]["S"] if len(items) > fitting else start["sk"]["S"] if start else None
    return Page(orders[:fitting], pagination.encode_cursor(list_of, last) if last else None)


def _count_fitting(items: list[dynamodb.Item], orders: list[Order]) -> int:
    if sum(len(item["order"]["S"]) for item in items) < _CERTAINLY_FITTING:
        return len(items)
    return pagination.count_fitting(order.model_dump_json().encode() for order in orders)


def _request(collection: str, filter_: OrderFilter) -> dict[str, Any]:
    first, last = _earliest(filter_), _latest(filter_)
    # DynamoDB refuses a range that ends before it begins. No key is as short as `first`.
    values = {":pk": collection, ":from": first, ":to": max(first, last)}
    tests = []
    for name in ("payment_status", "fulfillment_status"):
        statuses = {f":{name}{number}": status for number, status in enumerate(getattr(filter_, name) or [])}
        values |= statuses
        tests += [f"{name} IN ({', '.join(statuses)})"] if statuses else []
    return {
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :from AND :to",
        "ScanIndexForward": False,
        "ExpressionAttributeValues": {name: {"S": value} for name, value in values.items()},
    } | ({"FilterExpression": " AND ".join(tests)} if tests else {})


def _earliest(filter_: OrderFilter) -> str:
    return keys.ORDER_PREFIX + (clock.format_timestamp(filter_.placed_from) if filter_.placed_from else "")


def _latest(filter_: OrderFilter) -> str:
    # A "#" follows the time in the key; "$" sorts directly after "#".
    return f"{keys.ORDER_PREFIX}{clock.format_timestamp(filter_.placed_to)}$" if filter_.placed_to else keys.ORDERS_END
