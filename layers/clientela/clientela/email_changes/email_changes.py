"""Changing the e-mail of one's own account: asked for in a session, proven at the new address, undone from the old one."""

from dataclasses import dataclass
from datetime import datetime

from clientela import clock, ids
from clientela.customers import customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_history import Actor
from clientela.email_changes import email_change_requests, email_reverts
from clientela.email_changes.email_change_requests import LIFETIME, EmailChangeRecord
from clientela.errors import BusyError, EmailTakenError, FieldError, InvalidInputError
from clientela.mail import mail_queue
from clientela.schema import email_addresses
from clientela.sign_in import passwords, sessions, sign_in_limits
from clientela.sign_in.sessions import Session
from clientela.sign_in.sign_in_errors import LinkUnknownError
from clientela.sign_in.sign_in_limits import RESEND_AFTER
from clientela.sign_in.visitors import Visitor
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.transactions import Transaction


@dataclass(frozen=True)
class EmailChange:
    """What the page keeps until the mail arrives. `resend_after` is in seconds."""

    request_id: str
    expires_at: datetime
    resend_after: int = RESEND_AFTER


def request(
    store: Store, customer: Customer, email: str, language: str | None, visitor: Visitor, now: datetime
) -> EmailChange:
    """Ask for a mail to the new address. InvalidInputError, TooManyRequestsError.

    The work and the answer do not depend on whether the address has an account: who has the mailbox is told there.
    5 write units, 9 where customer, address and network asked before; 1 message.
    """
    canonical, current = email_addresses.canonical(email), email_addresses.canonical(customer.email)
    if canonical == current:
        raise InvalidInputError(fields=[FieldError("/email", "is your e-mail already")])
    if not email_addresses.is_mailable(canonical):
        raise InvalidInputError(fields=[FieldError("/email", "can get no mail: it has other letters before the @")])
    sign_in_limits.limit_email_changes(store, customer.id, canonical, visitor, now)
    asked = EmailChange(ids.new("emc", now), now + LIFETIME)
    change = EmailChangeRecord(
        keys.customer(store.id, customer.id),
        keys.email_change(asked.request_id),
        email=email,
        canonical=canonical,
        from_email=current,
        language=language or customer.language,
        expires_at=clock.format_timestamp(asked.expires_at),
        ttl=int(asked.expires_at.timestamp()),
    )
    records.put(change)
    mail_queue.put("email_change", store.id, customer_id=customer.id, change_id=asked.request_id)
    return asked


def confirm(
    store: Store,
    customer: Customer,
    session: Session,
    now: datetime,
    *,
    token: str | None = None,
    request_id: str | None = None,
    code: str | None = None,
) -> Customer:
    """Change the e-mail of a signed-in customer by the link's token (`<request_id>.<secret>`) or by request and code.

    One transaction moves the claim, proves the address, ends all other sessions and notes the way back for the old
    address, which is told by mail. Whoever repeats it after a lost answer gets the same one. LinkUnknownError,
    LinkUsedError, LinkExpiredError, CodeWrongError, CodeLockedError; EmailTakenError, which only the owner of both gets to
    see. 4 read units; 28 write units, 8 more for a customer with orders, 2 for each session that ends; 1 message.
    """
    named, _, secret = token.partition(".") if token is not None else (request_id or "", "", None)
    asked = email_change_requests.find(store, customer.id, named)
    if asked is None:
        raise LinkUnknownError
    email_change_requests.require_proven(asked, named, secret, code, now)
    if asked.consumed_at and asked.canonical == email_addresses.canonical(customer.email):
        return customer
    for _ in range(customers.ATTEMPTS):
        before = customers.get(store, customer.id)
        email_change_requests.require_open(asked, before, now)
        try:
            return _changed(store, before, asked, session, now)
        except EmailTakenError:
            if customers.find(store, asked.canonical, now):
                raise
        except BusyError:
            asked = email_change_requests.find(store, customer.id, named) or asked
    raise BusyError


def _changed(store: Store, before: Customer, asked: EmailChangeRecord, session: Session, now: datetime) -> Customer:
    after = before.model_copy(
        update={"email": asked.email, "email_status": "proven", "version": before.version + 1, "updated_at": now}
    )
    with Transaction() as write:
        after = customers.replace(write, store, before, after, Actor("customer", after.id))
        consumed = EmailChangeRecord.consumed_at.set(clock.format_timestamp(now))
        write.update(asked, [consumed], email_change_requests.is_open(now), BusyError())
        sessions.end_others(write, store, before, after, session)
        passwords.follow_email(write, store, before, after)
        email_reverts.add(write, store, before, after, now)
    return after
