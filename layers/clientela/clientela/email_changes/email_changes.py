"""Changing one's own e-mail: requested in a session, proven at the new address."""

from dataclasses import dataclass
from datetime import datetime

from clientela import clock, ids
from clientela.concurrency import retry_on_conflict
from clientela.customers import customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import CustomerRecord
from clientela.email_changes import email_change_requests, email_reverts
from clientela.email_changes.email_change_requests import EmailChangeRecord
from clientela.errors import BusyError, EmailTakenError, FieldError, InvalidInputError
from clientela.mail import mail_queue
from clientela.schema import email_addresses
from clientela.schema.actors import Actor
from clientela.sign_in import mailed_proofs, passwords, sessions, sign_in_limits
from clientela.sign_in.mailed_proofs import LIFETIME
from clientela.sign_in.sessions import Session
from clientela.sign_in.sign_in_errors import LinkUnknownError, SessionInvalidError
from clientela.sign_in.sign_in_limits import RESEND_AFTER
from clientela.sign_in.visitors import Visitor
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.transactions import Transaction


@dataclass(frozen=True)
class EmailChange:
    """A requested change, which the page keeps until the mail arrives.

    `resend_after` is in seconds.
    """

    request_id: str
    expires_at: datetime
    resend_after: int = RESEND_AFTER


def request(
    store: Store, customer: Customer, email: str, language: str | None, visitor: Visitor, now: datetime
) -> EmailChange:
    """Request a mail to the new address — InvalidInputError, TooManyRequestsError.

    SessionInvalidError: the customer was deleted at this moment.

    Work and response do not depend on whether the address has an account: only the mail says so.

    Cost: 10 write units, 14 if customer, address and network requested one before; 1 message.
    """
    canonical, current = email_addresses.canonical(email), email_addresses.canonical(customer.email)
    if canonical == current:
        raise InvalidInputError(fields=[FieldError("/email", "This is already your e-mail.")])
    if not email_addresses.is_mailable(canonical):
        raise InvalidInputError(
            fields=[
                FieldError(
                    "/email", "We cannot send mail to this address: before the @ there may only be ASCII characters."
                )
            ]
        )
    sign_in_limits.limit_email_changes(store, customer.id, canonical, visitor, now)
    change = EmailChange(ids.new("emc", now), now + LIFETIME)
    record = EmailChangeRecord(
        keys.customer(store.id, customer.id),
        keys.email_change(change.request_id),
        email=email,
        canonical=canonical,
        from_email=current,
        language=language or customer.language,
        expires_at=clock.format_timestamp(change.expires_at),
        ttl=int(change.expires_at.timestamp()),
    )
    is_customer = CustomerRecord.pk.exists()  # else an erasure at the same time would miss the request
    with Transaction() as write:
        write.check(CustomerRecord, record.pk, keys.PROFILE, is_customer, SessionInvalidError())
        write.put_record(record)
    mail_queue.put("email_change", store.id, customer_id=customer.id, change_id=change.request_id)
    return change


def confirm(
    store: Store,
    customer: Customer,
    session: Session,
    visitor: Visitor,
    now: datetime,
    *,
    token: str | None = None,
    request_id: str | None = None,
    code: str | None = None,
) -> Customer:
    """Change a signed-in customer's e-mail by the link's token, or by request and code.

    The token is `<request_id>.<secret>`. One transaction moves the claim, proves the address, ends
    all other sessions and keeps the old address, which is notified, for a revert. Repeated after a
    lost response, it returns the same customer.

    Raises:
        LinkUnknownError, LinkUsedError, LinkExpiredError, CodeWrongError, CodeLockedError:
            the proof is wrong or void.
        TooManyRequestsError: too many tries of the network, or guesses at the new address.
        EmailTakenError: another account has the address. Only the owner of both can get here.

    Cost: 4 read units; 31 write units, 6 more for a customer with orders, 2 for each session that
    ends. A code takes 3 to 4 more.
    """
    sign_in_limits.limit_attempts(store, visitor, now)
    change_id, secret = mailed_proofs.parse_token(token) if token is not None else (request_id or "", None)
    change = _get(store, customer.id, change_id)
    if secret is None:
        sign_in_limits.limit_guesses(store, change.canonical, now)
    email_change_requests.require_proven(change, change_id, secret, code)
    if change.consumed_at and change.canonical == email_addresses.canonical(customer.email):
        return customer

    def attempt() -> Customer:
        nonlocal change
        before = customers.get(store, customer.id)
        email_change_requests.require_open(change, before, now)
        try:
            return _change(store, before, change, session, now)
        except EmailTakenError:
            if customers.find(store, change.canonical, now):
                raise
            raise BusyError from None  # the claim was void, and is gone now
        except BusyError:
            change = _get(store, customer.id, change_id)
            raise

    return retry_on_conflict(attempt)


def _get(store: Store, customer_id: str, change_id: str) -> EmailChangeRecord:
    change = email_change_requests.find(store, customer_id, change_id)
    if change is None:
        raise LinkUnknownError
    return change


def _change(store: Store, before: Customer, change: EmailChangeRecord, session: Session, now: datetime) -> Customer:
    after = before.model_copy(
        update={"email": change.email, "email_status": "proven", "version": before.version + 1, "updated_at": now}
    )
    with Transaction() as write:
        after = customers.replace(write, store, before, after, Actor("customer", after.id))
        consumed = EmailChangeRecord.consumed_at.set(clock.format_timestamp(now))
        write.update(change, [consumed], mailed_proofs.is_open(now), BusyError())
        sessions.end_others(write, store, before, after, session)
        passwords.follow_email(write, store, before, after)
        email_reverts.add(write, store, before, after, now)
    return after
