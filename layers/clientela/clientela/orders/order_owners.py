"""The owner of an order, and the facts about the owner's other orders that statistics depend on."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple, cast

from clientela.customers import customers, merged_ids, stored_customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import EmailClaim
from clientela.customers.customer_values import PaymentStatus
from clientela.errors import BusyError
from clientela.orders.order_fields import Order
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import load

MAX_METHOD_LENGTH = 200  # of a payment method, as shown on the customer
_FIRST_READ, _NEXT_READS = 4, 100  # orders per read of a search for a counted one: mostly the next one counts


class LatestOrder(NamedTuple):
    """The fields of the newest order, counted or not, that are shown on the customer."""

    sort_key: str
    payment_status: PaymentStatus
    payment_method: str | None


class Owner(NamedTuple):
    """A customer with the newest of its orders, apart from the order in question."""

    customer: Customer
    newest: LatestOrder | None


def by_id(store: Store, customer_id: str, without: str) -> Owner | None:
    """Return a customer with its newest order apart from `without`, or None without a customer.

    Cost: 1 read unit per 4 KB.
    """
    collection = keys.customer(store.id, customer_id)
    # One query: at most one item sorts between the orders and the profile.
    answer = _backwards(collection, keys.PROFILE, Limit=4)
    if not answer["Items"] or answer["Items"][0]["sk"]["S"] != keys.PROFILE:
        return None
    newest = next(_latest(answer, without), None)
    if newest is None and "LastEvaluatedKey" in answer:
        newest = latest(store, customer_id, without)
    return Owner(stored_customers.load(answer["Items"][0]), newest)


def by_email(store: Store, canonical: str, without: str, now: datetime) -> Owner | None:
    """Return the customer to whom an e-mail leads, with its newest order apart from `without`.

    None without such a customer.

    Raises:
        BusyError: the e-mail is just being claimed or released.

    Cost: 1 read unit more than `by_id`.
    """
    claim = EmailClaim.find(keys.email(store.id, canonical), keys.CLAIM)
    if claim is None:
        return None
    owner = by_id(store, merged_ids.owner_of(store, claim), without)
    if owner and customers.leads_to(claim, owner.customer):
        return owner
    customers.find(store, canonical, now)  # deletes a void claim
    raise BusyError


def with_latest(customer: Customer, latest: LatestOrder | None, held: int = 0) -> Customer:
    """Return the customer with the newest order's fields, and `held` orders more than before."""
    method = ((latest and latest.payment_method) or "")[:MAX_METHOD_LENGTH] or None
    return customer.model_copy(
        update={
            "orders_total": customer.orders_total + held,
            "last_order_at": latest and keys.order_time(latest.sort_key),
            "last_order_status": latest and latest.payment_status,
            "last_payment_method": method,
        }
    )


def latest_of(order: Order, other: LatestOrder | None) -> LatestOrder:
    """Return the newer of two orders, `order` if there is no other."""
    this = LatestOrder(keys.order(order.placed_at, order.id), order.payment_status, order.payment_method)
    return other if other and other.sort_key > this.sort_key else this


def latest(store: Store, customer_id: str, without: str = "") -> LatestOrder | None:
    """Return a customer's newest order apart from `without`, or None.

    Cost: 1 read unit per 4 KB of two orders.
    """
    answer = _backwards(keys.customer(store.id, customer_id), keys.ORDERS_END, Limit=2)
    return next(_latest(answer, without), None)


def orders_between(
    store: Store, customer_id: str, without: str, first: str, last: str, newest_first: bool
) -> Iterator[Order]:
    """Yield a customer's orders apart from `without` whose sort keys are between two others.

    Cost: 1 read unit per 4 KB.
    """
    request: dict[str, Any] = {"Limit": _FIRST_READ}
    while True:
        answer = dynamodb.query(
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": keys.customer(store.id, customer_id)},
                ":first": {"S": first},
                ":last": {"S": last},
            },
            ScanIndexForward=not newest_first,
            ConsistentRead=True,
            **request,
        )
        yield from (load(Order, item["order"]) for item in answer["Items"] if item["order_id"]["S"] != without)
        if "LastEvaluatedKey" not in answer:
            return
        request = {"Limit": _NEXT_READS, "ExclusiveStartKey": answer["LastEvaluatedKey"]}


def first_counted_at(store: Store, customer_id: str, without: str) -> datetime | None:
    """Return the time of a customer's first counted order apart from `without`, or None.

    Cost: 1 read unit per 4 KB of the orders up to the first counted one.
    """
    request: dict[str, Any] = {"Limit": _FIRST_READ}
    while True:
        answer = dynamodb.query(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :orders)",
            FilterExpression="counted = :true",
            ExpressionAttributeValues={
                ":pk": {"S": keys.customer(store.id, customer_id)},
                ":orders": {"S": keys.ORDER_PREFIX},
                ":true": {"BOOL": True},
            },
            ProjectionExpression="sk, order_id",
            ConsistentRead=True,
            **request,
        )
        for item in answer["Items"]:
            if item["order_id"]["S"] != without:
                return keys.order_time(item["sk"]["S"])
        if "LastEvaluatedKey" not in answer:
            return None
        request = {"Limit": _NEXT_READS, "ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _backwards(collection: str, start: str, **request: Any) -> dict[str, Any]:
    return dynamodb.query(
        KeyConditionExpression="pk = :pk AND sk BETWEEN :orders AND :start",
        ExpressionAttributeValues={
            ":pk": {"S": collection},
            ":orders": {"S": keys.ORDER_PREFIX},
            ":start": {"S": start},
        },
        ScanIndexForward=False,
        ConsistentRead=True,
        **request,
    )


def _latest(answer: dict[str, Any], without: str) -> Iterator[LatestOrder]:
    for item in answer["Items"]:
        if item["sk"]["S"].startswith(keys.ORDER_PREFIX) and item["order_id"]["S"] != without:
            status = cast("PaymentStatus", item["payment_status"]["S"])
            yield LatestOrder(item["sk"]["S"], status, item.get("payment_method", {}).get("S"))
