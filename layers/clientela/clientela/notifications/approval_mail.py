"""The one mail to a customer whose account the merchant has approved, in whichever way: it follows from the change itself."""

from datetime import datetime, timedelta
from typing import NamedTuple

from clientela.customers import customers, mailability
from clientela.customers.customer_fields import Customer
from clientela.errors import CustomerNotFoundError
from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import Mail
from clientela.stores import store_urls
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.stream import TableChange

RETENTION = timedelta(days=30)  # longer than any queue keeps the message


class Approved(NamedTuple):
    """Who was approved."""

    store_id: str
    customer_id: str


def recipient_for(change: TableChange) -> Approved | None:
    """Whom a change of a profile has approved: who was pending and is active now."""
    if change.sk != keys.PROFILE:
        return None
    before, after = (item["status"]["S"] if item else None for item in (change.before, change.after))
    return Approved(*keys.customer_of(change.pk)) if (before, after) == ("pending", "active") else None


def deliver(store: Store, customer_id: str, now: datetime) -> Outcome:
    """Tell a customer that they may order now, once. 3 read units, 2 write units, 1 call of SES."""
    about = keys.customer(store.id, customer_id)
    return mail_delivery.send_once(
        store, about, "approved", now + RETENTION, now, lambda: _outgoing(store, customer_id)
    )


def _outgoing(store: Store, customer_id: str) -> Outgoing | None:
    try:
        customer = customers.get(store, customer_id)
    except CustomerNotFoundError:
        return None
    is_told = customer.status == "active" and store.login_mode != "disabled" and mailability.reachable(customer)
    return Outgoing(customer.email, customer.language, approved_mail(store, customer)) if is_told else None


def approved_mail(store: Store, customer: Customer) -> Mail:
    """Tell a customer that the merchant has approved their account."""
    return Mail("approved", {"link": store_urls.sign_in_url(store), "name": customer.first_name or customer.name})
