"""Everything stored about a customer, for the customer (GDPR art.

15 and 20) and for the merchant who must respond.

It is the customer's item collection in its own order: so no item is left out. A page ends before
Lambda's limit of 6 MB for a response. Hashes are secrets, not data: a
password is only reported to exist, and sessions are listed without their tokens.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from clientela.customers import customer_history
from clientela.customers.consents import Consent
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import MergedCustomer
from clientela.customers.history_entries import HistoryEntry
from clientela.lifecycle import former_identities, merge_archives
from clientela.orders.order_fields import Order
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.sign_in import sign_in_events
from clientela.sign_in.sessions import Session
from clientela.sign_in.sign_in_events import SignInEvent
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, pagination
from clientela.table.attributes import load

ITEMS = 500  # of a page at most
_SIGN_INS = "sign-ins "  # starts a position after the collection
_SIGN_INS_OF_PAGE = 100
_RESERVED = 200_000  # bytes for a page of sign-ins, which have at most a few hundred each
_PASSWORD = "password"  # noqa: S105 - the name of a field


class DeviceRecord(Model):
    """A device from which the customer has signed in."""

    device: str
    """Its browser and system. Example: Firefox on Windows"""
    first_seen_at: Timestamp
    """When the first sign-in from it was."""
    last_seen_at: Timestamp
    """When the latest sign-in from it was, to within thirty days."""


class MailRecord(Model):
    """A mail about the account, and its outcome."""

    mail: str
    """The kind of mail, and what it was about. Example: welcome"""
    at: Timestamp | None = None
    """When the mail was sent or given up."""
    outcome: str | None = None
    """What became of the mail. Example: sent"""


class EmailRecord(Model):
    """A requested or former e-mail of the account."""

    email: str
    """The address. Example: ana.perez@example.org"""
    until: Timestamp
    """How long the request or the change back is possible."""


class PasswordInfo(Model):
    """The fact that there is a password."""

    changed_at: Timestamp
    """When the password was last set."""


class CustomerData(Model):
    """One page of the stored data; `customer` is on the first.

    `left_out` names data that a merchant must check first.
    """

    customer: Customer | None = None
    """The profile; null on further pages."""
    password: PasswordInfo | None = None
    """The fact that there is a password; null if there is none."""
    orders: list[Order] = []
    """The orders."""
    sessions: list[Session] = []
    """The devices that are signed in."""
    devices: list[DeviceRecord] = []
    """The devices from which the customer has signed in."""
    consents: list[Consent] = []
    """The ledger of marketing consents."""
    history: list[HistoryEntry] = []
    """The changes of the profile."""
    mails: list[MailRecord] = []
    """The mails that were sent about the account."""
    email_changes: list[EmailRecord] = []
    """The requested and former addresses."""
    sign_ins: list[SignInEvent] = []
    """The sign-ins, also those that were refused."""
    left_out: list[str] = []
    """The names of data that only the merchant can give, after a check. Example: ["note"]"""
    next_cursor: str | None = None
    """The cursor of the next page; null on the last one. Example: null"""


type _Reader = Callable[[dynamodb.Item], Any]


def _email(item: dynamodb.Item) -> EmailRecord:
    return EmailRecord.model_validate({"email": item["email"]["S"], "until": item["expires_at"]["S"]})


def _device(item: dynamodb.Item) -> DeviceRecord:
    times = {name: item[name]["S"] for name in ("first_seen_at", "last_seen_at")}
    return DeviceRecord.model_validate({"device": item["sk"]["S"].removeprefix(keys.DEVICE_PREFIX), **times})


def _mail(item: dynamodb.Item) -> MailRecord:
    delivery = {"at": item.get("settled_at", {}).get("S"), "outcome": item.get("outcome", {}).get("S")}
    return MailRecord.model_validate({"mail": item["sk"]["S"].removeprefix(keys.MAIL_PREFIX), **delivery})


def _invitation(item: dynamodb.Item) -> MailRecord:
    return MailRecord.model_validate({"mail": "invitation", "at": item["at"]["S"]})


# Prefix of the sort key → its section, and how to read the item.
SECTIONS: dict[str, tuple[str, _Reader]] = {
    keys.CONSENT_PREFIX: ("consents", lambda item: load(Consent, item["consent"])),
    keys.DEVICE_PREFIX: ("devices", _device),
    keys.EMAIL_CHANGE_PREFIX: ("email_changes", _email),
    keys.EMAIL_REVERT_PREFIX: ("email_changes", _email),
    keys.EVENT_PREFIX: ("history", lambda item: load(HistoryEntry, item["event"])),
    keys.MAIL_PREFIX: ("mails", _mail),
    keys.INVITATION_PREFIX: ("mails", _invitation),
    keys.ORDER_PREFIX: ("orders", lambda item: load(Order, item["order"])),
    keys.SESSION_PREFIX: ("sessions", lambda item: load(Session, item["session"])),
}


def page(store: Store, customer: Customer, now: datetime, cursor: str | None = None) -> CustomerData:
    """Return one page of all data, for the merchant — InvalidInputError for a foreign cursor.

    Cost: half a read unit per 4 KB; at most 128.
    """
    of = f"{keys.customer(store.id, customer.id)}/data"
    position = pagination.decode_cursor(of, cursor) if cursor is not None else ""
    data = CustomerData() if position else _first_page(store, customer, now)
    if position.startswith(_SIGN_INS):
        position = _add_sign_ins(store, customer, data, position.removeprefix(_SIGN_INS), now)
    else:
        owner, _, last = (position or f"{customer.id} ").partition(" ")
        last = _add_collection(store, owner, data, last, now)
        if not last and owner == customer.id:
            _add_newest_history(customer, data)
        following = f"{owner} {last}" if last else _next_collection(store, customer, owner)
        position = following or _add_sign_ins(store, customer, data, "", now)
    data.next_cursor = pagination.encode_cursor(of, position) if position else None
    return data


def _add_newest_history(customer: Customer, data: CustomerData) -> None:
    """Add the entries that are part of the customer, unless they have just been stored as items."""
    stored = {entry.id for entry in data.history}
    data.history += [entry for entry in customer.newest_history.entries if entry.id not in stored]


def _add_sign_ins(store: Store, customer: Customer, data: CustomerData, cursor: str, now: datetime) -> str:
    """Add a page of sign-ins, and return the position of the next one or ""."""
    events = sign_in_events.page(store, customer, now, _SIGN_INS_OF_PAGE, cursor or None)
    data.sign_ins = events.items
    return f"{_SIGN_INS}{events.next_cursor}" if events.next_cursor else ""


def _next_collection(store: Store, customer: Customer, owner: str) -> str:
    """Return the position of the next collection, or "": those of merged customers follow.

    They are kept for some days, in which the merge can be undone.
    """
    merged = MergedCustomer.list_by_prefix(keys.customer(store.id, customer.id), keys.MERGED_PREFIX)
    later = sorted(
        each for each in set[str]().union(*(one.ids for one in merged)) if owner == customer.id or each > owner
    )
    return f"{later[0]} " if later else ""


def own_page(store: Store, customer: Customer, now: datetime, cursor: str | None = None) -> CustomerData:
    """Return one page of all data, for the customer, without the merchant's note.

    A note about a person is that person's data too (Court of Justice of the EU, C-434/16), but may
    mention others (GDPR art. 15(4)). Only the merchant can judge that: `left_out` names it, and the
    merchant's page has it.
    """
    data = page(store, customer, now, cursor)
    if data.customer and data.customer.note:
        data.left_out = ["note"]
        data.customer = data.customer.model_copy(update={"note": None})
    data.history = [_own(event) for event in data.history if event.type != "note_updated"]
    return data


def _first_page(store: Store, customer: Customer, now: datetime) -> CustomerData:
    registered = customer_history.registered(store, customer, now)
    return CustomerData(customer=customer, history=[registered] if registered else [])


def _own(event: HistoryEntry) -> HistoryEntry:
    """Return an entry without the ids of the merchant's API keys, imports and jobs."""
    return (
        event
        if event.actor.kind == "customer"
        else event.model_copy(update={"actor": event.actor.model_copy(update={"id": None})})
    )


