"""Sign-in by e-mail and password: one answer and the same work for everybody whose word is not good."""

from datetime import datetime
from typing import NamedTuple

from clientela.customers import customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_history import Actor
from clientela.customers.customer_records import CustomerRecord, EmailClaim
from clientela.errors import BusyError
from clientela.schema import email_addresses
from clientela.sign_in import password_hashes, passwords, sessions, sign_in_events, sign_in_limits
from clientela.sign_in.link_sign_in import SignedIn
from clientela.sign_in.passwords import PasswordRecord
from clientela.sign_in.sign_in_errors import CredentialsWrongError
from clientela.sign_in.visitors import Visitor
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.transactions import Transaction

NOBODY = "cus_00000000000000000000000000"  # whose items are looked for where an address has no account


class StoredCredentials(NamedTuple):
    """What the table knows of an address."""

    customer: Customer | None
    password: PasswordRecord | None


def sign_in(store: Store, email: str, password: str, visitor: Visitor, now: datetime) -> SignedIn:
    """Open a session by e-mail and password. LoginDisabledError, CredentialsWrongError, TooManyRequestsError.

    Nobody known, no password, disabled, wrong: each is the same error after the same calls and one hash. A hash from
    elsewhere takes longer than ours until its owner has signed in once: then it is replaced by ours. 3 read units,
    12 write units, 20 for a customer with orders, 2 for a hash that is replaced. What is refused: 1 write unit. Besides 3
    to 4 for the limits.
    """
    passwords.require_enabled(store)
    canonical = email_addresses.canonical(email)
    sign_in_limits.limit_attempts(visitor, now)
    with sign_in_events.record_limit_hits(store, canonical, "passwords", now):
        sign_in_limits.limit_guesses(store, canonical, now)
    for _ in range(customers.ATTEMPTS):
        known = _known(store, canonical)
        is_right = password_hashes.verify(known.password.hash if known.password else password_hashes.DUMMY, password)
        if not (known.customer and known.password and is_right) or known.customer.status == "disabled":
            reason = _reason(known, is_right=is_right)
            sign_in_events.record(store, canonical, "refused", now, reason=reason, device=visitor.device)
            raise CredentialsWrongError
        try:
            return _signed_in(store, known.customer, known.password, password, visitor, now)
        except BusyError:
            continue
    raise BusyError


def _known(store: Store, canonical: str) -> StoredCredentials:
    """The account of an address and its password, always by three reads."""
    claim = EmailClaim.find(keys.email(store.id, canonical), keys.CLAIM)
    holder = claim.customer_id if claim else NOBODY
    # Not by `customers.get`, which looks further where there is nobody.
    profile = CustomerRecord.find(keys.customer(store.id, holder), keys.PROFILE)
    # After the customer, whose version guards it: a password that is changed after this read was another version's.
    password = passwords.find(store, holder)
    if profile is None:
        return StoredCredentials(None, None)
    customer = profile.customer
    is_theirs = email_addresses.canonical(customer.email) == canonical
    # What an import brought is good until somebody proves the e-mail.
    is_good = password and (password.proven_email == canonical or customer.email_status != "proven")
    return StoredCredentials(customer, password if is_good else None) if is_theirs else StoredCredentials(None, None)


def _reason(known: StoredCredentials, *, is_right: bool) -> str:
    """What the merchant is told: the caller is not."""
    if known.customer is None:
        return "no_account"
    if known.password is None:
        return "no_password"
    return "account_disabled" if is_right else "credentials_wrong"


def _signed_in(
    store: Store, before: Customer, record: PasswordRecord, password: str, visitor: Visitor, now: datetime
) -> SignedIn:
    canonical = email_addresses.canonical(before.email)
    after = before.model_copy(
        update={"type": "registered", "last_sign_in_at": now, "updated_at": now, "version": before.version + 1}
    )
    with Transaction() as write:
        token, session = sessions.start(
            write, store, after, visitor.user_agent, now, way="password", email_proven=record.proven_email == canonical
        )
        # Who changes the password makes a new version, too: so this one was still good when the session came to be.
        after = customers.replace(write, store, before, after, Actor("customer", after.id))
        write.put_item(_used(store, canonical, visitor, now))
        if not password_hashes.is_own(record.hash):
            write.update(record, [PasswordRecord.hash.set(password_hashes.hash_password(password))])
    return SignedIn(token, session, after, None)


def _used(store: Store, canonical: str, visitor: Visitor, now: datetime) -> dynamodb.Item:
    return sign_in_events.item(store, canonical, "used", now, reason="password", device=visitor.device)
