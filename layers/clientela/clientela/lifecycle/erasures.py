"""Erasing a person, with a certificate of the deleted and the retained data.

All personal data is deleted. The shop's money is kept: the id, version, time, total and statuses of
each order. A keyed hash of the e-mail prevents imports from recreating the customer, and orders
placed earlier from creating an account. A later order creates a new customer, and the person can
sign up again by link.
"""

from datetime import datetime
from typing import Literal

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock, ids, settings
from clientela.concurrency import retry_on_conflict
from clientela.customers import customer_history, customers, external_ids, tombstones
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import CustomerRecord, claim, record
from clientela.customers.tombstones import ErasingRecord
from clientela.errors import BusyError, CustomerNotFoundError, ErasureNotFoundError
from clientela.lifecycle import removal_queue
from clientela.schema import email_addresses
from clientela.schema.actors import Actor
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.sentences import Sentence, translated
from clientela.sign_in.link_requests import LatestSignIn
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import keys, pagination
from clientela.table.attributes import DocumentAttribute
from clientela.table.pagination import Page
from clientela.table.records import Record
from clientela.table.transactions import Transaction


class DeletedCounts(Model):
    """How many of each kind were deleted.

    `orders`: the contents of orders; `answers`: responses stored for repeats.
    """

    profile: int = 1
    """The number of profiles. Example: 1"""
    addresses: int = 0
    """The number of e-mail addresses. Example: 1"""
    external_ids: int = 0
    """The number of ids in other systems. Example: 1"""
    orders: int = 0
    """The number of orders whose contents were deleted. Example: 3"""
    sessions: int = 0
    """The number of sessions. Example: 1"""
    history: int = 0
    """The number of entries of the history. Example: 5"""
    consents: int = 0
    """The number of marketing consents. Example: 1"""
    passwords: int = 0
    """The number of passwords. Example: 0"""
    mails: int = 0
    """The number of records of mails. Example: 2"""
    sign_ins: int = 0
    """The number of sign-in events and requests. Example: 4"""
    answers: int = 0
    """The number of responses stored for repeated requests. Example: 0"""
    others: int = 0
    """The number of other records. Example: 0"""


_COUNTERS = tuple(name for name in DeletedCounts.model_fields if name != "profile")  # attributes of ErasureRecord


class RetainedData(Model):
    """Data that is kept, and why.

    `count` is null if unknown; `days` says how long, null is for ever.
    """

    what: Literal[
        "order_money_records", "keyed_hashes", "this_certificate", "export_files", "import_files", "dead_letters",
        "backups",
    ]  # fmt: skip
    """The kind of data."""
    count: int | None
    """How many there are; null if unknown. Example: 3"""
    days: int | None
    """How many days it is kept; null for ever. Example: null"""
    why: str
    """Why it is kept. Example: Tax law requires the amounts of orders."""


