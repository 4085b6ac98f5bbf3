"""The one mail to a customer whose order has opened an account."""

from datetime import datetime, timedelta

from clientela import customers, keys, mail_delivery, mails
from clientela.errors import CustomerNotFoundError
from clientela.mail_delivery import Outcome, Outgoing
from clientela.stores import Store

REMEMBERED = timedelta(days=30)  # longer than any queue keeps the message


def deliver(store: Store, customer_id: str, now: datetime) -> Outcome:
    """Welcome a customer, once. 3 read units, 2 write units, 1 call of SES."""
    about = keys.customer(store.id, customer_id)
    return mail_delivery.send_once(
        store, about, "welcome", now + REMEMBERED, now, lambda: _outgoing(store, customer_id)
    )


def _outgoing(store: Store, customer_id: str) -> Outgoing | None:
    try:
        customer = customers.get(store, customer_id)
    except CustomerNotFoundError:
        return None
    if store.login_mode == "disabled" or not mail_delivery.reachable(customer):
        return None
    return Outgoing(customer.email, customer.language, mails.welcome(store, customer))
