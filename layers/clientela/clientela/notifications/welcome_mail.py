"""The mail to a customer whose account was opened by an order.

An import that asks for mails sends invitations instead: `invitation_mail`.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from clientela.customers import customers, mailability, stored_customers
from clientela.customers.customer_fields import Customer
from clientela.errors import CustomerNotFoundError, StoreNotFoundError
from clientela.mail import mail_delivery, mail_values
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import MailContent
from clientela.orders import order_lists
from clientela.orders.order_fields import Order, OrderItem
from clientela.schema import currencies, timezones
from clientela.schema.locale_formats import Day, MoneyAmount
from clientela.stores import store_urls, stores
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.stream import TableChange

RETENTION = timedelta(days=30)  # longer than the queue's retention
MAX_LINES = 10  # of the order
MAX_TEXT = 100  # characters of an article's name
_NO_ORDER: dict[str, Any] = {"number": "", "day": "", "lines": [], "more": 0, "total": None}


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
    """Welcome a customer once. 4 read units, 2 write units, 1 call of SES."""
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
    return Outgoing(customer.email, customer.language, welcome_mail(store, customer, _order(store, customer_id)))


def _order(store: Store, customer_id: str) -> Order | None:
    """Return the order that has opened the account; None if the order system took it back."""
    return next(iter(order_lists.of_customer(store, customer_id, limit=1).items), None)


def welcome_mail(store: Store, customer: Customer, order: Order | None = None) -> MailContent:
    """Return the mail that informs a customer of a new account, with the order it came from."""
    name = mail_values.greetable(customer.first_name or customer.name)
    return MailContent(
        "welcome",
        {"link": store_urls.sign_in_url(store), "name": name} | (_summary(store, order) if order else _NO_ORDER),
    )


def _summary(store: Store, order: Order) -> dict[str, Any]:
    """Return an order for the mail: its first lines, how many more there are, and its total."""
    lines = [_line(item, order.currency) for item in order.items]
    return {
        "number": _one_line(order.number or order.id),
        "day": Day(timezones.local_day(order.placed_at, store.timezone)),
        "lines": lines[:MAX_LINES],
        "more": max(len(lines) - MAX_LINES, 0),
        "total": MoneyAmount(order.total, order.currency),
    }


def _line(item: OrderItem, currency: str) -> dict[str, Any]:
    quantity = Decimal(str(item.quantity))
    amount = (
        MoneyAmount(currencies.round_amount(item.price * quantity, currency), currency)
        if item.price is not None
        else ""
    )
    return {"quantity": quantity.normalize() + 0, "name": _one_line(item.name or item.sku or "-"), "amount": amount}


def _one_line(text: str) -> str:
    """Return a text of the order system in one line, cut where it is too long for a mail."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_TEXT else f"{line[:MAX_TEXT]}…"
