"""Undoing a merge: the merged customer is back, with what the merge moved.

One transaction divides the customers: it restores the merged one, takes from the other what the
merge gave it, and returns the e-mail. Then the orders move back, one transaction each, and the
items leave the archive. If the process dies or time runs out, the same request continues, and the
queue of removals does so anyway.

What was touched since the merge stays with the customer who remained, and the answer names it.
"""

from collections.abc import Callable
from datetime import datetime

from pynamodb.expressions.update import Action

from clientela import clock
from clientela.concurrency import retry_on_conflict
from clientela.customers import consents, customer_history, customers, merged_ids
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import Alias, CustomerRecord, EmailClaim, MergedCustomer, claim, record
from clientela.customers.history_entries import NO_HISTORY
from clientela.errors import (
    BusyError,
    CustomerNotFoundError,
    EmailTakenError,
    GroupUnknownError,
    MergeFinalError,
    MergeNotFoundError,
)
from clientela.groups import groups
from clientela.lifecycle import merge_archives, merge_records, merge_reversal, removal_queue
from clientela.lifecycle.merge_records import MergeRecord, MovedOrder, Remainder
from clientela.orders import orders
from clientela.orders.order_records import OrderRecord
from clientela.schema import email_addresses
from clientela.schema.actors import Actor, FieldChange
from clientela.schema.documents import Model
from clientela.sentences import Sentence
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.transactions import Transaction


class UndoneMerge(Model):
    """An undone merge: both customers, and what stays with the one who remained."""

    from_id: str
    """The id of the customer who is back. Example: cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D7"""
    orders_moved: int
    """The number of orders that moved back. Example: 2"""
    fields_left: list[str]
    """What the merge gave to the other customer and was changed since: it stays there.
    Example: ["note", "shipping_addresses/adr_5f2b9c1d8e7a6034"]"""
    orders_left: list[str]
    """The ids of moved orders that the other customer no longer had. Example: []"""
    restored: Customer
    """The customer who is back."""
    customer: Customer
    """The customer into whom it had been merged."""


def undo(
    store: Store, into_id: str, from_id: str, now: datetime, by: Actor, out_of_time: Callable[[], bool]
) -> UndoneMerge:
    """Undo a merge within seven days. Repeated, it returns the same result.

    Raises:
        CustomerNotFoundError: the customer who remained is gone, also if the person was erased.
        MergeNotFoundError: the other customer was not merged into this one.
        MergeFinalError: the merge is too old, or must be undone after a later one.
        EmailTakenError: the former e-mail was released and is another customer's now.
        ExternalIdTakenError: another customer has an external id of the merged one now.
        BusyError: time ran out. The same request continues.

    Cost: 24 write units, and 2 for each index entry of both; for each order that of a move; 2 for
    each item in the archive. 1 read unit per 4 KB of all orders of the customer who remained.
    """
    merge = _find(store, into_id, from_id, now)
    if merge.undone_at is None:
        removal_queue.put(store.id, from_id)
        retry_on_conflict(lambda: _divide(store, into_id, from_id, now, by), (BusyError, GroupUnknownError))
        merge = _find(store, into_id, from_id, now)
    resume(store, from_id, merge, now, out_of_time)
    done = merge_records.find(store, from_id) or merge
    remainder = done.remainder or Remainder()
    return UndoneMerge(
        from_id=from_id,
        orders_moved=int(done.orders_moved),
        fields_left=remainder.fields,
        orders_left=remainder.orders,
        restored=customers.get(store, from_id),
        customer=customers.get(store, into_id),
    )


def resume(store: Store, from_id: str, merge: MergeRecord, now: datetime, out_of_time: Callable[[], bool]) -> None:
    """Continue an undo that was begun; nothing is done for any other merge.

    Raises:
        BusyError: time ran out.
    """
    if merge.undone_at is None or merge.completed_at is not None:
        return
    by = merge.undone_by or Actor("operator")
    try:
        _move_orders(store, from_id, merge, now, by, out_of_time)
        merge_archives.restore(store, from_id, merge, out_of_time)
    except CustomerNotFoundError:  # deleted or erased meanwhile, with its orders
        pass
    records.update(merge, [MergeRecord.completed_at.set(clock.format_timestamp(now))], MergeRecord.pk.exists())


def _find(store: Store, into_id: str, from_id: str, now: datetime) -> MergeRecord:
    """Return the record of a merge that can be undone, or whose undo was begun."""
    customers.get(store, into_id)
    merge = merge_records.find(store, from_id)
    if merge and merge.into_id == into_id and (merge.undone_at or now <= merge.undo_until):
        return merge
    if merge and merge.undone_at is None and merged_ids.current(store, from_id) == into_id != merge.into_id:
        raise MergeFinalError(Sentence("Undo the merge of “{id}” first.", id=merge.into_id))
    if MergedCustomer.find(keys.customer(store.id, into_id), keys.merged_customer(from_id)):
        raise MergeFinalError(Sentence("A merge can be undone for seven days."))
    raise MergeNotFoundError(Sentence("Customer “{id}” was not merged into this customer.", id=from_id))


