"""Tombstones of erased customers, so that no import or old order recreates them.

A tombstone has only the keyed hash of an e-mail or of an id. The key is stored outside the table
and never rotated, because the hashes would not match under another.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute

from clientela import clock
from clientela.customers.customer_records import CustomerAttribute
from clientela.signing import permanent_hash
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.records import Record
from clientela.table.transactions import Transaction

_CUSTOMER_ID = re.compile(r"\bcus_[0-9A-HJKMNP-TV-Z]{26}\b")


class PersonErasedError(Exception):
    """The owner of an e-mail was erased after the moment of what is being written."""


class Tombstone(Record):
    """`STORE#demo#ERASED#3f5a…` / `TOMBSTONE`: the time and the certificate of an erasure."""

    erased_at = UnicodeAttribute()
    erasure_id = UnicodeAttribute()


class ErasingRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `ERASING`: an unfinished erasure; deleted last."""

    erasure_id = UnicodeAttribute()
    erased_at = UnicodeAttribute()
    email = UnicodeAttribute()  # canonical
    customer = CustomerAttribute()

    # Found in the items that the sweep deletes, and stored before it deletes them.
    ids = UnicodeSetAttribute(null=True)  # of the customers that were merged into this one
    emails = UnicodeSetAttribute(null=True)  # former ones: as in MergedCustomer


def for_email(store: Store, canonical: str, erasure_id: str, now: datetime) -> Tombstone:
    """Return the tombstone of an e-mail."""
    return _tombstone(_email(store, canonical), erasure_id, now)


def for_customer(store: Store, customer_id: str, erasure_id: str, now: datetime) -> Tombstone:
    """Return the tombstone of a customer id, by which a repeated request finds the certificate."""
    return _tombstone(_customer(store, customer_id), erasure_id, now)


def erasure_of(store: Store, customer_id: str) -> str | None:
    """Return the erasure id of an erased customer, or None. Cost: 1 read unit."""
    tombstone = Tombstone.find(_customer(store, customer_id), keys.TOMBSTONE)
    return tombstone.erasure_id if tombstone else None


def require_not_erased_since(write: Transaction, store: Store, canonical: str, moment: datetime) -> None:
    """Let a transaction raise PersonErasedError if an e-mail was erased since `moment`.

    Cost: 2 write units.
    """
    condition = Tombstone.pk.does_not_exist() | (Tombstone.erased_at < clock.format_timestamp(moment))
    write.check(Tombstone, _email(store, canonical), keys.TOMBSTONE, condition, PersonErasedError())


def keys_of_customers_in(store: Store, text: str) -> dict[str, tuple[str, str]]:
    """Return the ids of the customers in a text, with the keys of their erasures' tombstones."""
    return {found: (_customer(store, found), keys.TOMBSTONE) for found in sorted(set(_CUSTOMER_ID.findall(text)))}


def is_erased(store: Store, canonical: str) -> bool:
    """Return whether the owner of an e-mail was erased. Cost: 1 read unit."""
    return Tombstone.find(_email(store, canonical), keys.TOMBSTONE) is not None


def erased_among(store: Store, canonicals: Iterable[str]) -> frozenset[str]:
    """Return the erased ones of these e-mails.

    Read consistently: an erasure of a moment ago must not be undone by a replica that lags behind.

    Cost: 1 read unit each.
    """
    by_key = {_email(store, canonical): canonical for canonical in canonicals}
    tombstones = dynamodb.get_many([(pk, keys.TOMBSTONE) for pk in by_key], "pk", consistent=True)
    return frozenset(by_key[item["pk"]["S"]] for item in tombstones)


def erased_ids_among(store: Store, customer_ids: Sequence[str]) -> frozenset[str]:
    """Return the ids of erased customers among these. Half a read unit each."""
    by_key = {_customer(store, customer_id): customer_id for customer_id in customer_ids}
    found = dynamodb.get_many([(pk, keys.TOMBSTONE) for pk in by_key], "pk")
    return frozenset(by_key[item["pk"]["S"]] for item in found)


def find_pending(store: Store, customer_id: str) -> ErasingRecord | None:
    """Return a customer's unfinished erasure, or None. Cost: 1 read unit."""
    return ErasingRecord.find(keys.customer(store.id, customer_id), keys.ERASING)


def _tombstone(pk: str, erasure_id: str, now: datetime) -> Tombstone:
    return Tombstone(pk, keys.TOMBSTONE, erased_at=clock.format_timestamp(now), erasure_id=erasure_id)


def _email(store: Store, canonical: str) -> str:
    return keys.erased(store.id, permanent_hash("email", canonical))


def _customer(store: Store, customer_id: str) -> str:
    return keys.erased(store.id, permanent_hash("customer", customer_id))