def _add_collection(store: Store, customer_id: str, data: CustomerData, position: str, now: datetime) -> str:
    """Add a page of a customer's items to the sections, and return its last sort key or ""."""
    pk = keys.customer(store.id, customer_id)
    answer = dynamodb.query(
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": pk}},
        Limit=ITEMS,
        **({"ExclusiveStartKey": dynamodb.key(pk, position)} if position else {}),
    )
    left = pagination.MAX_BYTES - _RESERVED - _size(data)
    done = ""
    for item in answer["Items"]:
        section, entries = _entries(item, now)
        left -= sum(map(_size, entries))
        if left < 0 and done:
            return done
        if section == _PASSWORD:
            (data.password,) = entries
        elif entries:
            getattr(data, section).extend(entries)
        done = item["sk"]["S"]
    last: str = answer.get("LastEvaluatedKey", {}).get("sk", {}).get("S", "")
    return last


def _entries(item: dynamodb.Item, now: datetime) -> tuple[str, list[Any]]:
    """Return the section of an item, and its entries there: none if it is over or a copy."""
    kind = item["sk"]["S"]
    is_over = "ttl" in item and int(item["ttl"]["N"]) <= now.timestamp()
    is_copy = "archived" in item and kind.startswith((*merge_archives.COPIED, keys.PASSWORD))
    if kind == keys.PROFILE or is_over or is_copy:
        return "", []
    if kind == keys.PASSWORD:
        return _PASSWORD, [PasswordInfo.model_validate({"changed_at": item["changed_at"]["S"]})]
    if kind.startswith(keys.MERGED_PREFIX):
        emails = former_identities.latest_times(item["emails"]["SS"])
        return "email_changes", [EmailRecord(email=email, until=until) for email, until in emails.items()]
    section, read = SECTIONS[f"{kind.partition('#')[0]}#"]
    return section, [read(item)]


def _size(data: Model) -> int:
    return pagination.size_in_response(data.model_dump_json().encode())
