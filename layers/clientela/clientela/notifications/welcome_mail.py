"""The mail to a customer whose account was opened by an order.

An import that asks for mails sends invitations instead: `invitation_mail`.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from clientela.customers import customers, mailability, stored_customers
from clientela.customers.customer_fields import Customer
from clientela.errors import CustomerNotFoundError, StoreNotFoundError
from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import MailContent
from clientela.stores import store_urls, stores
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.stream import TableChange

RETENTION = timedelta(days=30)  # longer than the queue's retention


class WelcomeRecipient(NamedTuple):
    """A new customer to welcome, or to invite if there was no order."""

    store_id: str
    customer_id: str
    has_ordered: bool


def recipient_for(change: TableChange) -> WelcomeRecipient | None:
    """Return the customer to welcome after a change, or None.

    That is a new customer from an order or from an import with `send-welcome`, if the store sends
    welcome mails. Who waits for approval is not welcomed yet: `waiting_mails`. 1 read unit if the
    store is not cached.
    """
    if change.sk != keys.PROFILE or change.before or not change.after or not _asks_for_welcome(change):
        return None
    has_ordered = stored_customers.load_raw(change.after).get("source") == "order"
    customer = WelcomeRecipient(*keys.customer_of(change.pk), has_ordered)
    try:
        return customer if _sends_welcome(stores.get(customer.store_id)) else None
    except StoreNotFoundError:
        return None


def deliver(store: Store, customer_id: str, now: datetime) -> Outcome:
    """Welcome a customer once. 3 read units, 2 write units, 1 call of SES."""
    about = keys.customer(store.id, customer_id)
    return mail_delivery.send_once(store, about, "welcome", now + RETENTION, now, lambda: _outgoing(store, customer_id))


def _asks_for_welcome(change: TableChange) -> bool:
    profile = change.after or {}
    if int(profile["version"]["N"]) > 1 or profile["status"]["S"] == "pending":
        return False  # a merged customer who is back, or one who may not order yet
    return "welcome" in profile or stored_customers.load_raw(profile).get("source") == "order"


def _sends_welcome(store: Store) -> bool:
    return store.welcome_mail and store.login_mode != "disabled"


def _outgoing(store: Store, customer_id: str) -> Outgoing | None:
    try:
        customer = customers.get(store, customer_id)
    except CustomerNotFoundError:
        return None
    if not _sends_welcome(store) or not mailability.reachable(customer):
        return None
    return Outgoing(customer.email, customer.language, welcome_mail(store, customer))


def welcome_mail(store: Store, customer: Customer) -> MailContent:
    """Return the mail that informs a customer of a new account."""
    name = customer.first_name or customer.name
    return MailContent("welcome", {"link": store_urls.sign_in_url(store), "name": name})
