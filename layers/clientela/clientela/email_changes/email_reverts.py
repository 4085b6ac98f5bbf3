"""The way back for an old address: a link in the notice that its account has another e-mail now, good for seven days.

It gives the address back whatever happened since, also where the e-mail was changed again: each change has its own
way back, and using one makes void all of later changes. So the address that had the account first has the last word.
"""

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock, ids
from clientela.customers import customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_history import Actor
from clientela.errors import BusyError, CustomerNotFoundError, EmailTakenError
from clientela.sign_in import passwords, sessions, sign_in_limits
from clientela.sign_in.sign_in_errors import LinkExpiredError, LinkUnknownError, LinkUsedError
from clientela.sign_in.visitors import Visitor
from clientela.signing import constant_time_equal, sha256_hex
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.records import Record
from clientela.table.transactions import Transaction

LIFETIME = timedelta(days=7)


class EmailRevertRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `EMAIL_REVERT#0000000007`: the way back from the change that made a version."""

    email = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    ttl = NumberAttribute()
    token_hash = UnicodeAttribute(null=True)  # written when the notice is made
    used_at = UnicodeAttribute(null=True)


def add(write: Transaction, store: Store, before: Customer, after: Customer, now: datetime) -> None:
    """Keep the old address, as part of the transaction that replaces it."""
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
    """A token for the notice, `01K…_7.<secret>`; None where there is no way back. Only its hash is kept. 1 write unit."""
    secret = ids.secret()
    record = EmailRevertRecord(keys.customer(store.id, customer_id), keys.email_revert(version))
    living = EmailRevertRecord.used_at.does_not_exist() & (EmailRevertRecord.expires_at > clock.format_timestamp(now))
    try:
        records.update(record, [EmailRevertRecord.token_hash.set(sha256_hex(secret))], living, LinkUsedError())
    except LinkUsedError:
        return None
    return f"{customer_id.removeprefix('cus_')}_{version}.{secret}"


def revert(store: Store, token: str, visitor: Visitor, now: datetime) -> Customer:
    """Give an account its old address back, and to nobody else: its sessions and its password end.

    LinkUnknownError, LinkUsedError, LinkExpiredError, TooManyRequestsError. EmailTakenError where another account has the
    address by now: then this one is disabled, so that nobody uses it until the store has decided. 5 read units; 22
    write units, 8 more for a customer with orders, 2 for each session; 1 message.
    """
    sign_in_limits.limit_attempts(visitor, now)
    customer_id, version, secret = _parts(token)
    record = EmailRevertRecord.find(keys.customer(store.id, customer_id), keys.email_revert(version))
    if record is None or not constant_time_equal(sha256_hex(secret), record.token_hash):
        raise LinkUnknownError
    if record.used_at:
        raise LinkUsedError
    if record.expires_at <= clock.format_timestamp(now):
        raise LinkExpiredError
    for _ in range(customers.ATTEMPTS):
        try:
            return _reverted(store, customers.get(store, customer_id), record, now)
        except CustomerNotFoundError:
            raise LinkUnknownError from None
        except EmailTakenError:
            if customers.find(store, record.email, now):
                _lock(store, customer_id, now)
                raise EmailTakenError(
                    "Another account has this address by now. Yours is locked: ask the store."
                ) from None
        except BusyError:
            continue
    raise BusyError


def _reverted(store: Store, before: Customer, record: EmailRevertRecord, now: datetime) -> Customer:
    after = before.model_copy(
        update={"email": record.email, "email_status": "proven", "version": before.version + 1, "updated_at": now}
    )
    with Transaction() as write:
        after = customers.replace(write, store, before, after, Actor("customer", after.id))
        sessions.end_others(write, store, before, after)
        passwords.drop(write, store, after)
        for later in _from(store, record):
            is_there = EmailRevertRecord.pk.exists()
            write.update(later, [EmailRevertRecord.used_at.set(clock.format_timestamp(now))], is_there, BusyError())
    return after


def _from(store: Store, record: EmailRevertRecord) -> list[EmailRevertRecord]:
    """This way back and those of later changes: as few as the limit of changes lets there be."""
    last = keys.email_revert(10**10 - 1)
    return EmailRevertRecord.list_between(record.pk, record.sk, last)


def _lock(store: Store, customer_id: str, now: datetime) -> None:
    def disabled(before: Customer) -> Customer:
        return before.model_copy(update={"status": "disabled"})

    customers.change(store, customer_id, disabled, now, Actor("customer", customer_id))


def _parts(token: str) -> tuple[str, int, str]:
    """Customer, version and secret of a token. LinkUnknownError."""
    named, _, secret = token.partition(".")
    customer, _, version = named.partition("_")
    if not (
        len(customer) == 26 and customer.isalnum() and version.isdecimal() and version.isascii() and len(version) < 10
    ):
        raise LinkUnknownError
    return f"cus_{customer}", int(version), secret
