"""The one mail to a customer for whom an order, or an import that asks for it, has opened an account."""

from datetime import datetime, timedelta
from typing import NamedTuple

from clientela.customers import customers, mailability
from clientela.customers.customer_fields import Customer
from clientela.errors import CustomerNotFoundError, StoreNotFoundError
from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import Mail
from clientela.stores import store_urls, stores
from clientela.stores.stores import Store
from clientela.table import attributes, keys
from clientela.table.stream import TableChange

RETENTION = timedelta(days=30)  # longer than any queue keeps the message


class Newcomer(NamedTuple):
    """Who is to be welcomed."""

    store_id: str
    customer_id: str


def recipient_for(change: TableChange) -> Newcomer | None:
    """Whom a change of a profile asks to welcome. 1 read unit when the store is not at hand.

    A new account that an order has made, or an import with `send-welcome`, and only where the store welcomes anybody.
    """
    if change.sk != keys.PROFILE or change.before or not change.after or not _is_opened_for(change):
        return None
    newcomer = Newcomer(*keys.customer_of(change.pk))
    try:
        return newcomer if _welcomes(stores.get(newcomer.store_id)) else None
    except StoreNotFoundError:
        return None


def deliver(store: Store, customer_id: str, now: datetime) -> Outcome:
    """Welcome a customer, once. 3 read units, 2 write units, 1 call of SES."""
    about = keys.customer(store.id, customer_id)
    return mail_delivery.send_once(store, about, "welcome", now + RETENTION, now, lambda: _outgoing(store, customer_id))


def _is_opened_for(change: TableChange) -> bool:
    profile = change.after or {}
    return "welcome" in profile or attributes.load_raw(profile["customer"]).get("source") == "order"


def _welcomes(store: Store) -> bool:
    return store.welcome_mail and store.login_mode != "disabled"


def _outgoing(store: Store, customer_id: str) -> Outgoing | None:
    try:
        customer = customers.get(store, customer_id)
    except CustomerNotFoundError:
        return None
    if not _welcomes(store) or not mailability.reachable(customer):
        return None
    return Outgoing(customer.email, customer.language, welcome_mail(store, customer))


def welcome_mail(store: Store, customer: Customer) -> Mail:
    """Tell a customer of the account that their first order has opened."""
    return Mail("welcome", {"link": store_urls.sign_in_url(store), "name": customer.first_name or customer.name})
