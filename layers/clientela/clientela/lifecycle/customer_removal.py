"""Deleting a customer with all its data, and finishing removals that a dead or slow process left.

A deletion removes only the customer: the next order or import creates it again, and sign-in events
of the address expire on their own. `erasures` removes a person for good, with a certificate.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import batched, chain

from clientela.concurrency import retry_on_conflict
from clientela.customers import customers, external_ids, tombstones
from clientela.customers.customer_records import CustomerRecord, claim, record
from clientela.errors import BusyError
from clientela.lifecycle import (
    erasure_sweep,
    erasures,
    merge_archives,
    merge_records,
    merge_undo,
    merged_emails,
    removal_queue,
    vacant_guests,
)
from clientela.lifecycle.merge_records import MergeRecord
from clientela.orders.order_records import OrderReference
from clientela.schema.actors import Actor
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, records
from clientela.table.transactions import Transaction


class _MovedError(Exception):
    """A newer version gave the order to another customer."""


def remove(
    store: Store,
    customer_id: str,
    now: datetime,
    by: Actor,
    version: int | None = None,
    out_of_time: Callable[[], bool] = lambda: False,
) -> None:
    """Delete a customer, then its orders, sessions and history.

    After the first write the customer is gone, its sessions are void and its address is free.
    `finish` does what is left when time runs out or the process dies.

    Raises:
        CustomerNotFoundError: there is no such customer.
        VersionConflictError: `version` is not the stored one.

    Cost: 6 write units for the profile, its claim and the audit trail, 2 for each index entry, 1
    per KB of everything else; 1 message.
    """
    customers.get(store, customer_id)
    removal_queue.put(store.id, customer_id)
    _remove_profile(store, customer_id, now, by, version)
    remove_belongings(store, customer_id, out_of_time)


def erase(
    store: Store,
    customer_id: str,
    now: datetime,
    by: Actor,
    out_of_time: Callable[[], bool],
    *,
    has_directory: bool = True,
) -> erasures.Erasure:
    """Erase a customer, and return the certificate — CustomerNotFoundError.

    Repeated, it returns the same certificate. `has_directory` says whether this process may list
    customers.
    """
    erasure_id = erasures.begin(store, customer_id, now, by)
    erasure_sweep.resume(store, customer_id, now, out_of_time, has_directory=has_directory)
    return erasures.get(store, erasure_id)


def finish(store: Store, customer_id: str, now: datetime, out_of_time: Callable[[], bool]) -> bool:
    """Continue a customer's removal, erasure, merge or undo; return whether work is left.

    Nothing is done if none was begun, unless the customer is a guest that no order needs any more.
    """
    if tombstones.find_pending(store, customer_id):
        return erasure_sweep.resume(store, customer_id, now, out_of_time)
    merge = merge_records.find(store, customer_id)
    if dynamodb.get(keys.customer(store.id, customer_id), keys.PROFILE):
        if merge is not None:
            return _finish_undo(store, customer_id, merge, now, out_of_time)
        if not vacant_guests.remove_account(store, customer_id):
            return False
    if merge and not merge.undone_at:
        is_left = merge_archives.archive(store, customer_id, merge, out_of_time)
        if is_left is not None:
            return is_left
    if vacant_guests.keep_orders(store, customer_id, now, out_of_time):
        return True
    return remove_belongings(store, customer_id, out_of_time)


def _finish_undo(
    store: Store, customer_id: str, merge: MergeRecord, now: datetime, out_of_time: Callable[[], bool]
) -> bool:
    """Continue the undo of a customer's merge, if one was begun; return whether work is left."""
    try:
        merge_undo.resume(store, customer_id, merge, now, out_of_time)
    except BusyError:
        return True
    return False


def _remove_profile(store: Store, customer_id: str, now: datetime, by: Actor, version: int | None) -> None:
    def attempt() -> None:
        customer = customers.get(store, customer_id)
        customers.require_version(customer, version)
        with Transaction() as write:
            write.delete(record(store, customer), CustomerRecord.version == customer.version, BusyError())
            write.delete(claim(store, customer))
            external_ids.add_changes(write, store, (customer, None))
            audit_trail.add(write, store, by, now, "customer.deleted", customer_id)

    retry_on_conflict(attempt)


def remove_belongings(store: Store, customer_id: str, out_of_time: Callable[[], bool]) -> bool:
    """Delete the rest of a customer's items until `out_of_time`; return whether any are left."""
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.customer(store.id, customer_id)}},
        ProjectionExpression="pk, sk, order_id, email",
    )
    for items in batched(chain.from_iterable(page["Items"] for page in pages), dynamodb.BATCH_WRITE, strict=False):
        if out_of_time():
            return True
        for item in items:
            if "order_id" in item:
                _remove_reference(store, customer_id, item["order_id"]["S"])
            if item["sk"]["S"].startswith(keys.MERGED_PREFIX) and _remove_merged(store, item, out_of_time):
                return True
        dynamodb.delete_all([dynamodb.key(item["pk"]["S"], item["sk"]["S"]) for item in items])
    return False


def _remove_merged(store: Store, item: dynamodb.Item, out_of_time: Callable[[], bool]) -> bool:
    """Delete what is kept of a customer who was merged; return whether anything is left."""
    source_id = item["sk"]["S"].removeprefix(keys.MERGED_PREFIX)
    merged_emails.remove_claim(store, item["email"]["S"], {source_id})
    if remove_belongings(store, source_id, out_of_time):
        return True
    merge_records.remove(store, source_id)
    return False


def _remove_reference(store: Store, customer_id: str, order_id: str) -> None:
    """Delete an order's reference, unless a newer version gave the order to another customer."""
    reference = OrderReference(keys.order_reference(store.id, order_id), keys.REFERENCE)
    try:
        records.delete(reference, OrderReference.customer_id == customer_id, _MovedError())
    except _MovedError:
        return
