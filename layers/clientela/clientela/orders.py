"""Orders: taken from the order system, shown to their customers, counted in their statistics.

Every order is written together with its customer, on the customer's version that was read. So the version locks the
customer's orders too: what was read of them beforehand still holds when the transaction commits, and statistics are
exact whatever comes twice, late or at the same time.
"""

import random
import time
from datetime import datetime
from functools import partial
from typing import Any, Literal, NamedTuple, cast

from clientela import (
    consents,
    cursors,
    customers,
    dynamodb,
    email_addresses,
    erasures,
    keys,
    order_account,
    order_records,
    statistics,
    tombstones,
)
from clientela.customer_fields import Customer, PaymentStatus
from clientela.documents import stored
from clientela.errors import (
    BusyError,
    CustomerNotFoundError,
    EmailTakenError,
    OrderNotFoundError,
    VersionConflictError,
)
from clientela.history import Actor
from clientela.order_fields import ID_LENGTH, Order
from clientela.order_records import OrderReference
from clientela.statistics import Counted
from clientela.stores import Store
from clientela.table import Transaction
from clientela.tombstones import PersonErasedError

ATTEMPTS = 12  # of an order that meets others of the same customer; about ten seconds in all
_NONE: dynamodb.Item = {}
_TRUE: dynamodb.Item = {":true": {"BOOL": True}}


class Page(NamedTuple):
    """A page of orders, and the cursor of the next one if there is one."""

    orders: list[Order]
    next_cursor: str | None


def take(store: Store, order: Order, now: datetime) -> bool:
    """Take one version of an order; False where this version or a later one was taken before: then nothing changes.

    One transaction writes the order, its reference and the customer with its statistics, and where the order's e-mail
    is new to the store, the account and its claim. Where a version has another e-mail or time than the one before, the
    order moves. Of an order of somebody who was erased after it was placed only the money is taken. BusyError when
    others kept changing the same customer.
    2 read units for a new account, else 4. An order of up to 1 KB and a profile of up to 2: 26 write units for a new
    account (2 of them the check that its owner was not erased since), 26 where the statistics change (18 of them index
    entries), 8 where they stay as they are.
    """
    for attempt in range(ATTEMPTS):
        try:
            return _take(store, order, now)
        except (BusyError, EmailTakenError, VersionConflictError):
            time.sleep(random.uniform(0, min(2.0, 0.02 * 2**attempt)))  # noqa: S311 - jitter, nothing secret
    raise BusyError


def of_customer(store: Store, customer_id: str, limit: int = 50, cursor: str | None = None) -> Page:
    """A customer's orders, newest first. InvalidInputError for a cursor of another list. Half a read unit per 4 KB."""
    found = cursors.newest_first(keys.customer(store.id, customer_id), keys.ORDER_PREFIX, limit, cursor)
    return Page([stored(Order, item["order"]) for item in found.items], found.next_cursor)


def one(store: Store, customer_id: str, order_id: str) -> Order:
    """One order of a customer. OrderNotFoundError, also for an order of somebody else. 2 read units."""
    # An order whose time changes between the two reads is elsewhere by then; no key is as long as some paths are.
    for _ in range(2 if len(order_id) <= ID_LENGTH else 0):
        reference = OrderReference.find(keys.order_reference(store.id, order_id), keys.REFERENCE)
        if reference is None or reference.customer_id != customer_id:
            break
        item = dynamodb.get(keys.customer(store.id, customer_id), reference.order_key())
        if item:
            return stored(Order, item["order"])
    raise OrderNotFoundError(f"The customer has no order {order_id!r}.")


def move(store: Store, order_id: str, from_id: str, into_id: str, now: datetime, by: Actor) -> None:
    """Move an order to another customer: one transaction takes it out of one's statistics and into the other's.

    Nothing where it is no more with the first. BusyError. The units of an order whose e-mail changes.
    """
    for attempt in range(ATTEMPTS):
        known = OrderReference.find(keys.order_reference(store.id, order_id), keys.REFERENCE)
        if known is None or known.customer_id != from_id:
            return
        item = dynamodb.get(keys.customer(store.id, from_id), known.order_key())
        try:
            if item:
                _move(store, stored(Order, item["order"]), known, into_id, now, by)
                return
        except BusyError:
            time.sleep(random.uniform(0, min(2.0, 0.02 * 2**attempt)))  # noqa: S311 - jitter, nothing secret
    raise BusyError


def _move(store: Store, order: Order, known: OrderReference, into_id: str, now: datetime, by: Actor) -> None:
    holder = customers.get(store, into_id)
    after = _with_order(store, holder, order, None, new=False)
    with Transaction() as write:
        _write_order(write, store, holder.id, holder.version + 1, order, known)
        _take_away(write, store, known, now, by)
        customers.replace(write, store, holder, _next(holder, after, now), by)


def _take(store: Store, order: Order, now: datetime) -> bool:
    known = OrderReference.find(keys.order_reference(store.id, order.id), keys.REFERENCE)
    if known and known.version >= order.version:
        return False
    if known and known.money:
        return _keep_money(store, order, known, now)
    before, by = _account(store, order, known, now), Actor("order", order.id)
    holder = before or customers.made(order_account.told(order, store.country), now, "order")
    if known and known.customer_id != holder.id and erasures.under_way(store, known.customer_id):
        return _keep_money(store, order, known, now)
    try:
        with Transaction() as write:
            _write_order(write, store, holder.id, holder.version + 1 if before else 1, order, known)
            if known and known.customer_id != holder.id:
                _take_away(write, store, known, now, by)
            left = known.counted() if known and known.customer_id == holder.id else None
            after = _with_order(
                store, order_account.filled(holder, order, store.country), order, left, new=before is None
            )
            if before:
                customers.replace(write, store, before, _next(before, after, now), by)
            else:
                tombstones.demand_none_since(write, store, email_addresses.canonical(order.email), order.placed_at)
                customers.add(write, store, after, by)
    except PersonErasedError:
        return _keep_money(store, order, known, now)
    return True


