"""Merging two customers of a store: the target takes over the data of the source.

Orders move first, each in its own transaction, so that both customers and their statistics are
exact at every moment. The last transaction, when no order is left, fills the target's empty fields,
unites lists, deletes the source and makes its id an alias of the target's. Its e-mail leads to the
target from then on, unless it is released. If the process dies or time runs out, the same request
continues. For seven days `merge_undo` can undo it.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from clientela import clock
from clientela.concurrency import retry_on_conflict
from clientela.customers import consents, customer_history, customer_input, customers
from clientela.customers.addresses import Address, ShippingAddress, address_content
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import Alias, CustomerRecord, EmailClaim, claim, record
from clientela.errors import BusyError, CustomerMergedError, FieldError, InvalidInputError
from clientela.lifecycle import customer_removal, former_identities, merge_records, removal_queue
from clientela.orders import order_owners, order_statistics, orders
from clientela.orders.order_fields import Order
from clientela.schema.actors import Actor, FieldChange
from clientela.schema.documents import Model
from clientela.schema.fields import Id
from clientela.sentences import Sentence
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import load
from clientela.table.transactions import Transaction

_FILLED = ("name", "first_name", "last_name", "company", "language", "billing_address", "phone", "vat_id")
_UNITED = ("groups", "tags")
# Fields of which the remaining customer keeps its own value, each with the reason.
NOT_MERGED = {
    "status": "a merge must not enable or disable the remaining customer",
}
# What `merge_undo` restores besides the fields of the history.
_OWN_FIELDS = ("type", "last_sign_in_at")


class NewMerge(Model):
    """The customer to merge into the customer of the path. With `dry_run` nothing is written."""

    from_id: Id
    """The id of the customer whose data is taken over, and who is then gone. Example:
    cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D7"""
    dry_run: bool = False
    """Whether to write nothing and only return the result; false by default."""


class Merge(Model):
    """A merge: `customer` is the target after it, `changes` are its fields before and after."""

    from_id: str
    """The id of the customer whose data is taken over. Example: cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D7"""
    dry_run: bool
    """Whether nothing was written. Example: true"""
    orders_moved: int
    """The number of orders that moved. Example: 2"""
    changes: list[FieldChange]
    """The fields of the remaining customer that changed."""
    customer: Customer
    """The remaining customer."""


def plan(store: Store, into_id: str, from_id: str) -> Merge:
    """Return the result of a merge without writing — InvalidInputError, CustomerNotFoundError.

    Cost: 1 read unit per 4 KB of both customers and their orders.
    """
    source, target = _both(store, into_id, from_id)
    if source is None:
        return Merge(from_id=from_id, dry_run=True, orders_moved=0, changes=[], customer=target)
    after, count = combine(store, source, target), 0
    for item in _orders(store, source.id):
        count += 1
        added = order_statistics.contribution(load(Order, item["order"]))
        after = order_statistics.apply_order(after, None, added)
    latest = [order for each in (source, target) if (order := order_owners.latest(store, each.id))]
    changes = customer_history.differences(target, after)
    after = order_owners.with_latest(after, max(latest, key=lambda each: each.sort_key, default=None), held=count)
    return Merge(from_id=from_id, dry_run=True, orders_moved=count, changes=changes, customer=after)


def merge(store: Store, into_id: str, from_id: str, now: datetime, by: Actor, out_of_time: Callable[[], bool]) -> Merge:
    """Merge one customer into another. Repeated, it returns the target.

    The source's e-mail leads to the target afterwards: `merged_emails`.

    Raises:
        InvalidInputError: together they exceed a customer's limits; nothing has moved then.
        CustomerNotFoundError: one of them does not exist.
        BusyError: time ran out. The same request continues.

    Cost: for each order that of a move; then 18 write units, and 2 for each index entry of both;
    1 read unit per 4 KB of the source's history.
    """
    moved = 0

    def attempt() -> Merge:
        nonlocal moved
        source, target = _both(store, into_id, from_id)
        if source is None:
            customer_removal.finish(store, from_id, now, out_of_time)
            return Merge(from_id=from_id, dry_run=False, orders_moved=moved, changes=[], customer=target)
        after = combine(store, source, target)
        # Listed after the source was read: a later order changes the source's version.
        if next(_orders(store, source.id), None):
            moved += _move_orders(store, source.id, target.id, now, by, out_of_time)
            raise _StaleError
        removal_queue.put(store.id, source.id)
        after = _fuse(store, source, target, after, now, by)
        customer_removal.finish(store, from_id, now, out_of_time)
        changes = customer_history.differences(target, after)
        return Merge(from_id=from_id, dry_run=False, orders_moved=moved, changes=changes, customer=after)

    return retry_on_conflict(attempt, (_StaleError,))


class _StaleError(Exception):
    """The customers were changed since they were read."""


def combine(store: Store, source: Customer, target: Customer) -> Customer:
    """Return the target with the data that only the source has — InvalidInputError above a limit.

    Of the consents to marketing the later decision counts: `consents.combine`.
    """
    old, kept = (each.model_dump(mode="json") for each in (source, target))
    changes: dict[str, Any] = {name: old[name] for name in _FILLED if kept[name] is None and old[name] is not None}
    changes |= {name: list(dict.fromkeys(kept[name] + old[name])) for name in _UNITED}
    changes["primary_group"] = kept["primary_group"] or old["primary_group"]
    changes |= {name: old[name] | kept[name] for name in ("custom_fields", "external_ids")}
    changes["shipping_addresses"] = _book(source, target)
    changes["note"] = "\n\n".join(dict.fromkeys(note for note in (target.note, source.note) if note)) or None
    if not (target.tax_exempt or target.tax_exemption):
        changes |= {"tax_exempt": source.tax_exempt, "tax_exemption": old["tax_exemption"]}
    after = customer_input.apply_patch(target, changes, store.country)
    signed_in = [each.last_sign_in_at for each in (source, target) if each.last_sign_in_at]
    return consents.combine(after, source).model_copy(
        update={
            "vat_id_status": after.vat_id_status if target.vat_id else source.vat_id_status,
            "type": "registered" if "registered" in (source.type, target.type) else "guest",
            "last_sign_in_at": max(signed_in, default=None),
        }
    )


def _both(store: Store, into_id: str, from_id: str) -> tuple[Customer | None, Customer]:
    """Return source and target; the source is None if it is already merged into the target."""
    target = customers.get(store, into_id)
    if from_id == into_id:
        raise InvalidInputError(fields=[FieldError("/from_id", "This is the customer itself.")])
    try:
        return customers.get(store, from_id), target
    except CustomerMergedError as merged:
        if merged.into_id == into_id:
            return None, target
        problem = FieldError("/from_id", Sentence("This customer is already merged into “{id}”.", id=merged.into_id))
        raise InvalidInputError(fields=[problem]) from None


def _book(source: Customer, target: Customer) -> list[dict[str, Any]]:
    """Return both address books and a second billing address without duplicates.

    The target's default stays.
    """
    book = list(target.shipping_addresses)
    contents = {address_content(address) for address in book}
    added: list[Address] = list(source.shipping_addresses)
    if source.billing_address and target.billing_address:
        contents.add(address_content(target.billing_address))
        added.append(source.billing_address)
    for address in added:
        content = address_content(address)
        if content not in contents:
            is_default = not target.shipping_addresses and getattr(address, "is_default", False)
            book.append(ShippingAddress.model_construct(**dict(address) | {"id": None, "is_default": is_default}))
        contents.add(content)
    return [address.model_dump(mode="json") for address in book]


def _move_orders(
    store: Store, from_id: str, into_id: str, now: datetime, by: Actor, out_of_time: Callable[[], bool]
) -> int:
    """Move all orders, and return how many — BusyError if time runs out."""
    moved = 0
    for item in _orders(store, from_id):
        if out_of_time():
            raise BusyError("Some of the orders have moved. Send the request again to continue.")
        order_id = item["order_id"]["S"]

        def also(write: Transaction, order_id: str = order_id) -> None:
            merge_records.add_moved_order(write, store, order_id, from_id, into_id, now)

        moved += orders.move(store, order_id, from_id, into_id, now, by, also)
    return moved


def _orders(store: Store, customer_id: str) -> Iterator[dynamodb.Item]:
    """Yield a customer's orders, oldest first, read consistently."""
    values = {":pk": {"S": keys.customer(store.id, customer_id)}, ":prefix": {"S": keys.ORDER_PREFIX}}
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues=values,
        ConsistentRead=True,
    )
    for page in pages:
        yield from page["Items"]


