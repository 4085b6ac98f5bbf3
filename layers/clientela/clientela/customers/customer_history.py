"""A customer's history: every change with its actor, time, and fields before and after.

The types are Vendure's history types for customers (docs.vendure.io, HistoryEntryType). Statistics
and sign-in times are not part of the history: the orders and sessions record them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pynamodb.attributes import NumberAttribute

from clientela import ids
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.schema.actors import OPERATOR, Actor, FieldChange
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores.stores import Store
from clientela.table import keys, pagination
from clientela.table.attributes import DocumentAttribute, load
from clientela.table.pagination import Page
from clientela.table.records import Record
from clientela.table.transactions import Transaction

EntryType = Literal[
    "registered", "verified", "detail_updated", "note_updated", "email_updated", "email_status_updated",
    "added_to_group", "removed_from_group",
    "address_created", "address_updated", "address_deleted", "password_updated", "password_removed",
    "merged", "merge_undone",
]  # fmt: skip

_OTHER_ENTRY = 90  # number of an entry that is not about fields: sorts after those that are
_ADDRESSES = ("billing_address", "shipping_addresses")
_RECORDED_FIELDS = (*NewCustomer.model_fields, "vat_id_status", "email_status")


class HistoryEntry(Model):
    """One entry of a customer's history."""

    id: str
    """The id of the entry, unique for the customer. Example: 0000000002#0"""
    type: EntryType
    """What happened."""
    at: Timestamp
    """When it happened."""
    actor: Actor
    """Who or what made the change."""
    changes: list[FieldChange] = []
    """The changed fields."""


class HistoryRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `EVENT#0000000002#0`: one entry of a version."""

    event = DocumentAttribute(HistoryEntry)
    ttl = NumberAttribute(null=True)


def page(
    store: Store, customer: Customer, now: datetime, limit: int = 50, cursor: str | None = None
) -> Page[HistoryEntry]:
    """Return a page of a customer's history, newest first.

    Raises:
        InvalidInputError: the cursor belongs to another list.

    Cost: half a read unit per 4 KB.
    """
    stored = pagination.newest_first(keys.customer(store.id, customer.id), keys.EVENT_PREFIX, limit, cursor)
    unexpired = [item for item in stored.items if "ttl" not in item or int(item["ttl"]["N"]) > now.timestamp()]
    entries = [load(HistoryEntry, item["event"]) for item in unexpired]
    if len(unexpired) < len(stored.items):
        return Page(entries, None)  # all entries after the first expired one have expired too
    first = registered(store, customer, now)
    if stored.next_cursor or not first:
        return Page(entries, stored.next_cursor)
    if len(entries) < limit:
        return Page([*entries, first], None)
    return Page(entries, pagination.cursor_after(stored.items[-1], keys.EVENT_PREFIX))


def add_changes(transaction: Transaction, store: Store, before: Customer, after: Customer, by: Actor) -> None:
    """Add the entries of a change to the transaction that makes it.

    Cost: 2 write units per entry.
    """
    for record in records(store, before, after, by):
        transaction.put_record(record)


def add_entry(
    transaction: Transaction,
    store: Store,
    after: Customer,
    kind: EntryType,
    by: Actor,
    changes: Sequence[FieldChange] = (),
) -> None:
    """Add an entry that is not about fields to the transaction that makes the customer's version.

    Cost: 2 write units.
    """
    transaction.put_record(_record(store, after, _OTHER_ENTRY, kind, by, list(changes)))


def differences(before: Customer, after: Customer) -> list[FieldChange]:
    """Return the changes of the fields that the history records."""
    return list(_changes(before, after).values())


def at_version(store: Store, customer_id: str, version: int) -> list[HistoryEntry]:
    """Return the entries of one version. Cost: 1 read unit per 4 KB."""
    stored = HistoryRecord.list_by_prefix(keys.customer(store.id, customer_id), keys.events(version))
    return [record.event for record in stored]


def entries_of_fields(store: Store, customer_id: str, version: int) -> list[HistoryRecord]:
    """Return the stored entries about fields of one version. Cost: 1 read unit per 4 KB."""
    stored = HistoryRecord.list_by_prefix(keys.customer(store.id, customer_id), keys.events(version))
    return [record for record in stored if record.sk != keys.event(version, _OTHER_ENTRY)]


def of_versions(store: Store, customer: Customer, first: int) -> list[tuple[int, HistoryEntry]]:
    """Return a customer's entries from a version on, each with its version, in their order.

    Cost: 1 read unit per 4 KB.
    """
    last = keys.events(customer.version + 1)
    stored = HistoryRecord.list_between(keys.customer(store.id, customer.id), keys.events(first), last)
    return [(keys.event_version(each.sk), each.event) for each in stored]


def email_at(store: Store, customer: Customer, version: int) -> str:
    """Return the e-mail that a customer had at a version.

    It is the one before the first later change of the e-mail, or the current one.

    Cost: 1 read unit per 4 KB of the later history.
    """
    first, last = keys.events(version + 1), keys.events(customer.version + 1)
    later = HistoryRecord.list_between(keys.customer(store.id, customer.id), first, last)
    change = next((record.event for record in later if record.event.type == "email_updated"), None)
    return str(change.changes[0].before) if change else customer.email


def registered(store: Store, customer: Customer, now: datetime) -> HistoryEntry | None:
    """Return the first entry of a customer's history, or None if it has expired.

    It is not stored, because the profile has what it says: a write unit less for each customer.
    """
    at, days = ids.created_at(customer.id), store.retention.history_days
    if days and at + timedelta(days=days) <= now:
        return None
    return HistoryEntry(id="1-0", type="registered", at=at, actor=customer.created_by or OPERATOR)


def records(store: Store, before: Customer, after: Customer, by: Actor) -> list[HistoryRecord]:
    """Return the entries of a change: one for each type that has changed fields."""
    changes = _changes(before, after)
    entries = [entry for entry in _entries(changes, before, after) if entry[1]]
    return [_record(store, after, number, kind, by, fields) for number, (kind, fields) in enumerate(entries)]


def _changes(before: Customer, after: Customer) -> dict[str, FieldChange]:
    names = [name for name in _RECORDED_FIELDS if getattr(before, name) != getattr(after, name)]
    old, new = (each.model_dump(mode="json", include=set(names)) for each in (before, after))
    return {name: FieldChange(field=name, before=old[name], after=new[name]) for name in names}


def _entries(
    changes: dict[str, FieldChange], before: Customer, after: Customer
) -> list[tuple[EntryType, list[FieldChange]]]:
    groups = changes.get("groups")
    other_types = {"groups", "note", "email", "email_status", *_ADDRESSES}
    is_proven = "email_status" in changes and after.email_status == "proven"
    has_other_status = "email_status" in changes and not is_proven and "email" not in changes
    return [
        ("verified", [changes["email_status"]] if is_proven else []),
        ("email_status_updated", [changes["email_status"]] if has_other_status else []),
        ("email_updated", _select(changes, "email", "email_status") if "email" in changes else []),
        ("detail_updated", [change for name, change in changes.items() if name not in other_types]),
        ("added_to_group", [groups] if groups and set(after.groups) - set(before.groups) else []),
        ("removed_from_group", [groups] if groups and set(before.groups) - set(after.groups) else []),
        *((kind, [changes[name]]) for name in _ADDRESSES if name in changes for kind in _address_types(changes[name])),
        ("note_updated", [changes["note"]] if "note" in changes else []),
    ]


def _select(changes: dict[str, FieldChange], *names: str) -> list[FieldChange]:
    return [changes[name] for name in names if name in changes]


def _address_types(change: FieldChange) -> list[EntryType]:
    """Return the types of a change of addresses, compared by id: it may add and delete at once."""
    old, new = _by_id(change.before), _by_id(change.after)
    added, removed = new.keys() - old.keys(), old.keys() - new.keys()
    is_updated = not (added or removed) or any(old[each] != new[each] for each in old.keys() & new.keys())
    kinds: tuple[tuple[EntryType, object], ...] = (
        ("address_created", added),
        ("address_updated", is_updated),
        ("address_deleted", removed),
    )
    return [kind for kind, applies in kinds if applies]


def _by_id(addresses: Any) -> dict[str | None, Any]:
    """Return a book's addresses by id, without their default flag; a billing address under None."""
    if isinstance(addresses, list):
        return {each["id"]: {**each, "is_default": None} for each in addresses}
    return {None: addresses} if addresses else {}


def _record(
    store: Store, customer: Customer, number: int, kind: EntryType, by: Actor, changes: list[FieldChange]
) -> HistoryRecord:
    entry = HistoryEntry(
        id=f"{customer.version}-{number}",
        type=kind,
        at=customer.updated_at,
        changes=changes,
        actor=by,
    )
    days = store.retention.history_days
    ttl = int((customer.updated_at + timedelta(days=days)).timestamp()) if days else None
    return HistoryRecord(
        keys.customer(store.id, customer.id), keys.event(customer.version, number), event=entry, ttl=ttl
    )
