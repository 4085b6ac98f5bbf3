"""Deleting a customer with everything that hangs on it, and finishing what a process that died or ran late has begun.

A deletion forgets the customer and nothing more: an order that comes again makes a new account, an import brings it back,
and what is kept of sign-ins with the address goes when its time is over. For good, and with a certificate: `erasures`.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import batched, chain

from clientela.customers import customers, tombstones
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_history import Actor
from clientela.customers.customer_records import CustomerRecord, claim, record
from clientela.errors import BusyError, VersionConflictError
from clientela.lifecycle import erasure_sweep, erasures, removal_queue
from clientela.orders.order_records import OrderReference
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, records
from clientela.table.transactions import Transaction


def remove(
    store: Store, customer_id: str, version: int | None = None, out_of_time: Callable[[], bool] = lambda: False
) -> None:
    """Delete a customer, then its orders, sessions and history. CustomerNotFoundError, VersionConflictError.

    From the first write on the customer is gone, its sessions are void and its address is free: its next order makes a
    new account. What time is too short for, and what a process that dies leaves, `finish` does. 4 write units for the
    profile and its claim, 2 for each index entry, 1 per KB of everything else; 1 message.
    """
    customers.get(store, customer_id)
    removal_queue.put(store.id, customer_id)
    _remove_profile(store, customer_id, version)
    _remove_belongings(store, customer_id, out_of_time)


def erase(
    store: Store, customer_id: str, now: datetime, by: Actor, out_of_time: Callable[[], bool]
) -> erasures.Erasure:
    """Erase a customer; the certificate, which says whether it is complete or still running. CustomerNotFoundError.

    Asked again it answers with the same certificate.
    """
    erasure_id = erasures.begin(store, customer_id, now, by)
    erasure_sweep.resume(store, customer_id, now, out_of_time)
    return erasures.get(store, erasure_id)


def finish(store: Store, customer_id: str, now: datetime, out_of_time: Callable[[], bool]) -> bool:
    """Go on with what was begun to remove of a customer; whether anything is left to do. Nothing, where nothing was begun."""
    if tombstones.find_pending(store, customer_id):
        return erasure_sweep.resume(store, customer_id, now, out_of_time)
    if dynamodb.get(keys.customer(store.id, customer_id), keys.PROFILE):
        return False
    return _remove_belongings(store, customer_id, out_of_time)


def _remove_profile(store: Store, customer_id: str, version: int | None) -> None:
    for _ in range(customers.ATTEMPTS):
        before = customers.get(store, customer_id)
        if version not in (None, before.version):
            raise VersionConflictError(f"The customer is at version {before.version}.")
        try:
            return _delete(store, before)
        except BusyError:
            continue
    raise BusyError


def _delete(store: Store, customer: Customer) -> None:
    with Transaction() as write:
        write.delete(record(store, customer), CustomerRecord.version == customer.version, BusyError())
        write.delete(claim(store, customer))


def _remove_belongings(store: Store, customer_id: str, out_of_time: Callable[[], bool]) -> bool:
    """Delete what hangs on a customer that is gone, until time is short; whether anything is left."""
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.customer(store.id, customer_id)}},
        ProjectionExpression="pk, sk, order_id",
    )
    for items in batched(chain.from_iterable(page["Items"] for page in pages), dynamodb.BATCH_WRITE, strict=False):
        if out_of_time():
            return True
        for item in items:
            if "order_id" in item:
                _remove_reference(store, customer_id, item["order_id"]["S"])
        dynamodb.delete_all([dynamodb.key(item["pk"]["S"], item["sk"]["S"]) for item in items])
    return False


def _remove_reference(store: Store, customer_id: str, order_id: str) -> None:
    """Delete an order's reference, unless a newer version has made it somebody else's."""
    reference = OrderReference(keys.order_reference(store.id, order_id), keys.REFERENCE)
    try:
        records.delete(reference, OrderReference.customer_id == customer_id, BusyError())
    except BusyError:
        return
