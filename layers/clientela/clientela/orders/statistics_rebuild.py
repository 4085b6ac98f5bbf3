"""Statistics anew, from the orders themselves: what a customer shows must be what their orders come to.

Statistics move by differences, and nothing but orders moves them (statistics.py). So there is no drift, and this proves
it; where something else wrote to the table, it mends what that broke.
"""

import random
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from clientela.concurrency import map_in_order
from clientela.customers import customer_records, customer_search, customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_history import OPERATOR
from clientela.errors import BusyError
from clientela.orders import order_statistics, orders
from clientela.orders.order_fields import Order
from clientela.orders.order_owners import LatestOrder
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import load
from clientela.table.transactions import Transaction

_THREADS = 8
_NOTHING: dict[str, Any] = {
    "orders_count": 0, "total_spent": [], "average_order_value": None, "first_order_at": None, "last_order_at": None,
    "last_order_status": None, "last_payment_method": None,
}  # fmt: skip
# What the directory sorts and filters by, made of the statistics at each write.
_ENTRIES = ("orders_count", "spent", "last_order_at", "spent_key", "orders_key", "last_order_key")


class Drift(NamedTuple):
    """A field that is not what the orders come to; `directory.…` is an attribute of the directory's indexes."""

    field: str
    stored: Any
    computed: Any


class Checked(NamedTuple):
    """A customer, how many orders they have, what has drifted, and whether that was mended."""

    customer_id: str
    orders: int
    drift: list[Drift]
    mended: bool


def rebuild(store: Store, now: datetime, *, dry_run: bool = False) -> Iterator[Checked]:
    """Compute every customer's statistics from their orders, and write them where they are others. In constant memory.

    The write is conditional on the version of the customer, which locks their orders, so orders may come all the while.
    Whoever is made or deleted meanwhile may be passed over. Half a read unit per 4 KB of each profile, one per 4 KB of
    each order; a customer who is mended is written as by an order. BusyError.
    """
    profiles = customer_search.all_profiles(store, attributes=f"pk, customer, {', '.join(_ENTRIES)}")
    return map_in_order(partial(_checked, store, now, dry_run=dry_run), profiles, _THREADS)


def _checked(store: Store, now: datetime, profile: dynamodb.Item, *, dry_run: bool) -> Checked:
    customer = load(Customer, profile["customer"])
    count, computed = _computed(store, customer)
    if not _drift(store, profile, customer, computed):
        return Checked(customer.id, count, [], mended=False)
    # That was read at different moments: an order may have come between them.
    for attempt in range(customers.ATTEMPTS):
        found = _looked_at_again(store, now, customer.id, dry_run=dry_run)
        if found:
            return found
        time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, nothing secret
    raise BusyError


def _looked_at_again(store: Store, now: datetime, customer_id: str, *, dry_run: bool) -> Checked | None:
    """The customer at one version, mended unless it is a dry run; None where another version came up meanwhile."""
    profile = _profile(store, customer_id)
    if profile is None:  # deleted since
        return Checked(customer_id, 0, [], mended=False)
    before = load(Customer, profile["customer"])
    count, computed = _computed(store, before)
    drift = _drift(store, profile, before, computed)
    if not drift:
        return Checked(customer_id, count, [], mended=False)
    if dry_run:
        after = _profile(store, customer_id)
        is_same = after is not None and load(Customer, after["customer"]).version == before.version
        return Checked(customer_id, count, drift, mended=False) if is_same else None
    mended = computed.model_copy(update={"version": before.version + 1, "updated_at": now})
    try:
        with Transaction() as write:
            customers.replace(write, store, before, mended, OPERATOR)
    except BusyError:
        return None
    return Checked(customer_id, count, drift, mended=True)


def _profile(store: Store, customer_id: str) -> dynamodb.Item | None:
    return dynamodb.get(keys.customer(store.id, customer_id), keys.PROFILE)


def _computed(store: Store, customer: Customer) -> tuple[int, Customer]:
    """How many orders the customer has, and the customer with the statistics that these come to."""
    count, latest, after = 0, None, customer.model_copy(update=_NOTHING)
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={
            ":pk": {"S": keys.customer(store.id, customer.id)},
            ":prefix": {"S": keys.ORDER_PREFIX},
        },
        ProjectionExpression="sk, #order",
        ExpressionAttributeNames={"#order": "order"},
        ConsistentRead=True,
    )
    for page in pages:
        for item in page["Items"]:
            order = load(Order, item["order"])
            after = order_statistics.apply_order(after, None, order_statistics.contribution(order))
            latest = LatestOrder(item["sk"]["S"], order.payment_status, order.payment_method)
            count += 1
    return count, orders.with_latest(after, latest)


def _drift(store: Store, profile: dynamodb.Item, customer: Customer, computed: Customer) -> list[Drift]:
    names = [name for name in _NOTHING if getattr(customer, name) != getattr(computed, name)]
    old, new = (each.model_dump(mode="json", include=set(names)) for each in (customer, computed))
    entries = customer_records.record(store, computed).item()
    moved = [name for name in _ENTRIES if _value(profile, name) != _value(entries, name)]
    return [
        *(Drift(name, old[name], new[name]) for name in names),
        *(Drift(f"directory.{name}", _value(profile, name), _value(entries, name)) for name in moved),
    ]


def _value(item: dynamodb.Item, name: str) -> Any:
    """An attribute as JSON. DynamoDB leaves the zeros at a number's end away."""
    attribute = item.get(name, {})
    return f"{Decimal(attribute['N']).normalize():f}" if "N" in attribute else attribute.get("S")
