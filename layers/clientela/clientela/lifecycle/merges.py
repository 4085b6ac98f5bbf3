"""Merging two customers of a store who are one person: one stays and takes over what the other has.

Orders move first, each in a transaction of its own, so that both customers and their statistics are whole and exact at
every moment. The last transaction, when no order is left, lets the other one go: what is empty is filled, lists are
united, the old id leads to the one who stays. Where a process dies or time is short, asking again goes on.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from clientela.customers import customer_history, customer_input, customers
from clientela.customers.addresses import Address, ShippingAddress
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_history import Actor, FieldChange
from clientela.customers.customer_records import Alias, CustomerRecord, claim, record
from clientela.errors import BusyError, CustomerMergedError, FieldError, InvalidInputError
from clientela.lifecycle import customer_removal, removal_queue
from clientela.orders import order_owners, order_statistics, orders
from clientela.orders.order_fields import Order
from clientela.schema.documents import Model
from clientela.schema.text import fold_for_search
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import load
from clientela.table.transactions import Transaction

_FILLED = ("name", "first_name", "last_name", "company", "language", "billing_address", "phone", "vat_id")
_UNITED = ("groups", "tags")
# Fields of which the remaining customer keeps its own value, each with the reason.
NOT_MERGED = {
    "status": "a merge must not enable or disable the remaining customer",
    "accepts_marketing": "it was given for another e-mail address",
    "marketing_consent": "it was given for another e-mail address",
}


class NewMerge(Model):
    """Who is to be merged into the customer of the path; with `dry_run` nothing is written."""

    from_id: str
    dry_run: bool = False


class Merge(Model):
    """A merge: `customer` is the one who stays, as it leaves them; `changes` are their fields before and after."""

    from_id: str
    dry_run: bool
    orders_moved: int
    changes: list[FieldChange]
    customer: Customer


def plan(store: Store, into_id: str, from_id: str) -> Merge:
    """What a merge would come to. InvalidInputError, CustomerNotFoundError. 1 read unit per 4 KB of both and their orders."""
    source, target = _both(store, into_id, from_id)
    if source is None:
        return Merge(from_id=from_id, dry_run=True, orders_moved=0, changes=[], customer=target)
    after, count = combine(store, source, target), 0
    for item in _orders(store, source.id):
        count += 1
        came = order_statistics.contribution(load(Order, item["order"]))
        after = order_statistics.apply_order(after, None, came, lambda _end: None)  # asked where one leaves: none does
    latest = [found for each in (source, target) if (found := order_owners.latest(store, each.id))]
    changes = customer_history.differences(target, after)
    after = orders.with_latest(after, max(latest, key=lambda each: each.sort_key, default=None))
    return Merge(from_id=from_id, dry_run=True, orders_moved=count, changes=changes, customer=after)


def merge(store: Store, into_id: str, from_id: str, now: datetime, by: Actor, out_of_time: Callable[[], bool]) -> Merge:
    """Merge one customer into another; asked again it answers with the one who stays.

    The e-mail of the one who goes is free afterwards: an address proves nobody but itself. InvalidInputError where
    together they have more than a customer can have, before anything moves; CustomerNotFoundError. BusyError where time
    is short: asking again goes on. For each order the units of one that moves; then 14 write units, and 2 for each
    index entry of both.
    """
    moved = 0
    for _ in range(customers.ATTEMPTS):
        source, target = _both(store, into_id, from_id)
        if source is None:
            customer_removal.finish(store, from_id, now, out_of_time)
            return Merge(from_id=from_id, dry_run=False, orders_moved=moved, changes=[], customer=target)
        after = combine(store, source, target)
        # Looked for after the source was read: an order that comes later makes that version old.
        if next(_orders(store, source.id), None):
            moved += _move_orders(store, source.id, target.id, now, by, out_of_time)
            continue
        removal_queue.put(store.id, source.id)
        try:
            after = _fuse(store, source, target, after, now, by)
        except BusyError:
            continue
        customer_removal.finish(store, from_id, now, out_of_time)
        changes = customer_history.differences(target, after)
        return Merge(from_id=from_id, dry_run=False, orders_moved=moved, changes=changes, customer=after)
    raise BusyError


def combine(store: Store, source: Customer, target: Customer) -> Customer:
    """The one who stays with what only the other had. InvalidInputError where that is more than a customer can have.

    A word on marketing is not taken over: it was given for another address.
    """
    old, kept = (each.model_dump(mode="json") for each in (source, target))
    changes: dict[str, Any] = {name: old[name] for name in _FILLED if kept[name] is None and old[name] is not None}
    changes |= {name: list(dict.fromkeys(kept[name] + old[name])) for name in _UNITED}
    changes["primary_group"] = kept["primary_group"] or old["primary_group"]
    changes["custom_fields"] = old["custom_fields"] | kept["custom_fields"]
    changes["shipping_addresses"] = _book(source, target)
    changes["note"] = "\n\n".join(dict.fromkeys(note for note in (target.note, source.note) if note)) or None
    if not (target.tax_exempt or target.tax_exemption):
        changes |= {"tax_exempt": source.tax_exempt, "tax_exemption": old["tax_exemption"]}
    after = customer_input.apply_patch(target, changes, store.country)
    signed_in = [each.last_sign_in_at for each in (source, target) if each.last_sign_in_at]
    return after.model_copy(
        update={
            "vat_id_status": after.vat_id_status if target.vat_id else source.vat_id_status,
            "type": "registered" if "registered" in (source.type, target.type) else "guest",
            "last_sign_in_at": max(signed_in, default=None),
        }
    )


def _both(store: Store, into_id: str, from_id: str) -> tuple[Customer | None, Customer]:
    """Who goes, None where that is done, and who stays."""
    target = customers.get(store, into_id)
    if from_id == into_id:
        raise InvalidInputError(fields=[FieldError("/from_id", "is the customer itself")])
    try:
        return customers.get(store, from_id), target
    except CustomerMergedError as done:
        if done.into_id == into_id:
            return None, target
        complaint = FieldError("/from_id", f"was merged into {done.into_id} before")
        raise InvalidInputError(fields=[complaint]) from None


def _book(source: Customer, target: Customer) -> list[dict[str, Any]]:
    """Both address books and a second billing address, each place once. The default stays, if there was one."""
    book = list(target.shipping_addresses)
    places = {_place(address) for address in book}
    coming: list[Address] = list(source.shipping_addresses)
    if source.billing_address and target.billing_address:
        places.add(_place(target.billing_address))
        coming.append(source.billing_address)
    for address in coming:
        place = _place(address)
        if place not in places:
            is_default = not target.shipping_addresses and getattr(address, "is_default", False)
            book.append(ShippingAddress.model_construct(**dict(address) | {"id": None, "is_default": is_default}))
        places.add(place)
    return [address.model_dump(mode="json") for address in book]


def _place(address: Address) -> str:
    return fold_for_search(address.model_dump_json(exclude={"id", "is_default"}))


def _move_orders(
    store: Store, from_id: str, into_id: str, now: datetime, by: Actor, out_of_time: Callable[[], bool]
) -> int:
    """Move all orders; how many it were. BusyError where time is too short for all."""
    moved = 0
    for item in _orders(store, from_id):
        if out_of_time():
            raise BusyError("A part of the orders has moved: ask again to go on.")
        orders.move(store, item["order_id"]["S"], from_id, into_id, now, by)
        moved += 1
    return moved


def _orders(store: Store, customer_id: str) -> Iterator[dynamodb.Item]:
    """A customer's orders, oldest first, read consistently."""
    values = {":pk": {"S": keys.customer(store.id, customer_id)}, ":prefix": {"S": keys.ORDER_PREFIX}}
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues=values,
        ConsistentRead=True,
    )
    for page in pages:
        yield from page["Items"]


def _fuse(store: Store, source: Customer, target: Customer, after: Customer, now: datetime, by: Actor) -> Customer:
    """The last transaction: the one goes, the other is as both were, and the alias leads there. BusyError."""
    after = after.model_copy(update={"version": target.version + 1, "updated_at": now})
    alias = Alias(keys.merged(store.id, source.id), keys.ALIAS, into_id=target.id)
    merged = FieldChange(field="id", before=source.id, after=target.id)
    with Transaction() as write:
        write.delete(record(store, source), CustomerRecord.version == source.version, BusyError())
        write.delete(claim(store, source))
        write.put_record(alias, Alias.pk.does_not_exist(), BusyError())
        customers.replace(write, store, target, after, by)
        customer_history.add_entry(write, store, after, "merged", by, [merged])
    return after
