"""Unclaimed orders: stored under their e-mail, and adopted by its account as soon as one exists.

Once an e-mail is claimed, no unclaimed order is added to it: `orders.record_version` requires that
the e-mail has no claim. So one adoption after the claim is enough.
"""

from contextlib import suppress
from datetime import datetime
from functools import partial

from clientela.concurrency import retry_on_conflict
from clientela.customers import customers, stored_customers
from clientela.customers.customer_fields import Customer
from clientela.errors import BusyError, CustomerNotFoundError, StoreNotFoundError
from clientela.orders import order_fills, order_owners, order_records, order_statistics, orders
from clientela.orders.order_owners import Owner
from clientela.orders.order_records import OrderRecord
from clientela.schema import email_addresses
from clientela.schema.actors import Actor
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.stream import TableChange
from clientela.table.transactions import Transaction

BATCH_SIZE = 30  # orders per transaction: three writes each, of at most 100


def adopt_after(change: TableChange, now: datetime) -> None:
    """Adopt the unclaimed orders of a new customer or a new e-mail.

    A new customer's change is its profile, a new e-mail's its claim. Other changes are ignored.

    Cost: 2 read units for a new customer, and as `adopt`.
    """
    if change.before or change.after is None:
        return
    store_id = keys.store_of(change.pk)
    with suppress(CustomerNotFoundError, StoreNotFoundError):
        if change.sk == keys.PROFILE:
            adopt(stores.get(store_id), stored_customers.load(change.after), now)
        elif change.sk == keys.CLAIM:
            store = stores.get(store_id)
            customer = customers.get(store, change.after["customer_id"]["S"])
            if customer.version > 1:  # else it is new, and its profile is the change to handle
                adopt(store, customer, now)


def adopt(store: Store, customer: Customer, now: datetime, at_least: int | None = None) -> Customer:
    """Move the unclaimed orders of a customer's e-mail to the customer; return the new customer.

    The newest come first. They are counted and fill empty fields, as if they were recorded now.
    `at_least` stops after the batch that reaches this number. Each transaction moves one batch, so
    an interrupted or concurrent adoption is completed by another. Nothing happens if the customer
    is deleted or has a new e-mail.

    Raises:
        BusyError: others kept changing the customer.

    Cost: 1 read unit without unclaimed orders; 8 write units per order of up to 1 KB, and one
    change of the customer per BATCH_SIZE orders.
    """
    if not _unclaimed(store, email_addresses.canonical(customer.email)):
        return customer
    adopted = 0
    while at_least is None or adopted < at_least:
        moved = retry_on_conflict(partial(_adopt_batch, store, customer, now), orders.CONFLICTS, orders.ATTEMPTS)
        adopted += moved
        if not moved:
            break
    with suppress(CustomerNotFoundError):
        return customers.get(store, customer.id)
    return customer


def _adopt_batch(store: Store, customer: Customer, now: datetime) -> int:
    """Move one batch, and return the number of its orders."""
    email = email_addresses.canonical(customer.email)
    records = _unclaimed(store, email)
    owner = order_owners.by_id(store, customer.id, without="") if records else None
    if owner is None or email_addresses.canonical(owner.customer.email) != email:
        return 0
    after = orders.next_version(owner.customer, _with_orders(owner, records, store.country), now)
    with Transaction() as write:
        for record in records:
            _move(write, store, record, after, email)
        customers.replace(write, store, owner.customer, after, Actor("order", records[0].order_id))
    return len(records)


def _unclaimed(store: Store, email: str) -> list[OrderRecord]:
    """Return the newest unclaimed orders of an e-mail, at most BATCH_SIZE."""
    answer = dynamodb.query(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :orders)",
        ExpressionAttributeValues={":pk": {"S": keys.email(store.id, email)}, ":orders": {"S": keys.ORDER_PREFIX}},
        ScanIndexForward=False,
        Limit=BATCH_SIZE,
        ConsistentRead=True,
    )
    return [OrderRecord.from_raw_data(item) for item in answer["Items"]]


def _with_orders(owner: Owner, records: list[OrderRecord], store_country: str | None) -> Customer:
    customer, newest = owner
    for order in (record.order for record in records):
        customer = order_fills.fill(customer, order, store_country)
        customer = order_statistics.apply_order(customer, None, order_statistics.contribution(order))
        newest = order_owners.latest_of(order, newest)
    return order_owners.with_latest(customer, newest, held=len(records))


def _move(write: Transaction, store: Store, record: OrderRecord, customer: Customer, email: str) -> None:
    before = order_records.reference(store, None, email, record.order)
    after = order_records.reference(store, customer.id, email, record.order)
    write.put_record(after, order_records.is_unchanged(before), BusyError())
    write.put_record(
        order_records.record(after.collection(store), customer.version, record.order, record.email_version)
    )
    write.delete(OrderRecord(record.pk, record.sk), OrderRecord.version == record.version, BusyError())
