"""A customer's password: an item of its own, so that no profile, list, export or history can show its hash.

It counts for the e-mail with which it was set: `proven_email` is empty where an import brought it, for whoever chose it in
another shop may not own the mailbox. Such a password opens a session that sees nothing of the orders, and is gone as
soon as the mailbox's owner signs in by a mail.
"""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints
from pynamodb.attributes import UnicodeAttribute

from clientela import clock
from clientela.customers import customer_history, customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_history import Actor
from clientela.customers.customer_records import CustomerRecord
from clientela.errors import BusyError, CustomerNotFoundError, FieldError, InvalidInputError
from clientela.mail import mail_queue
from clientela.schema import email_addresses
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.sign_in import password_hashes, sessions, sign_in_limits
from clientela.sign_in.sessions import Session
from clientela.sign_in.sign_in_errors import (
    CredentialsWrongError,
    FreshSignInNeededError,
    LoginDisabledError,
    SessionInvalidError,
)
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.records import Record
from clientela.table.transactions import Transaction

MIN_LENGTH = 8  # NIST SP 800-63B section 3.1.1.2, with a list of common ones and no rules of composition
ATTEMPTS = 10  # of a change that meets others of the same customer

# Blanks at its ends are part of a password.
Password = Annotated[
    str, StringConstraints(min_length=1, max_length=256, strip_whitespace=False),
    Field(json_schema_extra={"format": "password"}),
]  # fmt: skip


class PasswordState(Model):
    """Whether there is a password, and whether changing it takes the current one."""

    is_set: bool
    changed_at: Timestamp | None = None
    current_password_needed: bool


class PasswordRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `PASSWORD`."""

    hash = UnicodeAttribute()
    proven_email = UnicodeAttribute(null=True)  # canonical
    changed_at = UnicodeAttribute()


def require_enabled(store: Store) -> None:
    """Raise LoginDisabledError where the store has no sign-in, or none by password."""
    if store.login_mode == "disabled":
        raise LoginDisabledError
    if not store.password_sign_in:
        raise LoginDisabledError("There is no sign-in by password here: ask for a link.")


def find(store: Store, customer_id: str) -> PasswordRecord | None:
    """The customer's password. 1 read unit."""
    return PasswordRecord.find(keys.customer(store.id, customer_id), keys.PASSWORD)


def state(store: Store, customer: Customer, session: Session, now: datetime) -> PasswordState:
    """What the owner may know of the password. 1 read unit."""
    record = find(store, customer.id)
    changed_at = datetime.fromisoformat(record.changed_at) if record else None
    needed = record is not None and not sessions.is_fresh(session, now)
    return PasswordState(is_set=record is not None, changed_at=changed_at, current_password_needed=needed)


def change(
    store: Store, customer: Customer, session: Session, password: str, current: str | None, now: datetime
) -> None:
    """Set or change the password of a signed-in customer, end all other sessions, and tell the customer by mail.

    The current one is needed where there is one, unless the session was opened by a mail within the last minutes.
    LoginDisabledError, InvalidInputError, CredentialsWrongError, TooManyRequestsError. 4 read units; 14 write units, 22
    for a customer with orders, 2 for each session that ends, 2 to 3 where the current one is looked at; 1 message.
    """
    require_enabled(store)
    _require_good(store, customer, password)
    known = find(store, customer.id)
    if known and not sessions.is_fresh(session, now):
        _require_current(store, customer, known, current, now)
    _replace(store, customer, session, known, password_hashes.hash_password(password), now)


def remove(store: Store, customer: Customer, session: Session, now: datetime) -> None:
    """Remove the password, as `change` changes it. FreshSignInNeededError: the mail is the only way in from then on.

    Nothing is done where there is none.
    """
    known = find(store, customer.id)
    if known and not sessions.is_fresh(session, now):
        raise FreshSignInNeededError
    _replace(store, customer, session, known, None, now)


def adopt(store: Store, customer_id: str, text: str, now: datetime) -> None:
    """Keep another shop's hash, which proves no e-mail; not where there is a password, or the e-mail is proven already.

    BusyError where others keep changing the customer. 1 read unit, 4 write units.
    """
    for _ in range(ATTEMPTS):
        try:
            customer = customers.get(store, customer_id)
        except CustomerNotFoundError:
            return
        if customer.email_status == "proven":
            return
        try:
            with Transaction() as write:
                is_same = CustomerRecord.version == customer.version
                write.put_record(
                    _record(store, customer, text, None, now), PasswordRecord.pk.does_not_exist(), _IsSetError()
                )
                write.check(CustomerRecord, keys.customer(store.id, customer.id), keys.PROFILE, is_same, BusyError())
        except BusyError:
            continue
        except _IsSetError:
            return
        return
    raise BusyError


