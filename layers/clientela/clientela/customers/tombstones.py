"""Those who were erased, known by a keyed hash of their e-mail or id alone: so that no import and no old order brings them back.

The key lies outside the table and is never rotated: under another one nobody would be recognised.
"""

from collections.abc import Iterable
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from clientela import clock
from clientela.signing import permanent_hash
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.records import Record
from clientela.table.transactions import Transaction


class PersonErasedError(Exception):
    """Who is about to be made was erased, after what tells of them was told."""


class Tombstone(Record):
    """`STORE#demo#ERASED#3f5a…` / `TOMBSTONE`: when somebody was erased, and under which certificate."""

    erased_at = UnicodeAttribute()
    erasure_id = UnicodeAttribute()


class ErasingRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `ERASING`: what is still to be done. The last of the customer's items to go."""

    erasure_id = UnicodeAttribute()
    erased_at = UnicodeAttribute()
    email = UnicodeAttribute()  # canonical


def for_email(store: Store, canonical: str, erasure_id: str, now: datetime) -> Tombstone:
    """The tombstone to put for an address."""
    return _tombstone(_email(store, canonical), erasure_id, now)


def for_customer(store: Store, customer_id: str, erasure_id: str, now: datetime) -> Tombstone:
    """The tombstone to put for a customer id: it leads who asks again to the certificate."""
    return _tombstone(_customer(store, customer_id), erasure_id, now)


def erasure_of(store: Store, customer_id: str) -> str | None:
    """The erasure of a customer, or None. 1 read unit."""
    found = Tombstone.find(_customer(store, customer_id), keys.TOMBSTONE)
    return found.erasure_id if found else None


def require_not_erased_since(write: Transaction, store: Store, canonical: str, moment: datetime) -> None:
    """Make a transaction raise PersonErasedError where an address was erased later than this moment. 2 write units."""
    since = Tombstone.pk.does_not_exist() | (Tombstone.erased_at <= clock.format_timestamp(moment))
    write.check(Tombstone, _email(store, canonical), keys.TOMBSTONE, since, PersonErasedError())


def is_erased(store: Store, canonical: str) -> bool:
    """Whether the owner of an address was erased, as of now. 1 read unit."""
    return Tombstone.find(_email(store, canonical), keys.TOMBSTONE) is not None


def erased_among(store: Store, canonicals: Iterable[str]) -> frozenset[str]:
    """Those of the addresses that were erased. Half a read unit each."""
    wanted = {_email(store, canonical): canonical for canonical in canonicals}
    found = dynamodb.get_many([(pk, keys.TOMBSTONE) for pk in wanted], "pk")
    return frozenset(wanted[item["pk"]["S"]] for item in found)


def find_pending(store: Store, customer_id: str) -> ErasingRecord | None:
    """What is still to be done of a customer's erasure, or None. 1 read unit."""
    return ErasingRecord.find(keys.customer(store.id, customer_id), keys.ERASING)


def _tombstone(pk: str, erasure_id: str, now: datetime) -> Tombstone:
    return Tombstone(pk, keys.TOMBSTONE, erased_at=clock.format_timestamp(now), erasure_id=erasure_id)


def _email(store: Store, canonical: str) -> str:
    return keys.erased(store.id, permanent_hash("email", canonical))


def _customer(store: Store, customer_id: str) -> str:
    return keys.erased(store.id, permanent_hash("customer", customer_id))