def _keep_money(store: Store, order: Order, known: OrderReference | None, now: datetime) -> bool:
    """Take no more of an order than its money: the person was erased after it was placed. Nobody has it afterwards."""
    holder = _present(store, known.customer_id) if known and known.customer_id else None
    with Transaction() as write:
        write.save(order_records.erased(store, order), order_records.unchanged(known), BusyError())
        if known and holder:
            write.delete(order_records.OrderRecord(keys.customer(store.id, holder.id), known.order_key()))
            _take_away(write, store, known, now, Actor("order", order.id))
    return True


def _account(store: Store, order: Order, known: OrderReference | None, now: datetime) -> Customer | None:
    """Who has the order: as before while its e-mail stays, whatever has become of the account's own; else by e-mail."""
    if known and known.email == email_addresses.canonical(order.email):
        holder = _present(store, known.customer_id)
        if holder:
            return holder
    return customers.find(store, order.email, now)


def _present(store: Store, customer_id: str) -> Customer | None:
    try:
        return customers.get(store, customer_id)
    except CustomerNotFoundError:
        return None


def _write_order(
    write: Transaction, store: Store, holder: str, version: int, order: Order, known: OrderReference | None
) -> None:
    write.save(order_records.reference(store, holder, order), order_records.unchanged(known), BusyError())
    record = order_records.record(store, holder, version, order)
    write.save(record)
    if known:
        old = order_records.OrderRecord(keys.customer(store.id, known.customer_id), known.order_key())
        if (old.pk, old.sk) != (record.pk, record.sk):
            write.delete(old)


def _take_away(write: Transaction, store: Store, known: OrderReference, now: datetime, by: Actor) -> None:
    """Take the order out of the statistics of the customer who had it, if that customer is still there."""
    before = _present(store, known.customer_id)
    if before is None:
        return
    others = partial(_other, store, before.id, known.order_id)
    after = statistics.recounted(before, known.counted(), None, others)
    after = with_latest(after, newest(store, before.id, known.order_id))
    customers.replace(write, store, before, _next(before, after, now), by)


def _with_order(store: Store, holder: Customer, order: Order, left: Counted | None, *, new: bool) -> Customer:
    others = partial(_other, store, holder.id, order.id)
    after = statistics.recounted(holder, left, statistics.counted(order), others)
    this = Latest(keys.order(order.placed_at, order.id), order.payment_status, order.payment_method)
    other = None if new else newest(store, holder.id, order.id)
    return with_latest(after, max(this, other, key=lambda latest: latest.sort_key) if other else this)


def _next(before: Customer, after: Customer, now: datetime) -> Customer:
    """The version is always a new one, since it locks the orders; `updated_at` follows the customer's fields."""
    after = consents.settled(before, after, "order", now)
    changed = {} if after == before else {"updated_at": now}
    return after.model_copy(update={"version": before.version + 1} | changed)


class Latest(NamedTuple):
    """What a customer shows of the newest order."""

    sort_key: str
    payment_status: PaymentStatus
    payment_method: str | None


def with_latest(customer: Customer, latest: Latest | None) -> Customer:
    """The customer as they show their newest order."""
    method = ((latest and latest.payment_method) or "")[: order_records.METHOD_LENGTH] or None
    return customer.model_copy(
        update={"last_order_status": latest and latest.payment_status, "last_payment_method": method}
    )


def newest(store: Store, customer_id: str, without: str = "") -> Latest | None:
    """The customer's newest order but this one. 1 read unit per 4 KB of the two newest."""
    answer = _query(
        keys.customer(store.id, customer_id), newest_first=True, Limit=2,
        ProjectionExpression="sk, order_id, payment_status, payment_method",
    )  # fmt: skip
    for item in answer["Items"]:
        if item["order_id"]["S"] != without:
            return Latest(
                item["sk"]["S"], cast("PaymentStatus", item["payment_status"]["S"]),
                item.get("payment_method", {}).get("S"),
            )  # fmt: skip
    return None


def _other(store: Store, customer_id: str, without: str, end: Literal["first", "last"]) -> datetime | None:
    """The time of the customer's first or last counted order but this one."""
    request: dict[str, Any] = {
        "FilterExpression": "counted = :true",
        "ProjectionExpression": "sk, order_id",
        "Limit": 50,
    }
    while True:
        answer = _query(keys.customer(store.id, customer_id), newest_first=end == "last", values=_TRUE, **request)
        for item in answer["Items"]:
            if item["order_id"]["S"] != without:
                return keys.order_time(item["sk"]["S"])
        if "LastEvaluatedKey" not in answer:
            return None
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _query(partition: str, *, newest_first: bool, values: dynamodb.Item = _NONE, **request: Any) -> dict[str, Any]:
    """One page of a customer's orders, read consistently."""
    return dynamodb.query(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":pk": {"S": partition}, ":prefix": {"S": keys.ORDER_PREFIX}} | values,
        ScanIndexForward=not newest_first, ConsistentRead=True, **request,
    )  # fmt: skip