class _IsSetError(Exception):
    pass


def drop_unproven(write: Transaction, store: Store, customer: Customer) -> None:
    """Delete a password that was not set for this e-mail, as part of the transaction that proves it. 1 read unit."""
    record = find(store, customer.id)
    if record and record.proven_email != email_addresses.canonical(customer.email):
        write.delete(record)


def follow_email(write: Transaction, store: Store, before: Customer, after: Customer) -> None:
    """Let a password that was set for the old e-mail count for the new one, which the same person has proven. 1 read unit."""
    record = find(store, before.id)
    if record and record.proven_email == email_addresses.canonical(before.email):
        write.update(record, [PasswordRecord.proven_email.set(email_addresses.canonical(after.email))])
    elif record:
        write.delete(record)


def drop(write: Transaction, store: Store, customer: Customer) -> None:
    """Delete the password, whoever has set it, as part of a transaction. 1 read unit."""
    record = find(store, customer.id)
    if record:
        write.delete(record)


def _replace(
    store: Store, customer: Customer, session: Session, known: PasswordRecord | None, made: str | None, now: datetime
) -> None:
    for _ in range(ATTEMPTS):
        before, record = customers.get(store, customer.id), find(store, customer.id)
        if before.email != customer.email or (record and record.hash) != (known and known.hash):
            raise SessionInvalidError  # by the change that overtook this one
        if record is None and made is None:
            return None
        try:
            return _write(store, before, record, session, made, now)
        except BusyError:
            continue
    raise BusyError


def _write(
    store: Store, before: Customer, record: PasswordRecord | None, session: Session, made: str | None, now: datetime
) -> None:
    after = before.model_copy(update={"version": before.version + 1, "updated_at": now})
    # Before the change, and late: where it does not come about, there is nothing to tell when the message is read.
    mail_queue.put_later("password_changed", store.id, customer_id=after.id, version=str(after.version))
    with Transaction() as write:
        after = customers.replace(write, store, before, after, Actor("customer", after.id))
        kind: customer_history.EntryType = "password_updated" if made else "password_removed"
        customer_history.add_entry(write, store, after, kind, Actor("customer", after.id))
        sessions.end_others(write, store, before, after, session)
        if made:
            kept = record.proven_email if record else None
            proven = email_addresses.canonical(after.email) if session.email_proven else kept
            write.put_record(_record(store, after, made, proven, now))
        elif record:
            write.delete(record)


def _record(store: Store, customer: Customer, made: str, proven_email: str | None, now: datetime) -> PasswordRecord:
    key = keys.customer(store.id, customer.id), keys.PASSWORD
    return PasswordRecord(*key, hash=made, proven_email=proven_email, changed_at=clock.format_timestamp(now))


def _require_current(
    store: Store, customer: Customer, known: PasswordRecord, current: str | None, now: datetime
) -> None:
    if current is None:
        raise InvalidInputError(fields=[FieldError("/current_password", "is needed, or a fresh sign-in by mail")])
    sign_in_limits.limit_guesses(store, email_addresses.canonical(customer.email), now)
    if not password_hashes.verify(known.hash, current):
        raise CredentialsWrongError


def _require_good(store: Store, customer: Customer, password: str) -> None:
    """Raise InvalidInputError for a password that is among the first that anybody would try."""
    email, kept = email_addresses.canonical(customer.email), password_hashes.normalize(password)
    names = (email, email.partition("@")[0], store.name, store.id, customer.name or "")
    complaint = None
    if len(kept) < MIN_LENGTH:
        complaint = f"must have at least {MIN_LENGTH} characters"
    elif kept.casefold() in _common():
        complaint = "is one of the most common passwords"
    elif kept.casefold() in {password_hashes.normalize(name).casefold() for name in names}:
        complaint = "is your name, your e-mail or the store's name"
    if complaint:
        raise InvalidInputError("Choose another password.", fields=[FieldError("/password", complaint)])


@cache
def _common() -> frozenset[str]:
    """The 3,000 most common passwords that are long enough: all others of the top 3,000 are too short already."""
    return frozenset((Path(__file__).parent / "common_passwords.txt").read_text("utf-8").split())
