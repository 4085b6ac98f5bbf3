"""A customer's history: every change with its actor, time, and fields before and after.

The types are Vendure's history types for customers (docs.vendure.io, HistoryEntryType). Statistics
and sign-in times are not part of the history: the orders and sessions record them.

The entries of the newest change are part of the customer (history_entries.py). They are stored as
items by the next change with entries, and by what deletes the profile.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute

from clientela import ids
from clientela.customers import stored_customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.history_entries import EntryType, HistoryEntry, NewestHistory
from clientela.schema.actors import OPERATOR, Actor, FieldChange
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, pagination
from clientela.table.attributes import DocumentAttribute, load
from clientela.table.pagination import Page
from clientela.table.records import Record
from clientela.table.transactions import Transaction

_OTHER_ENTRY = 90  # number of an entry that is not about fields: sorts after those that are
# Bytes of the entries, as JSON, that a customer has at most: a usual profile stays below 1 KB.
_MAX_IN_CUSTOMER = 500
_ADDRESSES = ("billing_address", "shipping_addresses")
_RECORDED_FIELDS = (*NewCustomer.model_fields, "vat_id_status", "email_status")


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

    Cost: half a read unit per 4 KB, and 1 read unit for the customer.
    """
    pk = keys.customer(store.id, customer.id)
    newest = _newest_items(store, customer.id)  # read first: what is stored meanwhile is in both
    stored = _with_newest(pagination.newest_first(pk, keys.EVENT_PREFIX, limit, cursor), newest, limit, cursor, pk)
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


def add_changes(
    transaction: Transaction, store: Store, before: Customer, after: Customer, by: Actor, *, as_items: bool = False
) -> Customer:
    """Add the entries of a change to the transaction that makes it, and return the customer.

    The customer has the entries, and those that it had are stored as items. Entries are stored
    directly if they are large, expire, or tell a former e-mail, which mails and erasures look for;
    or if the caller needs them `as_items`.

    Cost: 1 write unit for each item if the transaction has nothing but the customer, otherwise 2.
    """
    after = after.model_copy(update={"newest_history": before.newest_history})
    entries = _entries_of(before, after, by)
    if not entries:
        return after
    if as_items or store.retention.history_days or not _fits_in_customer(entries):
        for entry in entries:
            transaction.put_record(_record(store, after.id, entry))
        return after
    for record in newest_records(store, before):
        transaction.put_settled(record)
    return after.model_copy(update={"newest_history": NewestHistory(entries=tuple(entries))})


def newest_records(store: Store, customer: Customer) -> list[HistoryRecord]:
    """Return as records the entries that are part of the customer."""
    return [_record(store, customer.id, entry) for entry in customer.newest_history.entries]


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
    entry = _entry(after, _OTHER_ENTRY, kind, by, list(changes))
    transaction.put_record(_record(store, after.id, entry))


def differences(before: Customer, after: Customer) -> list[FieldChange]:
    """Return the changes of the fields that the history records."""
    return list(_changes(before, after).values())


def at_version(store: Store, customer_id: str, version: int) -> list[HistoryEntry]:
    """Return the entries of one version. Cost: 1 read unit per 4 KB, and 1 for the customer."""
    newest = _newest_items(store, customer_id)
    stored = HistoryRecord.list_by_prefix(keys.customer(store.id, customer_id), keys.events(version))
    found = {record.sk: record.event for record in stored}
    newer = {each.sk: each.event for each in map(HistoryRecord.from_raw_data, newest)}
    found |= {sk: entry for sk, entry in newer.items() if keys.event_version(sk) == version}
    return [found[sk] for sk in sorted(found)]


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
    newest = [record for record in newest_records(store, customer) if record.sk >= keys.events(first)]
    found = {record.sk: record.event for record in (*stored, *newest)}
    return [(keys.event_version(sk), found[sk]) for sk in sorted(found)]


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


def _newest_items(store: Store, customer_id: str) -> list[dynamodb.Item]:
    """Return the entries that are part of the stored customer, as items, newest first."""
    profile = dynamodb.get(keys.customer(store.id, customer_id), keys.PROFILE)
    records = newest_records(store, stored_customers.load(profile)) if profile else []
    return [record.item() for record in reversed(records)]


def _with_newest(
    stored: Page[dynamodb.Item], newest: list[dynamodb.Item], limit: int, cursor: str | None, pk: str
) -> Page[dynamodb.Item]:
    """Return a page of stored entries with those of the customer, each once."""
    after = pagination.position_after(pk, keys.EVENT_PREFIX, cursor) if cursor is not None else None
    by_key = {item["sk"]["S"]: item for item in newest if after is None or item["sk"]["S"] < after}
    by_key |= {item["sk"]["S"]: item for item in stored.items}
    items = [by_key[sk] for sk in sorted(by_key, reverse=True)]
    if len(items) > limit:
        return Page(items[:limit], pagination.cursor_after(items[limit - 1], keys.EVENT_PREFIX))
    return Page(items, stored.next_cursor)


def _fits_in_customer(entries: list[HistoryEntry]) -> bool:
    is_small = sum(len(entry.model_dump_json()) for entry in entries) <= _MAX_IN_CUSTOMER
    return is_small and all(entry.type != "email_updated" for entry in entries)


def _entries_of(before: Customer, after: Customer, by: Actor) -> list[HistoryEntry]:
    """Return the entries of a change: one for each type that has changed fields."""
    types = [entry for entry in _types(_changes(before, after), before, after) if entry[1]]
    return [_entry(after, number, kind, by, fields) for number, (kind, fields) in enumerate(types)]


def _changes(before: Customer, after: Customer) -> dict[str, FieldChange]:
    names = [name for name in _RECORDED_FIELDS if getattr(before, name) != getattr(after, name)]
    old, new = (each.model_dump(mode="json", include=set(names)) for each in (before, after))
    return {name: FieldChange(field=name, before=old[name], after=new[name]) for name in names}


def _types(
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


def _entry(customer: Customer, number: int, kind: EntryType, by: Actor, changes: list[FieldChange]) -> HistoryEntry:
    entry_id = f"{customer.version}-{number}"
    return HistoryEntry(id=entry_id, type=kind, at=customer.updated_at, changes=changes, actor=by)


def _record(store: Store, customer_id: str, entry: HistoryEntry) -> HistoryRecord:
    version, _, number = entry.id.partition("-")
    days = store.retention.history_days
    ttl = int((entry.at + timedelta(days=days)).timestamp()) if days else None
    key = keys.event(int(version), int(number))
    return HistoryRecord(keys.customer(store.id, customer_id), key, event=entry, ttl=ttl)
