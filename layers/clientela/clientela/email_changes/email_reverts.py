"""Reverts of an e-mail change: for 7 days a link in the notice restores the old address.

The link works regardless of later changes, even if the e-mail was changed again. Each change has
its own revert, and using one makes those of all later changes void. So the earliest address
prevails.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock, ids
from clientela.concurrency import retry_on_conflict
from clientela.customers import customers
from clientela.customers.customer_fields import Customer
from clientela.errors import BusyError, CustomerNotFoundError, EmailTakenError
from clientela.schema.actors import Actor
from clientela.sign_in import mailed_proofs, passwords, sessions, sign_in_limits
from clientela.sign_in.sign_in_errors import LinkExpiredError, LinkUnknownError, LinkUsedError
from clientela.sign_in.visitors import Visitor
from clientela.signing import constant_time_equal, sha256_hex
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.records import Record
from clientela.table.transactions import Transaction

LIFETIME = timedelta(days=7)
type Join = Callable[[str, str], object]  # merges the customer of the first id into that of the second


class EmailRevertRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `EMAIL_REVERT#0000000007`: reverts version 7's change."""

    email = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    ttl = NumberAttribute()
    token_hash = UnicodeAttribute(null=True)  # written with the notice
    used_at = UnicodeAttribute(null=True)


def add(write: Transaction, store: Store, before: Customer, after: Customer, now: datetime) -> None:
    """Store the old address for a revert, in the transaction that replaces it."""
    write.put_record(
        EmailRevertRecord(
            keys.customer(store.id, after.id),
            keys.email_revert(after.version),
            email=before.email,
            expires_at=clock.format_timestamp(now + LIFETIME),
            ttl=int((now + LIFETIME).timestamp()),
        )
    )


def new_token(store: Store, customer_id: str, version: int, now: datetime) -> str | None:
    """Return a token for the notice, `01K…_7.<secret>`, or None if this change has no revert.

    Only the secret's hash is stored. Cost: 1 write unit.
    """
    secret = ids.secret()
    record = EmailRevertRecord(keys.customer(store.id, customer_id), keys.email_revert(version))
    is_open = EmailRevertRecord.used_at.does_not_exist() & (EmailRevertRecord.expires_at > clock.format_timestamp(now))
    try:
        records.update(record, [EmailRevertRecord.token_hash.set(sha256_hex(secret))], is_open, LinkUsedError())
    except LinkUsedError:
        return None
    return f"{customer_id.removeprefix('cus_')}_{version}.{secret}"


def revert(store: Store, token: str, visitor: Visitor, now: datetime, join: Join) -> Customer:
    """Give an account its old address back, and end all its sessions and its password.

    If an order at the old address has made a guest meanwhile, `join` merges that guest into the
    account: both belong to the owner of the address, who has this token.

    Raises:
        LinkUnknownError, LinkUsedError, LinkExpiredError: the token is wrong or void.
        TooManyRequestsError: the network tried too often.
        EmailTakenError: another account, of somebody who has signed in or whom the merchant made,
            has the address. This account is disabled, so that nobody uses it until the store
            decides.
        BusyError: `join` ran out of time; the same request continues.

    Cost: 5 read units; 24 write units, 6 more for a customer with orders, 2 for each session.
    """
    sign_in_limits.limit_attempts(store, visitor, now)
    customer_id, version, secret = _parse_token(token)
    record = EmailRevertRecord.find(keys.customer(store.id, customer_id), keys.email_revert(version))
    if record is None or not constant_time_equal(sha256_hex(secret), record.token_hash):
        raise LinkUnknownError
    if record.used_at:
        raise LinkUsedError
    if record.expires_at <= clock.format_timestamp(now):
        raise LinkExpiredError

    def attempt() -> Customer:
        try:
            return _revert(store, customers.get(store, customer_id), record, now)
        except CustomerNotFoundError:
            raise LinkUnknownError from None
        except EmailTakenError:
            owner = customers.find(store, record.email, now)
            if owner is None:
                raise BusyError from None  # the claim was void, and is gone now
            if _is_made_by_order(owner):
                join(owner.id, customer_id)
                raise BusyError from None  # the address leads to this account now
            _disable(store, customer_id, now)
            raise EmailTakenError("Another account has this address now. Yours is locked: ask the store.") from None

    return retry_on_conflict(attempt)


def _is_made_by_order(owner: Customer) -> bool:
    """Return whether an order made the account and nobody has used it."""
    is_used = owner.email_status == "proven" or owner.last_sign_in_at is not None
    return (owner.source, owner.type) == ("order", "guest") and not is_used


def _revert(store: Store, before: Customer, record: EmailRevertRecord, now: datetime) -> Customer:
    after = before.model_copy(
        update={"email": record.email, "email_status": "proven", "version": before.version + 1, "updated_at": now}
    )
    with Transaction() as write:
        after = customers.replace(write, store, before, after, Actor("customer", after.id))
        sessions.end_others(write, store, before, after)
        passwords.drop(write, store, after)
        for later in _list_from(record):
            used = EmailRevertRecord.used_at.set(clock.format_timestamp(now))
            write.update(later, [used], EmailRevertRecord.pk.exists(), BusyError())
    return after


def _list_from(record: EmailRevertRecord) -> list[EmailRevertRecord]:
    """Return this revert and those of later changes: few, because changes are limited."""
    last = keys.email_revert(10**10 - 1)
    return EmailRevertRecord.list_between(record.pk, record.sk, last)


def _disable(store: Store, customer_id: str, now: datetime) -> None:
    def disable(before: Customer) -> Customer:
        return before.model_copy(update={"status": "disabled"})

    customers.change(store, customer_id, disable, now, Actor("customer", customer_id))


def _parse_token(token: str) -> tuple[str, int, str]:
    """Return customer, version and secret of a token — LinkUnknownError."""
    revert_id, secret = mailed_proofs.parse_token(token)
    customer, _, version = revert_id.partition("_")
    is_customer = len(customer) == 26 and customer.isalnum()
    if not (is_customer and version.isdecimal() and version.isascii() and len(version) < 10):
        raise LinkUnknownError
    return f"cus_{customer}", int(version), secret