def _fuse(store: Store, source: Customer, target: Customer, after: Customer, now: datetime, by: Actor) -> Customer:
    """Delete the source, replace the target, put the alias, in one transaction — _StaleError."""
    after = after.model_copy(update={"version": target.version + 1, "updated_at": now})
    former_email = EmailClaim(
        claim(store, source).pk,
        keys.CLAIM,
        customer_id=target.id,
        claimed_at=clock.format_timestamp(now),
        merged_from=source.id,
    )
    alias = Alias(keys.merged(store.id, source.id), keys.ALIAS, into_id=target.id)
    identities = former_identities.merged_customer(store, source, target.id, now)
    merged = FieldChange(field="id", before=source.id, after=target.id)
    try:
        with Transaction() as write:
            write.delete(record(store, source), CustomerRecord.version == source.version, BusyError())
            write.put_record(former_email)
            write.put_record(alias, Alias.pk.does_not_exist(), BusyError())
            write.put_record(identities)
            # As items, because an undo deletes them.
            after = customers.replace(write, store, target, after, by, history="items", beside=(source, None))
            for entry in customer_history.newest_records(store, source):
                write.put_record(entry)
            customer_history.add_entry(write, store, after, "merged", by, [merged])
            audit_trail.add(write, store, by, now, "customers.merged", target.id, [merged])
            merge_records.add(write, store, source, after, _changes(target, after), now)
    except BusyError:
        raise _StaleError from None
    return after


def _changes(before: Customer, after: Customer) -> list[FieldChange]:
    """Return the changed fields that an undo restores."""
    old, new = (each.model_dump(mode="json", include=set(_OWN_FIELDS)) for each in (before, after))
    own = [FieldChange(field=name, before=old[name], after=new[name]) for name in _OWN_FIELDS if old[name] != new[name]]
    return [*customer_history.differences(before, after), *own]
