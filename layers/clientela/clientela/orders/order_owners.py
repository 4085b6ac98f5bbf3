"""Who has an order, and what of that customer's other orders it takes to know the statistics."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple, cast

from clientela.customers import customers
from clientela.customers.customer_fields import Customer, PaymentStatus
from clientela.customers.customer_records import EmailClaim
from clientela.errors import BusyError
from clientela.schema import email_addresses
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import load

_FEW, _MANY = 4, 100  # orders read at a time when looking for a counted one: mostly it is the next


class LatestOrder(NamedTuple):
    """What a customer shows of the newest order, counted or not."""

    sort_key: str
    payment_status: PaymentStatus
    payment_method: str | None


class Owner(NamedTuple):
    """A customer, and the newest of the orders but the one that it is about."""

    customer: Customer
    newest: LatestOrder | None


def by_id(store: Store, customer_id: str, without: str) -> Owner | None:
    """The customer as it is now with the newest order but one; None where there is none. 1 read unit per 4 KB."""
    collection = keys.customer(store.id, customer_id)
    # One query: between the profile and the orders lies at most one item.
    answer = _backwards(collection, keys.PROFILE, Limit=4)
    if not answer["Items"] or answer["Items"][0]["sk"]["S"] != keys.PROFILE:
        return None
    found = next(_latest(answer, without), None)
    if found is None and "LastEvaluatedKey" in answer:
        found = latest(store, customer_id, without)
    return Owner(load(Customer, answer["Items"][0]["customer"]), found)


def by_email(store: Store, canonical: str, without: str, now: datetime) -> Owner | None:
    """The customer who holds an e-mail. BusyError where it is just being taken. 1 read unit more."""
    claimed = EmailClaim.find(keys.email(store.id, canonical), keys.CLAIM)
    if claimed is None:
        return None
    holder = by_id(store, claimed.customer_id, without)
    if holder and email_addresses.canonical(holder.customer.email) == canonical:
        return holder
    customers.find(store, canonical, now)  # makes a void claim go
    raise BusyError


def latest(store: Store, customer_id: str, without: str = "") -> LatestOrder | None:
    """The customer's newest order but one. 1 read unit per 4 KB of the two newest."""
    answer = _backwards(keys.customer(store.id, customer_id), keys.ORDERS_END, Limit=2)
    return next(_latest(answer, without), None)


def counted_at(store: Store, customer_id: str, without: str, end: Literal["first", "last"]) -> datetime | None:
    """The time of the customer's first or last counted order but one.

    1 read unit per 4 KB of the orders at that end, up to the first that counts.
    """
    request: dict[str, Any] = {"Limit": _FEW}
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
            ScanIndexForward=end == "first",
            ConsistentRead=True,
            **request,
        )
        for item in answer["Items"]:
            if item["order_id"]["S"] != without:
                return keys.order_time(item["sk"]["S"])
        if "LastEvaluatedKey" not in answer:
            return None
        request = {"Limit": _MANY, "ExclusiveStartKey": answer["LastEvaluatedKey"]}


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
