"""The mail to a customer whose account was approved.

It follows from the table's stream, so that every way to approve an account sends it.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from clientela.customers import customers, mailability
from clientela.customers.customer_fields import Customer
from clientela.errors import CustomerNotFoundError
from clientela.mail import mail_delivery, mail_values
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import MailContent
from clientela.stores import store_urls
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.stream import TableChange

RETENTION = timedelta(days=30)  # longer than the queue's retention


class ApprovalRecipient(NamedTuple):
    """A customer who was approved."""

    store_id: str
    customer_id: str


def recipient_for(change: TableChange) -> ApprovalRecipient | None:
    """Return the customer that a change has approved, from pending to active, or None."""
    if change.sk != keys.PROFILE:
        return None
    before, after = (item["status"]["S"] if item else None for item in (change.before, change.after))
    return ApprovalRecipient(*keys.customer_of(change.pk)) if (before, after) == ("pending", "active") else None


def deliver(store: Store, customer_id: str, now: datetime) -> Outcome:
    """Inform a customer once of the approval. 3 read units, 2 write units, 1 call of SES."""
    about = keys.customer(store.id, customer_id)
    return mail_delivery.send_once(
        store, about, "approved", now + RETENTION, now, lambda: _outgoing(store, customer_id)
    )


def _outgoing(store: Store, customer_id: str) -> Outgoing | None:
    try:
        customer = customers.get(store, customer_id)
    except CustomerNotFoundError:
        return None
    if customer.status != "active" or store.login_mode == "disabled" or not mailability.reachable(customer):
        return None
    return Outgoing(customer.email, customer.language, approved_mail(store, customer))


def approved_mail(store: Store, customer: Customer) -> MailContent:
    """Return the mail that informs a customer of the approval."""
    name = mail_values.greetable(customer.first_name or customer.name)
    return MailContent("approved", {"link": store_urls.sign_in_url(store), "name": name})
