"""Requests to change an account's e-mail: how one lies in the table, and why one is refused.

It lies with its customer, and only a session of that customer can use it: so a mail scanner that opens the link changes
nothing. Link and code are kept as the sign-in's are, under a purpose of their own.
"""

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela import clock, signing
from clientela.customers.customer_fields import Customer
from clientela.schema import email_addresses
from clientela.sign_in.sign_in_errors import (
    CodeLockedError,
    CodeWrongError,
    LinkExpiredError,
    LinkUnknownError,
    LinkUsedError,
)
from clientela.signing import constant_time_equal, sha256_hex
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.records import Record

LIFETIME = timedelta(minutes=10)
MAX_TRIES = 5  # codes that are looked at
_CODE = "email-change-code"


class EmailChangeRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `EMAIL_CHANGE#emc_01K…`."""

    email = UnicodeAttribute()  # as it was typed
    canonical = UnicodeAttribute()
    from_email = UnicodeAttribute()  # canonical: with another e-mail meanwhile, the request is void
    language = UnicodeAttribute(null=True)
    expires_at = UnicodeAttribute()
    ttl = NumberAttribute()
    tries = NumberAttribute(default=0)
    token_hash = UnicodeAttribute(null=True)
    code_hash = UnicodeAttribute(null=True)
    consumed_at = UnicodeAttribute(null=True)


def find(store: Store, customer_id: str, change_id: str) -> EmailChangeRecord | None:
    """The request, as it is now. 1 read unit."""
    return EmailChangeRecord.find(keys.customer(store.id, customer_id), keys.email_change(change_id))


def store_hashes(request: EmailChangeRecord, change_id: str, secret: str, code: str, now: datetime) -> None:
    """Make the request's link and code those of the mail about to go out. LinkUsedError where it is too late. 1 write unit."""
    hashes: list[Action] = [
        EmailChangeRecord.token_hash.set(sha256_hex(secret)),
        EmailChangeRecord.code_hash.set(signing.keyed_hash(_CODE, change_id + code)),
    ]
    records.update(request, hashes, is_open(now), LinkUsedError())


def require_proven(
    request: EmailChangeRecord, change_id: str, secret: str | None, code: str | None, now: datetime
) -> None:
    """Raise LinkUnknownError, CodeWrongError or CodeLockedError unless the link's secret or the code is the mail's.

    A code is counted before it is looked at: 1 write unit.
    """
    if secret is not None:
        if not constant_time_equal(sha256_hex(secret), request.token_hash):
            raise LinkUnknownError
        return
    _count_try(request)
    if not signing.is_keyed_hash(_CODE, change_id + (code or ""), request.code_hash):
        raise CodeWrongError


def require_open(request: EmailChangeRecord, customer: Customer, now: datetime) -> None:
    """Raise LinkUsedError or LinkExpiredError unless the request can still be used."""
    if request.consumed_at or request.from_email != email_addresses.canonical(customer.email):
        raise LinkUsedError
    if request.expires_at <= clock.format_timestamp(now):
        raise LinkExpiredError


def is_open(now: datetime) -> Condition:
    """The condition of a request that can still be used. Its end is part of it: TTL deletes only within days."""
    in_time = EmailChangeRecord.expires_at > clock.format_timestamp(now)
    condition: Condition = EmailChangeRecord.pk.exists() & EmailChangeRecord.consumed_at.does_not_exist() & in_time
    return condition


def _count_try(request: EmailChangeRecord) -> None:
    is_left = EmailChangeRecord.pk.exists() & (EmailChangeRecord.tries < MAX_TRIES)
    records.update(request, [EmailChangeRecord.tries.add(1)], is_left, CodeLockedError())
