"""Sign-in by e-mail and password: the same response and the same work for every failed attempt."""

from datetime import datetime
from typing import NamedTuple

from clientela.concurrency import retry_on_conflict
from clientela.customers import customers, merged_ids, stored_customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import EmailClaim
from clientela.schema import email_addresses
from clientela.schema.actors import Actor
from clientela.sign_in import password_hashes, passwords, sessions, sign_in_events, sign_in_limits
from clientela.sign_in.link_sign_in import SignedIn
from clientela.sign_in.passwords import PasswordRecord
from clientela.sign_in.sign_in_errors import CredentialsWrongError
from clientela.sign_in.visitors import Visitor
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.transactions import Transaction

NOBODY = "cus_00000000000000000000000000"  # read if an address has no account


class StoredCredentials(NamedTuple):
    """The account of an address and its password, if it is valid."""

    customer: Customer | None
    password: PasswordRecord | None


def sign_in(store: Store, email: str, password: str, visitor: Visitor, now: datetime) -> SignedIn:
    """Open a session by e-mail and password.

    An imported hash takes longer than ours to check. The owner's first sign-in replaces it by ours.

    Raises:
        CredentialsWrongError: unknown or disabled account, no or wrong password: the same error
            after the same calls and one hash.
        LoginDisabledError, PasswordSignInDisabledError: the store has no sign-in by password.
        TooManyRequestsError: a limit of the network, the address or the store is reached.

    Cost: 5 read units; 12 write units, 20 for a customer with orders, 2 for a hash that is
    replaced; 4 write units if refused. In addition 3 to 4 write units for the limits.
    """
    passwords.require_enabled(store)
    canonical = email_addresses.canonical(email)
    sign_in_limits.limit_attempts(store, visitor, now)
    with sign_in_events.record_limit_hits(store, canonical, "passwords", now):
        sign_in_limits.limit_guesses(store, canonical, now)

    def attempt() -> SignedIn:
        stored = _read(store, canonical)
        is_right = password_hashes.verify(stored.password.hash if stored.password else password_hashes.DUMMY, password)
        if not (stored.customer and stored.password and is_right) or stored.customer.status == "disabled":
            reason = _reason(stored, is_right=is_right)
            sign_in_events.record_refused(store, canonical, "refused", now, reason=reason, device=visitor.device)
            raise CredentialsWrongError
        return _sign_in(store, stored.customer, stored.password, password, visitor, now)

    return retry_on_conflict(attempt)


def _read(store: Store, canonical: str) -> StoredCredentials:
    """Return the account of an address and its password, always with four reads.

    A former e-mail leads to no account here if the customer who got it was merged twice since.
    The link still does.
    """
    claim = EmailClaim.find(keys.email(store.id, canonical), keys.CLAIM)
    customer_id = merged_ids.next_of(store, claim.customer_id if claim else NOBODY)
    # Not by `customers.get`, which reads once more if there is no customer.
    profile = dynamodb.get(keys.customer(store.id, customer_id), keys.PROFILE)
    # Read after the customer: a later change of the password makes a new version of the customer.
    password = passwords.find(store, customer_id)
    if profile is None:
        return StoredCredentials(None, None)
    customer = stored_customers.load(profile)
    if claim is None or not customers.leads_to(claim, customer):
        return StoredCredentials(None, None)
    # An imported password is valid until the e-mail is proven.
    is_proven = password and password.proven_email == email_addresses.canonical(customer.email)
    return StoredCredentials(customer, password if is_proven or customer.email_status != "proven" else None)


def _reason(stored: StoredCredentials, *, is_right: bool) -> str:
    """Return the reason for the sign-in event, which only the merchant sees."""
    if stored.customer is None:
        return "no_account"
    if stored.password is None:
        return "no_password"
    return "account_disabled" if is_right else "credentials_wrong"


def _sign_in(
    store: Store, before: Customer, record: PasswordRecord, password: str, visitor: Visitor, now: datetime
) -> SignedIn:
    canonical = email_addresses.canonical(before.email)
    after = before.model_copy(
        update={"type": "registered", "last_sign_in_at": now, "updated_at": now, "version": before.version + 1}
    )
    with Transaction() as write:
        token, session = sessions.start(
            write,
            store,
            after,
            visitor.user_agent,
            now,
            way="password",
            email_proven=record.proven_email == canonical,
            before=before,
        )
        # A change of the password makes a new version, too: so this password was valid when the
        # session started.
        after = customers.replace(write, store, before, after, Actor("customer", after.id))
        write.put_item(_used_event(store, canonical, visitor, now))
        if not password_hashes.is_own(record.hash):
            write.update(record, [PasswordRecord.hash.set(password_hashes.hash_password(password))])
    return SignedIn(token, session, after, None)


def _used_event(store: Store, canonical: str, visitor: Visitor, now: datetime) -> dynamodb.Item:
    return sign_in_events.item(store, canonical, "used", now, reason="password", device=visitor.device)
