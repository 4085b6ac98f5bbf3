"""Deleting a customer with everything that hangs on it."""

from itertools import batched, chain

from clientela import customers, dynamodb, keys, table
from clientela.customer_fields import Customer
from clientela.customer_records import CustomerRecord, claim, record
from clientela.errors import BusyError, CustomerNotFoundError, VersionConflictError
from clientela.order_records import OrderReference
from clientela.stores import Store
from clientela.table import Transaction


def remove(store: Store, customer_id: str, version: int | None = None) -> None:
    """Delete a customer, then its orders, sessions and history. CustomerNotFoundError, VersionConflictError.

    From the first write on the customer is gone, its sessions are void and its address is free: its next order makes a
    new account. Where a process dies after that, asking again deletes what is left. 4 write units for the profile and
    its claim, 2 for each index entry, 1 per KB of everything else.
    """
    try:
        _remove_profile(store, customer_id, version)
    except CustomerNotFoundError:
        if not _remove_belongings(store, customer_id):
            raise
    else:
        _remove_belongings(store, customer_id)


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


def _remove_belongings(store: Store, customer_id: str) -> int:
    """Delete what hangs on a customer that is gone; how many items it was."""
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.customer(store.id, customer_id)}},
        ProjectionExpression="pk, sk, order_id",
    )
    removed = 0
    for items in batched(chain.from_iterable(page["Items"] for page in pages), dynamodb.BATCH_WRITE, strict=False):
        for item in items:
            if "order_id" in item:
                _remove_reference(store, customer_id, item["order_id"]["S"])
        dynamodb.delete_all([dynamodb.key(item["pk"]["S"], item["sk"]["S"]) for item in items])
        removed += len(items)
    return removed


def _remove_reference(store: Store, customer_id: str, order_id: str) -> None:
    """Delete an order's reference, unless a newer version has made it somebody else's."""
    reference = OrderReference(keys.order_reference(store.id, order_id), keys.REFERENCE)
    try:
        table.delete(reference, OrderReference.customer_id == customer_id, BusyError())
    except BusyError:
        return
