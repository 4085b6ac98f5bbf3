"""The owner of an order, and the facts about the owner's other orders that statistics depend on."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple, cast

from clientela.customers import customers, merged_ids
from clientela.customers.customer_fields import Customer, PaymentStatus
from clientela.customers.customer_records import EmailClaim
from clientela.errors import BusyError
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import load

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
    return Owner(load(Customer, answer["Items"][0]["customer"]), newest)


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


def latest(store: Store, customer_id: str, without: str = "") -> LatestOrder | None:
    """Return a customer's newest order apart from `without`, or None.

    Cost: 1 read unit per 4 KB of two orders.
    """
    answer = _backwards(keys.customer(store.id, customer_id), keys.ORDERS_END, Limit=2)
    return next(_latest(answer, without), None)


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
