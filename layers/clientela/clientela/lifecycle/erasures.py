"""Erasing a person: from the first write on the account is gone, and in the end there is a certificate of what is left.

What is erased is who the person was. What stays is the shop's money: of each order its id, version, time, total and
statuses. A keyed hash of the e-mail keeps imports from bringing the person back, and orders placed before from making an
account; an order placed afterwards is a new customer's, and who signs up by link comes back by their own wish.
"""

from datetime import datetime
from typing import Literal

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock, ids
from clientela.customers import customers, tombstones
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_history import Actor
from clientela.customers.customer_records import CustomerRecord, claim, record
from clientela.customers.tombstones import ErasingRecord
from clientela.errors import BusyError, CustomerNotFoundError, ErasureNotFoundError
from clientela.lifecycle import removal_queue
from clientela.schema import email_addresses
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.sign_in.link_requests import LatestSignIn
from clientela.stores.stores import Store
from clientela.table import keys, pagination
from clientela.table.attributes import DocumentAttribute
from clientela.table.pagination import Page
from clientela.table.records import Record
from clientela.table.transactions import Transaction

COUNTED = (
    "addresses", "orders", "sessions", "history", "consents", "passwords", "mails", "sign_ins", "answers", "others",
)  # fmt: skip


class DeletedCounts(Model):
    """How many of each kind were deleted. `orders` are their contents, `answers` what was kept to repeat lost ones."""

    profile: int = 1
    addresses: int = 0
    orders: int = 0
    sessions: int = 0
    history: int = 0
    consents: int = 0
    passwords: int = 0
    mails: int = 0
    sign_ins: int = 0
    answers: int = 0
    others: int = 0


class RetainedData(Model):
    """What is kept, and why. `count` is null where it cannot be told, `days` for how long, null where it stays."""

    what: Literal["order_money_records", "keyed_hashes", "this_certificate", "files", "backups"]
    count: int | None
    days: int | None
    why: str


class Erasure(Model):
    """The certificate of an erasure. While it is `running` the account is gone already, and the rest is being deleted."""

    id: str
    status: Literal["running", "complete"]
    requested_by: Actor
    erased_at: Timestamp
    completed_at: Timestamp | None
    deleted: DeletedCounts
    kept: list[RetainedData]


class ErasureRecord(Record):
    """`STORE#demo` / `ERASURE#ers_01K…`: names nobody."""

    by = DocumentAttribute(Actor)
    erased_at = UnicodeAttribute()
    completed_at = UnicodeAttribute(null=True)
    money_records = NumberAttribute(default=0)
    addresses = NumberAttribute(default=0)
    orders = NumberAttribute(default=0)
    sessions = NumberAttribute(default=0)
    history = NumberAttribute(default=0)
    consents = NumberAttribute(default=0)
    passwords = NumberAttribute(default=0)
    mails = NumberAttribute(default=0)
    sign_ins = NumberAttribute(default=0)
    answers = NumberAttribute(default=0)
    others = NumberAttribute(default=0)


def begin(store: Store, customer_id: str, now: datetime, by: Actor) -> str:
    """Make the account be gone; the id of its erasure, which whoever asks again is told as well. CustomerNotFoundError.

    One transaction deletes the profile, its index entries, the claim of its e-mail and what makes older links void, and
    puts the tombstones, the certificate and a note of what is still to be done. 2 read units; 16 write units for a profile
    of 1 to 2 KB, and 2 for each index entry; 1 message, so that the rest is done whatever becomes of the caller.
    """
    for _ in range(customers.ATTEMPTS):
        known = tombstones.erasure_of(store, customer_id)
        if known:
            return known
        try:
            customer = customers.get(store, customer_id)
        except CustomerNotFoundError:
            if tombstones.erasure_of(store, customer_id) is None:
                raise
            continue  # erased between the two reads
        removal_queue.put(store.id, customer_id)
        try:
            return _erase_account(store, customer, now, by)
        except BusyError:
            continue
    raise BusyError


def get(store: Store, erasure_id: str) -> Erasure:
    """The certificate as it is now. ErasureNotFoundError. 1 read unit."""
    found = ErasureRecord.find(keys.store(store.id), keys.erasure(erasure_id))
    if found is None:
        raise ErasureNotFoundError(f"There is no erasure {erasure_id!r}.")
    return _shown(found)


def list_all(store: Store, limit: int = 50, cursor: str | None = None) -> Page[Erasure]:
    """One page of the store's certificates, newest first. InvalidInputError for a strange cursor. Half a read unit per 4 KB."""
    found = pagination.newest_first(keys.store(store.id), keys.ERASURE_PREFIX, limit, cursor)
    return Page([_shown(ErasureRecord.from_raw_data(item)) for item in found.items], found.next_cursor)


def _erase_account(store: Store, customer: Customer, now: datetime, by: Actor) -> str:
    erasure_id, canonical = ids.new("ers", now), email_addresses.canonical(customer.email)
    addresses = len(customer.shipping_addresses) + (customer.billing_address is not None)
    requested_by = by.model_copy(update={"id": None}) if by.kind == "customer" else by
    with Transaction() as write:
        write.delete(record(store, customer), CustomerRecord.version == customer.version, BusyError())
        write.delete(claim(store, customer))
        write.delete(LatestSignIn(keys.email(store.id, canonical), keys.LATEST_SIGN_IN))
        write.put_record(tombstones.for_email(store, canonical, erasure_id, now))
        write.put_record(tombstones.for_customer(store, customer.id, erasure_id, now))
        write.put_record(
            ErasureRecord(
                keys.store(store.id),
                keys.erasure(erasure_id),
                by=requested_by,
                erased_at=clock.format_timestamp(now),
                addresses=addresses,
            )
        )
        write.put_record(
            ErasingRecord(
                keys.customer(store.id, customer.id),
                keys.ERASING,
                erasure_id=erasure_id,
                erased_at=clock.format_timestamp(now),
                email=canonical,
            )
        )
    return erasure_id


def _shown(found: ErasureRecord) -> Erasure:
    return Erasure(
        id=found.sk.removeprefix(keys.ERASURE_PREFIX),
        status="complete" if found.completed_at else "running",
        requested_by=found.by,
        erased_at=datetime.fromisoformat(found.erased_at),
        completed_at=datetime.fromisoformat(found.completed_at) if found.completed_at else None,
        deleted=DeletedCounts(**{name: int(getattr(found, name)) for name in COUNTED}),
        kept=_kept(int(found.money_records)),
    )


def _kept(money_records: int) -> list[RetainedData]:
    return [
        RetainedData(
            what="order_money_records",
            count=money_records,
            days=None,
            why="The shop's accounts: id, version, time, currency, total and statuses of each order, and nothing of a person.",
        ),
        RetainedData(
            what="keyed_hashes",
            count=None,
            days=None,
            why="Keep imports and earlier orders from bringing the person back; without the key they tell nothing.",
        ),
        RetainedData(what="this_certificate", count=1, days=None, why="Proof that it was done: it names nobody."),
        RetainedData(
            what="files",
            count=None,
            days=90,
            why="Exports, and reports of imports and bulk changes, are not rewritten: they are deleted when they are that old.",
        ),
        RetainedData(
            what="backups", count=None, days=35, why="The database can be set back to any moment of that time."
        ),
    ]
