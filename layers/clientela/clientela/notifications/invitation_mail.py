"""The mail that invites a customer whom the merchant has created or imported."""

from datetime import datetime, timedelta

from clientela.customers import customers, mailability
from clientela.customers.customer_fields import Customer
from clientela.errors import CustomerNotFoundError
from clientela.mail import mail_delivery, mail_values
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import MailContent
from clientela.stores import store_urls
from clientela.stores.stores import Store
from clientela.table import keys

RETENTION = timedelta(days=30)  # longer than the queue's retention


def deliver(store: Store, customer_id: str, reference: str, now: datetime) -> Outcome:
    """Invite a customer, once for each reference. 3 read units, 2 write units, 1 call of SES."""
    about = keys.customer(store.id, customer_id)
    name = f"invitation#{reference}"
    return mail_delivery.send_once(store, about, name, now + RETENTION, now, lambda: _outgoing(store, customer_id))


def _outgoing(store: Store, customer_id: str) -> Outgoing | None:
    try:
        customer = customers.get(store, customer_id)
    except CustomerNotFoundError:
        return None
    if store.login_mode == "disabled" or not mailability.reachable(customer):
        return None
    return Outgoing(customer.email, customer.language, invitation_mail(store, customer))


def invitation_mail(store: Store, customer: Customer) -> MailContent:
    """Return the mail that invites a customer. It says nothing of an order."""
    name = mail_values.greetable(customer.first_name or customer.name)
    return MailContent("invitation", {"link": store_urls.sign_in_url(store), "name": name})