class Erasure(Model):
    """The certificate of an erasure.

    While it is `running` the account is gone, and the rest is being deleted.
    """

    id: str
    """The id of the erasure. Example: ers_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    status: Literal["running", "complete"]
    """`running` while data is being deleted, then `complete`."""
    requested_by: Actor
    """Who requested the erasure."""
    erased_at: Timestamp
    """When the account was deleted."""
    completed_at: Timestamp | None
    """When the last data was deleted; null while it is running."""
    deleted: DeletedCounts
    """How many of each kind were deleted."""
    kept: list[RetainedData]
    """The data that is kept, and why."""


class ErasureRecord(Record):
    """`STORE#demo` / `ERASURE#ers_01K…`: holds no personal data."""

    AUDITED = True
    by = DocumentAttribute(Actor)
    erased_at = UnicodeAttribute()
    completed_at = UnicodeAttribute(null=True)
    money_records = NumberAttribute(default=0)
    addresses = NumberAttribute(default=0)
    external_ids = NumberAttribute(default=0)
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
    """Remove the account, and return the id of its erasure. Repeated, it returns the same id.

    One transaction deletes the profile, its index entries, its claims and the record that
    makes older links void, and puts the tombstones, the certificate and a record of the work
    left.

    Raises:
        CustomerNotFoundError: there is no such customer, and none was erased.

    Cost: 2 read units; 18 write units for a profile of 1 to 2 KB, and 2 for each index entry; 1
    message, so that the rest is done even if the caller dies.
    """

    def attempt() -> str:
        if erasure_id := tombstones.erasure_of(store, customer_id):
            return erasure_id
        try:
            customer = customers.get(store, customer_id)
        except CustomerNotFoundError:
            if tombstones.erasure_of(store, customer_id) is None:
                raise
            raise BusyError from None  # erased between the two reads
        removal_queue.put(store.id, customer_id)
        return _erase_account(store, customer, now, by)

    return retry_on_conflict(attempt)


def get(store: Store, erasure_id: str) -> Erasure:
    """Return the certificate as it is now — ErasureNotFoundError. 1 read unit."""
    certificate = ErasureRecord.find(keys.store(store.id), keys.erasure(erasure_id))
    if certificate is None:
        raise ErasureNotFoundError(Sentence("Erasure “{id}” not found.", id=erasure_id))
    return _to_model(store, certificate)


def list_all(store: Store, limit: int = 50, cursor: str | None = None) -> Page[Erasure]:
    """Return one page of the store's certificates, newest first.

    Raises:
        InvalidInputError: the cursor belongs to another list.

    Cost: half a read unit per 4 KB.
    """
    page = pagination.newest_first(keys.store(store.id), keys.ERASURE_PREFIX, limit, cursor)
    return Page([_to_model(store, ErasureRecord.from_raw_data(item)) for item in page.items], page.next_cursor)


def _erase_account(store: Store, customer: Customer, now: datetime, by: Actor) -> str:
    erasure_id, canonical = ids.new("ers", now), email_addresses.canonical(customer.email)
    addresses = len(customer.shipping_addresses) + (customer.billing_address is not None)
    requested_by = by.model_copy(update={"id": None}) if by.kind == "customer" else by
    with Transaction() as write:
        write.delete(record(store, customer), CustomerRecord.version == customer.version, BusyError())
        write.delete(claim(store, customer))
        for entry in customer_history.newest_records(store, customer):
            write.put_record(entry)  # the sweep follows, counts and deletes it
        external_ids.add_changes(write, store, (customer, None))
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
                external_ids=len(customer.external_ids),
            )
        )
        write.put_record(
            ErasingRecord(
                keys.customer(store.id, customer.id),
                keys.ERASING,
                erasure_id=erasure_id,
                erased_at=clock.format_timestamp(now),
                email=canonical,
                customer=customer,
            )
        )
        audit_trail.add(write, store, requested_by, now, "customer.erased", erasure_id)
    return erasure_id


def _to_model(store: Store, record: ErasureRecord) -> Erasure:
    return Erasure(
        id=record.sk.removeprefix(keys.ERASURE_PREFIX),
        status="complete" if record.completed_at else "running",
        requested_by=record.by,
        erased_at=datetime.fromisoformat(record.erased_at),
        completed_at=datetime.fromisoformat(record.completed_at) if record.completed_at else None,
        deleted=DeletedCounts(**{name: int(getattr(record, name)) for name in _COUNTERS}),
        kept=_retained_data(int(record.money_records), store.language),
    )


def _retained_data(money_records: int, language: str) -> list[RetainedData]:
    """Return what is kept, with the reasons in a language."""
    kept = [
        RetainedData(
            what="order_money_records",
            count=money_records,
            days=None,
            why="For the shop's accounts: id, version, time, currency, total and statuses of each order. No personal data.",
        ),
        RetainedData(
            what="keyed_hashes",
            count=None,
            days=None,
            why="Prevent imports and earlier orders from recreating the customer. Without the key they reveal nothing.",
        ),
        RetainedData(
            what="this_certificate", count=1, days=None, why="Proof of the erasure. It holds no personal data."
        ),
        RetainedData(
            what="export_files",
            count=None,
            days=settings.export_retention_days(),
            why="Export files and the reports of bulk changes are not rewritten. They are deleted at this age.",
        ),
        RetainedData(
            what="import_files",
            count=None,
            days=30,
            why="Imported files and the reports of imports are not rewritten. They are deleted at this age.",
        ),
        RetainedData(
            what="dead_letters",
            count=None,
            days=14,
            why="Order messages that could not be read are not searched. They are deleted at this age.",
        ),
        RetainedData(
            what="backups", count=None, days=35, why="The database can be restored to any moment within this time."
        ),
    ]
    return [each.model_copy(update={"why": translated(each.why, language)}) for each in kept]