def _divide(store: Store, into_id: str, from_id: str, now: datetime, by: Actor) -> None:
    """Restore the merged customer beside the other one, in one transaction."""
    merge = _find(store, into_id, from_id, now)
    if merge.undone_at:
        return
    kept = customers.get(store, into_id)
    reversal = merge_reversal.reverse(kept, merge_records.changes_of(store, from_id), merge.merged_at)
    after = reversal.customer.model_copy(update={"version": kept.version + 1, "updated_at": now})
    restored = _restored(store, merge, kept, now)
    undone = [FieldChange(field="id", before=into_id, after=from_id)]
    with Transaction() as write:
        # The history of the one names no data of the other, whose erasure would not find it there.
        after = customers.replace(write, store, kept, after, by, history="none", beside=(None, restored))
        consents.add_undone(write, store, kept, after)
        customer_history.add_entry(write, store, after, "merge_undone", by, undone)
        write.put_record(record(store, restored), CustomerRecord.pk.does_not_exist(), BusyError())
        customer_history.add_entry(write, store, restored, "merge_undone", by, undone)
        consents.add_change(write, store, merge.source, restored)
        groups.expect_exist(write, store, restored.groups)
        _return_email(write, store, restored)
        audit_trail.add(write, store, by, now, "customers.merge_undone", into_id, undone)
        write.delete(Alias(merge.pk, keys.ALIAS), Alias.into_id == into_id, BusyError())
        write.delete(MergedCustomer(keys.customer(store.id, into_id), keys.merged_customer(from_id)))
        for entry in customer_history.entries_of_fields(store, into_id, int(merge.into_version)):
            write.delete(entry)
        actions: list[Action] = [
            MergeRecord.undone_at.set(clock.format_timestamp(now)),
            MergeRecord.undone_by.set(by),
            MergeRecord.remainder.set(Remainder(fields=reversal.left)),
        ]
        write.update(merge, actions, MergeRecord.undone_at.does_not_exist() & MergeRecord.pk.exists(), BusyError())


def _restored(store: Store, merge: MergeRecord, kept: Customer, now: datetime) -> Customer:
    """Return the merged customer as it was, without orders and without groups that are gone.

    Who unsubscribed after the merge stays unsubscribed: it may have been this person.
    """
    source = merge.source
    exists = {group.id for group in groups.by_ids(store, source.groups)}
    version = source.version + 1
    restored = source.model_copy(
        update={
            "groups": [group for group in source.groups if group in exists],
            "primary_group": source.primary_group if source.primary_group in exists else None,
            "version": version,
            "access_version": version,
            "newest_history": NO_HISTORY,  # stored as items by the merge
            "updated_at": now,
        }
    )
    decided_at = kept.marketing_consent.at if kept.marketing_consent else None
    is_later = decided_at is not None and clock.format_timestamp(decided_at) > merge.merged_at
    return consents.combine(restored, kept) if is_later and kept.accepts_marketing is False else restored


def _return_email(write: Transaction, store: Store, restored: Customer) -> None:
    """Give the restored customer its e-mail, if nobody else has it."""
    own = claim(store, restored)
    is_free = EmailClaim.pk.does_not_exist() | (EmailClaim.merged_from == restored.id)
    write.put_record(
        own, is_free, EmailTakenError(Sentence("Another customer has the e-mail of “{id}” now.", id=restored.id))
    )


def _move_orders(
    store: Store, from_id: str, merge: MergeRecord, now: datetime, by: Actor, out_of_time: Callable[[], bool]
) -> None:
    """Move back the orders that the merge moved, and those that its e-mail brought since."""
    for moved in merge_records.moved_orders(store, merge):
        _require_time(out_of_time)
        order_id = moved.sk.removeprefix(keys.MOVED_ORDER_PREFIX)

        def forget(write: Transaction, moved: MovedOrder = moved) -> None:
            write.delete(moved)
            write.update(merge, [MergeRecord.orders_moved.add(1)])

        if not orders.move(store, order_id, merge.into_id, from_id, now, by, forget):
            _leave(store, from_id, moved, order_id)
    for order_id in _orders_since(store, merge):
        _require_time(out_of_time)

        def count(write: Transaction) -> None:
            write.update(merge, [MergeRecord.orders_moved.add(1)])

        orders.move(store, order_id, merge.into_id, from_id, now, by, count)


def _leave(store: Store, from_id: str, moved: MovedOrder, order_id: str) -> None:
    """List an order that the other customer no longer has: deleted, or with another e-mail."""

    def attempt() -> None:
        merge = merge_records.find(store, from_id)
        remainder = (merge and merge.remainder) or Remainder()
        if merge is None or order_id in remainder.orders:
            return
        longer = remainder.model_copy(update={"orders": [*remainder.orders, order_id]})
        with Transaction() as write:
            write.delete(moved, MovedOrder.pk.exists(), BusyError())
            write.update(merge, [MergeRecord.remainder.set(longer)], MergeRecord.pk.exists(), BusyError())

    retry_on_conflict(attempt)


def _orders_since(store: Store, merge: MergeRecord) -> list[str]:
    """Return the orders of the former e-mail that reached the other customer since the merge."""
    email = email_addresses.canonical(merge.source.email)
    collection = keys.customer(store.id, merge.into_id)
    return [
        stored.order_id
        for stored in OrderRecord.list_by_prefix(collection, keys.ORDER_PREFIX)
        if stored.customer_version
        and stored.customer_version > merge.into_version
        and stored.order.email
        and email_addresses.canonical(stored.order.email) == email
    ]


def _require_time(out_of_time: Callable[[], bool]) -> None:
    if out_of_time():
        raise BusyError(Sentence("Some of the orders have moved back. Send the request again to continue."))
