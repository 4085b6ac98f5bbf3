"""A customer's password: an item of its own, so that no profile, list or export shows its hash.

A password is valid for the e-mail with which it was set. `proven_email` is empty for imported
passwords, because the person who set it in another shop may not own the mailbox. Such a password
opens a session that cannot see orders, and is deleted when the mailbox's owner signs in by mail.
"""

from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints
from pynamodb.attributes import UnicodeAttribute

from clientela import clock
from clientela.concurrency import retry_on_conflict
from clientela.customers import customer_history, customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import CustomerRecord
from clientela.customers.history_entries import EntryType
from clientela.errors import BusyError, FieldError, InvalidInputError
from clientela.mail import mail_queue
from clientela.schema import email_addresses
from clientela.schema.actors import Actor
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.sentences import Sentence
from clientela.sign_in import password_hashes, sessions
from clientela.sign_in.sessions import Session
from clientela.sign_in.sign_in_errors import LoginDisabledError, PasswordSignInDisabledError, SessionInvalidError
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.records import Record
from clientela.table.transactions import Transaction

MAX_LENGTH = 256
MIN_LENGTH = 8  # NIST SP 800-63B section 3.1.1.2: with a list of common passwords and no composition rules

# Leading and trailing spaces are part of a password.
Password = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_LENGTH, strip_whitespace=False),
    Field(json_schema_extra={"format": "password"}),
]


class PasswordState(Model):
    """Whether there is a password, and whether a change needs a new sign-in by link or code."""

    is_set: bool
    """Whether there is a password."""
    changed_at: Timestamp | None = None
    """When it was last set; null without one."""
    fresh_sign_in_needed: bool
    """Whether a change needs a new sign-in by link or code. Example: false"""


class PasswordRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `PASSWORD`."""

    hash = UnicodeAttribute()
    proven_email = UnicodeAttribute(null=True)  # canonical
    imported_at = UnicodeAttribute(null=True)  # when the file was uploaded that an import read it from
    changed_at = UnicodeAttribute()


def require_enabled(store: Store) -> None:
    """Raise LoginDisabledError without any sign-in, else PasswordSignInDisabledError."""
    if store.login_mode == "disabled":
        raise LoginDisabledError
    if not store.password_sign_in:
        raise PasswordSignInDisabledError("Request a link by e-mail.")


def find(store: Store, customer_id: str) -> PasswordRecord | None:
    """Return the customer's password, or None. 1 read unit."""
    return PasswordRecord.find(keys.customer(store.id, customer_id), keys.PASSWORD)


def state(store: Store, customer: Customer, session: Session, now: datetime) -> PasswordState:
    """Return what the owner may know about the password. 1 read unit."""
    record = find(store, customer.id)
    changed_at = datetime.fromisoformat(record.changed_at) if record else None
    needed = not sessions.is_fresh(session, now)
    return PasswordState(is_set=record is not None, changed_at=changed_at, fresh_sign_in_needed=needed)


def change(store: Store, customer: Customer, session: Session, password: str, now: datetime) -> None:
    """Set or change a signed-in customer's password, end all other sessions, and send a notice.

    Raises:
        LoginDisabledError, PasswordSignInDisabledError: the store has no sign-in by password.
        FreshSignInNeededError: no mail opened the session within the last minutes.
        InvalidInputError: the password is too weak.

    Cost: 4 read units; 14 write units, 22 for a customer with orders, 2 for each session that ends;
    1 message.
    """
    require_enabled(store)
    sessions.require_fresh(session, now)
    _require_good(store, customer, password)
    known = find(store, customer.id)
    _replace(store, customer, session, known, password_hashes.hash_password(password), now)


def remove(store: Store, customer: Customer, session: Session, now: datetime) -> None:
    """Remove the password, if any, with the consequences of `change` — FreshSignInNeededError.

    Also if the store has no sign-in by password any more. Afterwards the mail is the only way in.
    """
    sessions.require_fresh(session, now)
    _replace(store, customer, session, find(store, customer.id), None, now)


def adopt(store: Store, email: str, text: str, imported_at: datetime, now: datetime) -> bool:
    """Store an imported password, or another shop's hash of one, for the owner of an e-mail.

    `email` is canonical. Nothing is stored if the customer has another e-mail by now, has proven
    it, or has a password: of her own, or of a file that was uploaded at the same time or later.
    The password proves no e-mail. Return whether it was stored. Safe to repeat.

    Raises:
        BusyError: others keep changing the customer.

    Cost: 3 read units, 4 write units; 21 ms of CPU for a clear password.
    """
    stamp, hashed = clock.format_timestamp(imported_at), text if password_hashes.looks_like_hash(text) else ""

    def attempt() -> bool:
        nonlocal hashed
        customer = customers.find(store, email, now)
        # The former e-mail of a merged customer leads to another one, whose password stays.
        if customer is None or email_addresses.canonical(customer.email) != email or customer.email_status == "proven":
            return False
        known = find(store, customer.id)
        if known and (known.proven_email or not known.imported_at or known.imported_at >= stamp):
            return False
        hashed = hashed or password_hashes.hash_password(text)
        _put_imported(store, customer, hashed, stamp, now)
        return True

    with suppress(_IsSetError):
        return retry_on_conflict(attempt)
    return False


