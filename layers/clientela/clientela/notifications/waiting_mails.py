"""The mails about an account that waits for approval: to its owner, and to the merchant.

They follow from the table's stream, for accounts that were opened by a sign-up or an order, and for
imported ones if the import asks for mails.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from clientela.customers import customers, mailability, stored_customers
from clientela.customers.customer_fields import Customer
from clientela.errors import CustomerNotFoundError
from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import MailContent
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.stream import TableChange

RETENTION = timedelta(days=30)  # longer than the queue's retention
_OPENED_BY_OWNER = {"order", "sign_in"}


class WaitingCustomer(NamedTuple):
    """A new customer who waits for approval."""

    store_id: str
    customer_id: str
    is_own: bool  # whether the owner opened the account, so that the merchant does not know of it


def waiting_in(change: TableChange) -> WaitingCustomer | None:
    """Return the new customer who waits for approval after a change, or None."""
    profile = change.after
    if change.sk != keys.PROFILE or change.before or not profile or int(profile["version"]["N"]) > 1:
        return None
    is_own = stored_customers.load_raw(profile).get("source") in _OPENED_BY_OWNER
    if profile["status"]["S"] != "pending" or not (is_own or "welcome" in profile):
        return None
    return WaitingCustomer(*keys.customer_of(change.pk), is_own)


def tell_owner(store: Store, customer_id: str, now: datetime) -> Outcome:
    """Inform a customer once that the account waits. 3 read units, 2 write units, 1 call of SES."""

    def build() -> Outgoing | None:
        customer = _find_waiting(store, customer_id)
        if customer is None or store.login_mode == "disabled" or not mailability.reachable(customer):
            return None
        return Outgoing(customer.email, customer.language, waiting_mail())

    about = keys.customer(store.id, customer_id)
    return mail_delivery.send_once(store, about, "waiting", now + RETENTION, now, build)


def tell_merchant(store: Store, customer_id: str, now: datetime) -> Outcome:
    """Inform the store's notification address that somebody waits, at most once an hour.

    Cost: 1 read unit, 5 write units, 1 call of SES; 4 write units if the hour has its mail.
    """

    def build() -> Outgoing | None:
        customer = _find_waiting(store, customer_id)
        if customer is None or store.notification_email is None:
            return None
        return Outgoing(store.notification_email, store.language, approval_requested_mail(customer))

    name = f"approval_requested#{now:%Y-%m-%dT%H}"
    return mail_delivery.send_once(store, keys.store(store.id), name, now + RETENTION, now, build, keys.SETTINGS)


def _find_waiting(store: Store, customer_id: str) -> Customer | None:
    try:
        customer = customers.get(store, customer_id)
    except CustomerNotFoundError:
        return None
    return customer if customer.status == "pending" else None


def waiting_mail() -> MailContent:
    """Return the mail that informs an owner. It has no name: an unproven one may be anybody's."""
    return MailContent("waiting", {})


def approval_requested_mail(customer: Customer) -> MailContent:
    """Return the mail that informs the merchant of the first customer who waits in this hour."""
    return MailContent("approval_requested", {"email": customer.email})
