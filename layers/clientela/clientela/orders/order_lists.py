"""A customer's orders as merchant and owner read them: newest first, in pages, filtered by status and time."""

from typing import Annotated, Any

from pydantic import Field

from clientela import clock
from clientela.customers.customer_fields import PaymentStatus
from clientela.orders.order_fields import FulfillmentStatus, Order
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, pagination
from clientela.table.attributes import load
from clientela.table.pagination import Page

MAX_READS = 4  # of up to a megabyte each, for one page: where they find too few, the page is short and the next goes on
_BATCH_SIZE = 500  # orders looked through by a read that filters


class OrderFilter(Model):
    """Which orders: with one of the statuses named of each kind, and placed from and to a moment, both included."""

    payment_status: Annotated[list[PaymentStatus] | None, Field(max_length=6)] = None
    fulfillment_status: Annotated[list[FulfillmentStatus] | None, Field(max_length=8)] = None
    placed_from: Timestamp | None = None
    placed_to: Timestamp | None = None


class ListParameters(OrderFilter):
    """Which orders, how many at a time."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=1000)] | None = None

    def filter(self) -> OrderFilter:
        """Which orders."""
        return OrderFilter.model_construct(**{name: getattr(self, name) for name in OrderFilter.model_fields})


_ALL = OrderFilter()


def of_customer(
    store: Store, customer_id: str, limit: int = 50, cursor: str | None = None, wanted: OrderFilter = _ALL
) -> Page[Order]:
    """A customer's orders, newest first. InvalidInputError for a cursor of another list.

    Half a read unit per 4 KB of the orders looked through: those of the page, and with a filter by status those between
    them, at most READS megabytes.
    """
    collection = keys.customer(store.id, customer_id)
    list_of = f"{collection}/{keys.ORDER_PREFIX}/{wanted.model_dump_json(exclude_none=True)}"
    request = _request(collection, wanted)
    start = dynamodb.key(collection, pagination.decode_cursor(list_of, cursor)) if cursor is not None else None
    found: list[dynamodb.Item] = []
    for _ in range(MAX_READS):
        answer = dynamodb.query(
            Limit=_BATCH_SIZE if "FilterExpression" in request else limit + 1,
            **request,
            **({"ExclusiveStartKey": start} if start else {}),
        )
        found, start = found + answer["Items"], answer.get("LastEvaluatedKey")
        if len(found) > limit or start is None:
            break
    shown = found[:limit]
    last = shown[-1]["sk"]["S"] if len(found) > limit else start["sk"]["S"] if start else None
    return Page(
        [load(Order, item["order"]) for item in shown], pagination.encode_cursor(list_of, last) if last else None
    )


def _request(collection: str, wanted: OrderFilter) -> dict[str, Any]:
    values = {":pk": collection, ":from": _earliest(wanted), ":to": _latest(wanted)}
    tests = []
    for name in ("payment_status", "fulfillment_status"):
        statuses = {f":{name}{number}": status for number, status in enumerate(getattr(wanted, name) or [])}
        values |= statuses
        tests += [f"{name} IN ({', '.join(statuses)})"] if statuses else []
    return {
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :from AND :to",
        "ScanIndexForward": False,
        "ExpressionAttributeValues": {name: {"S": value} for name, value in values.items()},
    } | ({"FilterExpression": " AND ".join(tests)} if tests else {})


def _earliest(wanted: OrderFilter) -> str:
    return keys.ORDER_PREFIX + (clock.format_timestamp(wanted.placed_from) if wanted.placed_from else "")


def _latest(wanted: OrderFilter) -> str:
    # Behind the time there is a "#": "$" is behind that.
    return f"{keys.ORDER_PREFIX}{clock.format_timestamp(wanted.placed_to)}$" if wanted.placed_to else keys.ORDERS_END