def _put_imported(store: Store, customer: Customer, hashed: str, stamp: str, now: datetime) -> None:
    """Write the password — _IsSetError, BusyError."""
    is_older = PasswordRecord.proven_email.does_not_exist() & (PasswordRecord.imported_at < stamp)
    is_same = CustomerRecord.version == customer.version
    record = _record(store, customer, hashed, None, now)
    record.imported_at = stamp
    with Transaction() as write:
        write.put_record(record, PasswordRecord.pk.does_not_exist() | is_older, _IsSetError())
        write.check(CustomerRecord, record.pk, keys.PROFILE, is_same, BusyError())


def imported_by(store: Store, customer_id: str, imported_at: datetime) -> PasswordRecord | None:
    """Return a customer's password if it is that of a file, uploaded at this time. 1 read unit."""
    known = find(store, customer_id)
    stamp = clock.format_timestamp(imported_at)
    return known if known and known.imported_at == stamp and not known.proven_email else None


def delete_imported(write: Transaction, password: PasswordRecord) -> None:
    """Delete an imported password in a transaction, which raises BusyError if it was changed."""
    is_same = PasswordRecord.proven_email.does_not_exist() & (PasswordRecord.imported_at == password.imported_at)
    write.delete(password, is_same, BusyError())


class _IsSetError(Exception):
    """The customer has got a password meanwhile."""


def drop_unproven(write: Transaction, store: Store, customer: Customer) -> None:
    """Delete a password that was not set for this e-mail, in the transaction that proves it.

    1 read unit.
    """
    record = find(store, customer.id)
    if record and record.proven_email != email_addresses.canonical(customer.email):
        write.delete(record)


def follow_email(write: Transaction, store: Store, before: Customer, after: Customer) -> None:
    """Make a password of the old e-mail valid for the new one, which the same person has proven.

    1 read unit.

    A password that was not set for the old e-mail is deleted.
    """
    record = find(store, before.id)
    if record and record.proven_email == email_addresses.canonical(before.email):
        write.update(record, [PasswordRecord.proven_email.set(email_addresses.canonical(after.email))])
    elif record:
        write.delete(record)


def drop(write: Transaction, store: Store, customer: Customer) -> None:
    """Delete the password as part of a transaction. 1 read unit."""
    record = find(store, customer.id)
    if record:
        write.delete(record)


def _replace(
    store: Store, customer: Customer, session: Session, old: PasswordRecord | None, new_hash: str | None, now: datetime
) -> None:
    def attempt() -> None:
        before, record = customers.get(store, customer.id), find(store, customer.id)
        if before.email != customer.email or (record and record.hash) != (old and old.hash):
            raise SessionInvalidError  # ended by the change that came first
        if record or new_hash:
            _write(store, before, record, session, new_hash, now)

    retry_on_conflict(attempt)


def _write(
    store: Store, before: Customer, record: PasswordRecord | None, session: Session, new_hash: str | None, now: datetime
) -> None:
    after = before.model_copy(update={"version": before.version + 1, "updated_at": now})
    # Before the change, with a delay: if the change fails, the mail's function finds no entry and
    # sends nothing.
    mail_queue.put_later("password_changed", store.id, customer_id=after.id, version=str(after.version))
    with Transaction() as write:
        after = customers.replace(write, store, before, after, Actor("customer", after.id))
        kind: EntryType = "password_updated" if new_hash else "password_removed"
        customer_history.add_entry(write, store, after, kind, Actor("customer", after.id))
        sessions.end_others(write, store, before, after, session)
        if new_hash:
            # A fresh session proves the e-mail.
            write.put_record(_record(store, after, new_hash, email_addresses.canonical(after.email), now))
        elif record:
            write.delete(record)


def _record(store: Store, customer: Customer, hash_: str, proven_email: str | None, now: datetime) -> PasswordRecord:
    key = keys.customer(store.id, customer.id), keys.PASSWORD
    return PasswordRecord(*key, hash=hash_, proven_email=proven_email, changed_at=clock.format_timestamp(now))


def _require_good(store: Store, customer: Customer, password: str) -> None:
    """Raise InvalidInputError for a password that is short or easy to guess."""
    email, normalized = email_addresses.canonical(customer.email), password_hashes.normalize(password)
    names = (email, email.partition("@")[0], store.name, store.id, customer.name or "")
    problem: str | None = None
    if len(normalized) < MIN_LENGTH:
        problem = Sentence("Use at least {min_length} characters.", min_length=MIN_LENGTH)
    elif normalized.casefold() in _common():
        problem = "This is one of the most common passwords."
    elif normalized.casefold() in {password_hashes.normalize(name).casefold() for name in names}:
        problem = "This is your name, your e-mail or the name of the store."
    if problem:
        raise InvalidInputError("Choose another password.", fields=[FieldError("/password", problem)])


@cache
def _common() -> frozenset[str]:
    """Return the 3,000 most common passwords of MIN_LENGTH characters or more."""
    return frozenset((Path(__file__).parent / "common_passwords.txt").read_text("utf-8").split())
