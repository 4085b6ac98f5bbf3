"""Guests that no order needs any more: each is removed like a deleted customer.

An order creates a guest. If the order turns out to be another person's or is cancelled, and neither
the owner nor the merchant has touched the account, the guest goes: as if the order's last version
had been its first. Cancelled orders are not deleted with it: they wait for an account again.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from clientela.concurrency import retry_on_conflict
from clientela.customers import external_ids, filled_fields, stored_customers
from clientela.customers.customer_records import CustomerRecord, claim, record
from clientela.errors import BusyError
from clientela.orders import order_owners, order_profile, orders
from clientela.orders.order_fields import Order
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.records import Record
from clientela.table.stream import TableChange
from clientela.table.transactions import Transaction


class VacatedRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `VACATED`: the orders of this removed guest are kept."""


def may_be_vacant(change: TableChange) -> bool:
    """Return whether a change of a profile may have left a guest that no order needs."""
    if change.sk != keys.PROFILE or change.after is None or "follow_up" not in change.after:
        return False
    return filled_fields.has_only_orders(stored_customers.load(change.after))


def remove_account(store: Store, customer_id: str) -> bool:
    """Delete the profile and the claim of a guest without an order that creates an account.

    Return whether it was deleted: then `keep_orders` and the removal of the rest must follow.

    Raises:
        BusyError: others kept changing the customer.

    Cost: 1 read unit per 4 KB of the orders; 8 write units, and 2 for each index entry.
    """

    def attempt() -> bool:
        item = dynamodb.get(keys.customer(store.id, customer_id), keys.PROFILE)
        customer = stored_customers.load(item) if item else None
        if customer is None or not filled_fields.has_only_orders(customer):
            return False
        # Read after the profile: a later order changes its version.
        if any(order_profile.makes_account(store, order) for order in _orders(store, customer_id)):
            return False
        with Transaction() as write:
            write.delete(record(store, customer), CustomerRecord.version == customer.version, BusyError())
            write.delete(claim(store, customer))
            external_ids.add_changes(write, store, (customer, None))
            write.put_record(VacatedRecord(keys.customer(store.id, customer_id), keys.VACATED))
        return True

    return retry_on_conflict(attempt)


def keep_orders(store: Store, customer_id: str, now: datetime, out_of_time: Callable[[], bool]) -> bool:
    """Give the orders of a removed guest to the account of their e-mail, or let them wait for one.

    Return whether any are left. Nothing happens to a customer who was removed otherwise.

    Cost: 1 read unit, and for each order that of an order whose e-mail changes.
    """
    if VacatedRecord.find(keys.customer(store.id, customer_id), keys.VACATED) is None:
        return False
    for order in _orders(store, customer_id):
        if out_of_time():
            return True
        orders.rehome(store, order.id, customer_id, now)
    return False


def _orders(store: Store, customer_id: str) -> Iterator[Order]:
    first, last = keys.ORDER_PREFIX, keys.ORDERS_END
    return order_owners.orders_between(store, customer_id, "", first, last, newest_first=True)
