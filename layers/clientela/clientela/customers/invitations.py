"""Invitations: a mail that asks a customer to use the account that the merchant has made.

An invitation is an item of the customer. The mail follows from it by the table's stream.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock
from clientela.customers import customers, mailability
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import CustomerRecord
from clientela.errors import CustomerNotFoundError, InvitationRefusedError
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.sentences import Sentence
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.records import Record
from clientela.table.stream import TableChange
from clientela.table.transactions import Transaction

RETENTION = timedelta(days=30)


class Invitation(Model):
    """An invitation, whose mail is on its way."""

    customer_id: str
    """The id of the customer. Example: cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    email: Email
    """The address to which the mail goes."""


class InvitationRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `INVITATION#2026-11-21T10`."""

    at = UnicodeAttribute()
    ttl = NumberAttribute()


class Invited(NamedTuple):
    """An invitation to mail."""

    store_id: str
    customer_id: str
    reference: str


class _RepeatedError(Exception):
    """The customer was invited under this reference before."""


def invite(store: Store, customer_id: str, now: datetime, reference: str | None = None) -> Invitation:
    """Invite a customer by mail: once for a reference, without one at most once an hour.

    Raises:
        CustomerNotFoundError: there is no such customer.
        InvitationRefusedError: the customer cannot sign in or cannot receive mail.

    Cost: 1 read unit, 4 write units; 1 mail.
    """
    customer = customers.get(store, customer_id)
    require_invitable(store, customer)
    pk, sk = keys.customer(store.id, customer.id), keys.invitation(reference or f"{now:%Y-%m-%dT%H}")
    ends = int((now + RETENTION).timestamp())
    with suppress(_RepeatedError), Transaction() as write:
        # Else an erasure at the same time would miss the invitation.
        write.check(CustomerRecord, pk, keys.PROFILE, CustomerRecord.pk.exists(), CustomerNotFoundError())
        invitation = InvitationRecord(pk, sk, at=clock.format_timestamp(now), ttl=ends)
        write.put_record(invitation, InvitationRecord.pk.does_not_exist(), _RepeatedError())
    return Invitation(customer_id=customer.id, email=customer.email)


def require_invitable(store: Store, customer: Customer) -> None:
    """Raise InvitationRefusedError if the customer cannot sign in or cannot receive mail."""
    if store.login_mode == "disabled":
        raise InvitationRefusedError(Sentence("The store has no sign-in."))
    if not mailability.reachable(customer):
        raise InvitationRefusedError(Sentence("The customer is disabled or cannot receive mail."))


def invited_in(change: TableChange) -> Invited | None:
    """Return the invitation that a change of the table put, or None."""
    if change.before or not change.after or not change.sk.startswith(keys.INVITATION_PREFIX):
        return None
    return Invited(*keys.customer_of(change.pk), change.sk.removeprefix(keys.INVITATION_PREFIX))
