"""Customers who get no mail, because their mails bounced for good or were reported as spam.

The stop is the customer's `email_status`. SES keeps a list of its own for the whole account, from
which a lifted address is removed too.
"""

from datetime import datetime
from typing import Literal

from clientela.aws import clients
from clientela.customers import customer_history, customer_search, customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.history_entries import HistoryEntry
from clientela.schema import email_addresses
from clientela.schema.actors import Actor
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Timestamp
from clientela.sign_in import sign_in_events
from clientela.stores.stores import Store
from clientela.table.pagination import Page

Reason = Literal["bounced", "complained"]
_STOPS: tuple[Reason, ...] = ("bounced", "complained")


class Suppression(Model):
    """A customer who gets no mail."""

    customer_id: str
    """The id of the customer. Example: cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    email: Email
    """The address that gets no mail."""
    reason: Reason
    """Whether a mail bounced for good, or was reported as spam."""
    detail: str | None = None
    """What the recipient's mail server reported; null if it is unknown or long ago. Example:
    permanent/general"""
    at: Timestamp | None = None
    """When it was reported; null if it is unknown or long ago."""


def page(store: Store, reason: Reason, limit: int = 50, cursor: str | None = None) -> Page[Suppression]:
    """Return a page of the customers who get no mail for this reason, newest customers first.

    Raises:
        InvalidInputError: the cursor belongs to another list.

    Cost: that of a page of the customers' list, and half a read unit for each customer.
    """
    filter_ = CustomerFilter(email_status=reason)
    found = customer_search.page(store, filter_=filter_, limit=limit, cursor=cursor)
    return Page([_suppression(store, each["id"], each["email"], reason) for each in found.items], found.next_cursor)


def lift(store: Store, customer_id: str, now: datetime, by: Actor) -> Customer:
    """Let a customer get mail again. A sign-in by link proves the address anew.

    Nothing is written if the customer gets mail already.

    Raises:
        CustomerNotFoundError: the store has no such customer.

    Cost: 1 read unit, 5 write units; 1 call of SES.
    """
    customer = customers.get(store, customer_id)
    if customer.email_status not in _STOPS:
        return customer
    _remove_from_list_of_ses(customer.email)
    return customers.change(store, customer_id, _lifted, now, by)


def lift_after_not_spam(store: Store, customer: Customer, canonical: str, now: datetime, by: Actor) -> bool:
    """Undo the stop of a report as spam that its reader took back; return whether there was one.

    Cost: 1 read unit; 5 write units and 1 call of SES if there was one.
    """
    before = _status_before_complaint(store, customer, now)

    def restored(current: Customer) -> Customer:
        is_meant = current.email_status == "complained" and email_addresses.canonical(current.email) == canonical
        return current.model_copy(update={"email_status": before}) if is_meant else current

    if restored(customer) == customer:
        return False
    if before not in _STOPS:
        _remove_from_list_of_ses(customer.email)
    return customers.change(store, customer.id, restored, now, by).email_status == before


def was_lifted_since(store: Store, customer: Customer, moment: datetime, now: datetime) -> bool:
    """Return whether a stop was lifted after a moment: later reports on earlier mails are void."""
    return any(
        entry.at > moment and change.before in _STOPS and change.after not in _STOPS
        for entry in _newest_entries(store, customer, now)
        for change in entry.changes
        if change.field == "email_status"
    )


def _lifted(customer: Customer) -> Customer:
    is_stopped = customer.email_status in _STOPS
    return customer.model_copy(update={"email_status": "unproven"}) if is_stopped else customer


def _status_before_complaint(store: Store, customer: Customer, now: datetime) -> str:
    changes = (
        change
        for entry in _newest_entries(store, customer, now)
        for change in entry.changes
        if change.field == "email_status" and change.after == "complained"
    )
    newest = next(changes, None)
    return str(newest.before) if newest else "unproven"


def _newest_entries(store: Store, customer: Customer, now: datetime) -> list[HistoryEntry]:
    return customer_history.page(store, customer, now, 50).items


def _suppression(store: Store, customer_id: str, email: str, reason: Reason) -> Suppression:
    event = sign_in_events.latest(store, email_addresses.canonical(email), reason)
    return Suppression(
        customer_id=customer_id,
        email=email,
        reason=reason,
        detail=event.reason if event else None,
        at=event.at if event else None,
    )


def _remove_from_list_of_ses(email: str) -> None:
    client = clients.ses()
    try:
        client.delete_suppressed_destination(EmailAddress=email_addresses.for_envelope(email))
    except client.exceptions.NotFoundException:
        return
