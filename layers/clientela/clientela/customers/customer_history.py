"""A customer's history: every change with who made it, when, and the changed fields before and after.

The words are Vendure's history types for customers (docs.vendure.io, HistoryEntryType). What comes from orders
(statistics) or from signing in (times) is not history: the orders and sessions themselves tell it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import ConfigDict
from pynamodb.attributes import NumberAttribute

from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores.stores import Store
from clientela.table import keys, pagination
from clientela.table.attributes import DocumentAttribute, load
from clientela.table.pagination import Page
from clientela.table.records import Record
from clientela.table.transactions import Transaction

EntryType = Literal[
    "registered", "verified", "detail_updated", "note_updated", "email_updated", "added_to_group", "removed_from_group",
    "address_created", "address_updated", "address_deleted", "password_updated", "password_removed",
    "merged",
]  # fmt: skip

type ActorKind = Literal["api_key", "customer", "import", "order", "bulk", "vat_check", "mail_feedback", "operator"]

_APART = 90  # number of an entry that is not about fields: behind those that are
_ADDRESSES = ("billing_address", "shipping_addresses")
_TOLD = (*NewCustomer.model_fields, "vat_id_status", "email_status")


class Actor(Model):
    """Who made a change."""

    model_config = ConfigDict(frozen=True)

    kind: str
    id: str | None = None

    def __init__(self, kind: ActorKind, id: str | None = None) -> None:  # noqa: A002 - the field's name
        super().__init__(kind=kind, id=id)  # type: ignore[call-arg]  # mypy sees no fields in Model


OPERATOR = Actor("operator")  # somebody with AWS rights, by the command line


class FieldChange(Model):
    """One field before and after; null where it was empty."""

    field: str
    before: Any = None
    after: Any = None


class HistoryEntry(Model):
    """One entry of a customer's history."""

    id: str
    type: EntryType
    at: Timestamp
    actor: Actor
    changes: list[FieldChange] = []


class HistoryRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `EVENT#0000000002#0`: one entry, behind the version of the customer that it made."""

    event = DocumentAttribute(HistoryEntry)
    ttl = NumberAttribute(null=True)


def page(
    store: Store, customer_id: str, now: datetime, limit: int = 50, cursor: str | None = None
) -> Page[HistoryEntry]:
    """A customer's history, newest first. InvalidInputError for a cursor of another list. Half a read unit per 4 KB."""
    found = pagination.newest_first(keys.customer(store.id, customer_id), keys.EVENT_PREFIX, limit, cursor)
    living = [item for item in found.items if "ttl" not in item or int(item["ttl"]["N"]) > now.timestamp()]
    events = [load(HistoryEntry, item["event"]) for item in living]
    # Behind the first entry whose time is over there are none but such.
    return Page(events, found.next_cursor if len(living) == len(found.items) else None)


def add_changes(transaction: Transaction, store: Store, before: Customer, after: Customer, by: Actor) -> None:
    """Add the entries of a change to the transaction that makes it. 2 write units each; none where nothing is to tell."""
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
    """Add an entry that is not about fields to the transaction that makes this version of the customer. 2 write units."""
    transaction.put_record(_record(store, after, _APART, kind, by, list(changes)))


def differences(before: Customer, after: Customer) -> list[FieldChange]:
    """The fields that the history tells of, as they are before and after."""
    return list(_changes(before, after).values())


def at_version(store: Store, customer_id: str, version: int) -> list[HistoryEntry]:
    """The entries of one version. 1 read unit."""
    found = HistoryRecord.list_by_prefix(keys.customer(store.id, customer_id), keys.events(version))
    return [record.event for record in found]


def email_at(store: Store, customer: Customer, version: int) -> str:
    """The e-mail that a customer had at a version: that before the first change of it since. 1 read unit per 4 KB."""
    first, last = keys.events(version + 1), keys.events(customer.version + 1)
    later = HistoryRecord.list_between(keys.customer(store.id, customer.id), first, last)
    moved = next((record.event for record in later if record.event.type == "email_updated"), None)
    return str(moved.changes[0].before) if moved else customer.email


def registered(store: Store, customer: Customer, by: Actor) -> HistoryRecord:
    """The entry of a new customer: the first of its history."""
    return _record(store, customer, 0, "registered", by, [])


def records(store: Store, before: Customer, after: Customer, by: Actor) -> list[HistoryRecord]:
    """The entries of a change, each with its kind of fields."""
    changes = _changes(before, after)
    told = [entry for entry in _entries(changes, before, after) if entry[1]]
    return [_record(store, after, number, kind, by, fields) for number, (kind, fields) in enumerate(told)]


def _changes(before: Customer, after: Customer) -> dict[str, FieldChange]:
    names = [name for name in _TOLD if getattr(before, name) != getattr(after, name)]
    old, new = (each.model_dump(mode="json", include=set(names)) for each in (before, after))
    return {name: FieldChange(field=name, before=old[name], after=new[name]) for name in names}


def _entries(
    changes: dict[str, FieldChange], before: Customer, after: Customer
) -> list[tuple[EntryType, list[FieldChange]]]:
    groups, others = changes.get("groups"), {"groups", "note", "email", "email_status", *_ADDRESSES}
    proven = "email_status" in changes and after.email_status == "proven"
    return [
        ("verified", [changes["email_status"]] if proven else []),
        ("email_updated", _together(changes, "email", "email_status") if "email" in changes else []),
        ("detail_updated", [change for name, change in changes.items() if name not in others]),
        ("added_to_group", [groups] if groups and set(after.groups) - set(before.groups) else []),
        ("removed_from_group", [groups] if groups and set(before.groups) - set(after.groups) else []),
        *((kind, [changes[name]]) for name in _ADDRESSES if name in changes for kind in _address_types(changes[name])),
        ("note_updated", [changes["note"]] if "note" in changes else []),
    ]


def _together(changes: dict[str, FieldChange], *names: str) -> list[FieldChange]:
    return [changes[name] for name in names if name in changes]


def _address_types(change: FieldChange) -> list[EntryType]:
    """What became of addresses, which are known by their ids: one may come as another one goes."""
    old, new = _by_id(change.before), _by_id(change.after)
    came, went = new.keys() - old.keys(), old.keys() - new.keys()
    is_updated = not (came or went) or any(old[each] != new[each] for each in old.keys() & new.keys())
    kinds: tuple[tuple[EntryType, object], ...] = (
        ("address_created", came),
        ("address_updated", is_updated),
        ("address_deleted", went),
    )
    return [kind for kind, is_true in kinds if is_true]


def _by_id(addresses: Any) -> dict[str | None, Any]:
    """The addresses of a book without who is the default; the billing address stands alone, under no id."""
    if isinstance(addresses, list):
        return {each["id"]: {**each, "is_default": None} for each in addresses}
    return {None: addresses} if addresses else {}


def _record(
    store: Store, customer: Customer, number: int, kind: EntryType, by: Actor, changes: list[FieldChange]
) -> HistoryRecord:
    event = HistoryEntry(
        id=f"{customer.version}-{number}",
        type=kind,
        at=customer.updated_at,
        changes=changes,
        actor=by,
    )
    days = store.retention.history_days
    ttl = int((customer.updated_at + timedelta(days=days)).timestamp()) if days else None
    return HistoryRecord(
        keys.customer(store.id, customer.id), keys.event(customer.version, number), event=event, ttl=ttl
    )
