"""A rebuild of all statistics from the orders: finds and repairs drift.

Statistics change by differences, and only by orders (`order_statistics`), so there should be no
drift. The rebuild verifies that, and repairs what anything else wrote to the table.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from clientela.concurrency import map_in_order, retry_on_conflict
from clientela.customers import customer_records, customer_search, customers, stored_customers
from clientela.customers.customer_fields import Customer
from clientela.errors import BusyError
from clientela.orders import order_owners, order_statistics
from clientela.orders.order_fields import Order
from clientela.orders.order_owners import LatestOrder
from clientela.schema.actors import OPERATOR, Actor
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import load
from clientela.table.transactions import Transaction

_THREADS = 8
_WITHOUT_ORDERS: dict[str, Any] = {
    "orders_count": 0, "orders_total": 0, "total_spent": [], "average_order_value": None, "first_order_at": None,
    "last_order_at": None, "last_order_status": None, "last_payment_method": None,
}  # fmt: skip
# The attributes of the directory's indexes that each write derives from the statistics.
_INDEX_ATTRIBUTES = ("spent_key", "orders_key", "last_order_key", "uncounted")


class Drift(NamedTuple):
    """A field that differs from its computed value; `directory.…` is an index attribute."""

    field: str
    stored: Any
    computed: Any


class CheckedCustomer(NamedTuple):
    """A customer with the number of its orders, its drift, and whether that was repaired."""

    customer_id: str
    orders: int
    drift: list[Drift]
    corrected: bool


def rebuild(store: Store, now: datetime, *, dry_run: bool = False, by: Actor = OPERATOR) -> Iterator[CheckedCustomer]:
    """Compute every customer's statistics from the orders, and write those that differ.

    Memory stays constant. The write is conditional on the customer's version, which locks the
    orders, so orders may be recorded meanwhile. Customers created or deleted meanwhile may be left
    out.

    Raises:
        BusyError: others kept changing a customer with drift.

    Cost: half a read unit per 4 KB of each profile, 1 per 4 KB of each order; a repair costs as
    much as recording an order.
    """
    if not dry_run:
        with Transaction() as write:
            audit_trail.add(write, store, by, now, "statistics.rebuilt", None)
    profiles = customer_search.all_profiles(store, attributes=", ".join(_INDEX_ATTRIBUTES))
    return map_in_order(partial(_check, store, now, dry_run=dry_run), profiles, _THREADS)


def _check(store: Store, now: datetime, profile: dynamodb.Item, *, dry_run: bool) -> CheckedCustomer:
    customer = stored_customers.load(profile)
    count, computed = _computed(store, customer)
    if not _drift(store, profile, customer, computed):
        return CheckedCustomer(customer.id, count, [], corrected=False)
    # Profile and orders were read at different times: an order may have been recorded in between.
    return retry_on_conflict(partial(_check_version, store, now, customer.id, dry_run=dry_run))


def _check_version(store: Store, now: datetime, customer_id: str, *, dry_run: bool) -> CheckedCustomer:
    """Check the customer at one version, and repair it unless `dry_run`.

    Raises:
        BusyError: the version changed meanwhile.
    """
    profile = _profile(store, customer_id)
    if profile is None:  # deleted meanwhile
        return CheckedCustomer(customer_id, 0, [], corrected=False)
    before = stored_customers.load(profile)
    count, computed = _computed(store, before)
    drift = _drift(store, profile, before, computed)
    if not drift:
        return CheckedCustomer(customer_id, count, [], corrected=False)
    if dry_run:
        later = _profile(store, customer_id)
        if later is None or stored_customers.load(later).version != before.version:
            raise BusyError
        return CheckedCustomer(customer_id, count, drift, corrected=False)
    after = computed.model_copy(update={"version": before.version + 1, "updated_at": now})
    with Transaction() as write:
        customers.replace(write, store, before, after, OPERATOR)
    return CheckedCustomer(customer_id, count, drift, corrected=True)


def _profile(store: Store, customer_id: str) -> dynamodb.Item | None:
    return dynamodb.get(keys.customer(store.id, customer_id), keys.PROFILE)


def _computed(store: Store, customer: Customer) -> tuple[int, Customer]:
    """Return the number of the customer's orders, and the customer with computed statistics."""
    count, latest, after = 0, None, customer.model_copy(update=_WITHOUT_ORDERS)
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
    return count, order_owners.with_latest(after, latest, held=count)


def _drift(store: Store, profile: dynamodb.Item, customer: Customer, computed: Customer) -> list[Drift]:
    names = [name for name in _WITHOUT_ORDERS if getattr(customer, name) != getattr(computed, name)]
    old, new = (each.model_dump(mode="json", include=set(names)) for each in (customer, computed))
    entries = customer_records.record(store, computed).item()
    drifted = [name for name in _INDEX_ATTRIBUTES if _value(profile, name) != _value(entries, name)]
    return [
        *(Drift(name, old[name], new[name]) for name in names),
        *(Drift(f"directory.{name}", _value(profile, name), _value(entries, name)) for name in drifted),
    ]


def _value(item: dynamodb.Item, name: str) -> Any:
    """Return an attribute as JSON. DynamoDB drops the trailing zeros of numbers."""
    attribute = item.get(name, {})
    return f"{Decimal(attribute['N']).normalize():f}" if "N" in attribute else attribute.get("S")
