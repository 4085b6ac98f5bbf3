"""Orders that nobody had an account for: they lie with their e-mail, and join the account as soon as there is one.

From the moment that an e-mail is claimed no order is added to those that lie with it (`orders.take` demands that nobody
has it), so whoever claims it has to look once, afterwards.
"""

from contextlib import suppress
from datetime import datetime
from functools import partial

from clientela.customers import customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_history import Actor
from clientela.errors import BusyError, CustomerNotFoundError, StoreNotFoundError
from clientela.orders import order_owners, order_profile, order_records, order_statistics, orders
from clientela.orders.order_owners import Owner
from clientela.orders.order_records import OrderRecord
from clientela.schema import email_addresses
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import load
from clientela.table.stream import Change
from clientela.table.transactions import Transaction

BATCH_SIZE = 30  # three writes each, of the hundred that a transaction can have


def adopt_after(change: Change, now: datetime) -> None:
    """Adopt what lies with the e-mail of a new customer, or of one with another e-mail: the claim tells of it. Nothing for
    other changes. 2 read units for a new customer."""
    if change.before or change.after is None:
        return
    store_id = keys.store_of(change.pk)
    with suppress(CustomerNotFoundError, StoreNotFoundError):
        if change.sk == keys.PROFILE:
            adopt(stores.get(store_id), load(Customer, change.after["customer"]), now)
        elif change.sk == keys.CLAIM:
            store = stores.get(store_id)
            customer = customers.get(store, change.after["customer_id"]["S"])
            if customer.version > 1:  # else it is new, and its profile tells of it
                adopt(store, customer, now)


def adopt(store: Store, customer: Customer, now: datetime, most: int | None = None) -> Customer:
    """Give a customer the orders that lie with its e-mail, newest first, `most` of them or a few more; the customer after it.

    They are counted and fill what is empty, as if they came just now. Each transaction moves some: one that is broken off
    or done twice at the same time is completed by another. Nothing happens to a customer that is gone or has another
    e-mail by then. BusyError. 1 read unit where there is nothing; 12 write units an order of 1 KB, and one change of the
    customer for AT_ONCE of them.
    """
    if not _lying_with(store, email_addresses.canonical(customer.email)):
        return customer
    adopted = 0
    while most is None or adopted < most:
        moved = orders.persistently(partial(_adopt_some, store, customer, now))
        adopted += moved
        if not moved:
            break
    with suppress(CustomerNotFoundError):
        return customers.get(store, customer.id)
    return customer


def _adopt_some(store: Store, customer: Customer, now: datetime) -> int:
    email = email_addresses.canonical(customer.email)
    records = _lying_with(store, email)
    holder = order_owners.by_id(store, customer.id, without="") if records else None
    if holder is None or email_addresses.canonical(holder.customer.email) != email:
        return 0
    after = orders.next_version(holder.customer, _with_all(holder, records, store.country), now)
    with Transaction() as write:
        for record in records:
            _move(write, store, record, after, email)
        customers.replace(write, store, holder.customer, after, Actor("order", records[0].order_id))
    return len(records)


def _lying_with(store: Store, email: str) -> list[OrderRecord]:
    answer = dynamodb.query(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :orders)",
        ExpressionAttributeValues={":pk": {"S": keys.email(store.id, email)}, ":orders": {"S": keys.ORDER_PREFIX}},
        ScanIndexForward=False,
        Limit=BATCH_SIZE,
        ConsistentRead=True,
    )
    return [OrderRecord.from_raw_data(item) for item in answer["Items"]]


def _with_all(holder: Owner, records: list[OrderRecord], home: str | None) -> Customer:
    customer, newest = holder
    for order in (record.order for record in records):
        customer = order_profile.fill_missing(customer, order, home)
        customer = order_statistics.apply_order(customer, None, order_statistics.contribution(order))
        newest = orders.latest_of(order, newest)
    return orders.with_latest(customer, newest)


def _move(write: Transaction, store: Store, record: OrderRecord, customer: Customer, email: str) -> None:
    here = order_records.reference(store, None, email, record.order)
    there = order_records.reference(store, customer.id, email, record.order)
    write.put_record(there, order_records.is_unchanged(here), BusyError())
    write.put_record(order_records.record(there.place(store), customer.version, record.order))
    write.delete(OrderRecord(record.pk, record.sk), OrderRecord.version == record.version, BusyError())
