"""The values that an order offers to an account, and the rank by which one of several orders wins.

A guest's account has the values of the newest order, a registered customer's those of the newest
order from before the account, else of the oldest after it. A consent is that of the oldest order
with one.

Anybody can place an order with another person's e-mail. So an account that has proven its e-mail is
filled only by orders that count and by those that had filled it before, and never with a consent.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from clientela import clock
from clientela.customers.addresses import ShippingAddress
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_values import MarketingConsent
from clientela.customers.filled_fields import CONSENT, EMPTY, FOLLOWED
from clientela.orders import order_profile, order_statistics
from clientela.orders.order_fields import Order
from clientela.schema import email_addresses
from clientela.table import keys

# Yields the customer's other orders with sort keys from the first to the second; the flag is
# whether the newest come first.
type OtherOrders = Callable[[str, str, bool], Iterator[Order]]


type Rank = tuple[bool, Any]  # the other part is comparable among ranks with the same first part


class Offer(NamedTuple):
    """The values that an order has for an account, and its sort key."""

    key: str
    values: dict[str, Any]
    address: ShippingAddress | None


def no_other_orders(_first: str, _last: str, _newest_first: bool) -> Iterator[Order]:
    """Yield nothing: the `others` of an order that only adds."""
    return iter(())


def make(customer: Customer, order: Order, store_country: str | None) -> Offer:
    """Return what an order offers to an account."""
    is_proven = customer.email_status != "unproven" or customer.last_sign_in_at is not None
    was_seen = order.id in customer.filled_by_orders.seen
    key = keys.order(order.placed_at, order.id)
    if is_proven and not was_seen and order_statistics.contribution(order) is None:
        return Offer(key, {}, None)
    source = order_profile.customer_from_order(order, store_country)
    values = {name: value for name in FOLLOWED if (value := getattr(source, name)) not in EMPTY}
    if not _is_guest_with(customer, order.email):
        values.pop("email", None)
    if source.accepts_marketing and (was_seen or not is_proven) and _may_consent(customer, order.placed_at):
        values[CONSENT] = MarketingConsent(state="subscribed", source="order", at=order.placed_at)
    return Offer(key, values, next(iter(source.shipping_addresses), None))


def _is_guest_with(customer: Customer, email: str | None) -> bool:
    same = email is not None and email_addresses.canonical(email) == email_addresses.canonical(customer.email)
    return customer.type == "guest" and same


def _may_consent(customer: Customer, at: datetime) -> bool:
    """Return whether an order's consent is later than what the owner or the merchant wrote."""
    accepts, consent = own_consent(customer)
    return not accepts and (consent is None or (consent.at is not None and consent.at < at))


def own_consent(customer: Customer) -> tuple[bool | None, MarketingConsent | None]:
    """Return the consent that no order gave: `accepts_marketing` and `marketing_consent`."""
    filled = customer.filled_by_orders
    if CONSENT in filled.places():
        return filled.own_accepts, filled.own_consent
    return customer.accepts_marketing, customer.marketing_consent


def rank(customer: Customer, key: str) -> Rank:
    """Return the rank of an order by its sort key: the greatest fills the account."""
    if customer.type == "guest" or key <= _account_edge(customer):
        return True, key
    return False, _descending(key)


def consent_rank(key: str) -> Rank:
    """Return the rank of an order by its sort key: the greatest gives the consent."""
    return False, _descending(key)


def _descending(text: str) -> tuple[int, ...]:
    """Return a value that sorts in the opposite direction of the text."""
    return (*(-ord(character) for character in text), 1)


class Refill(NamedTuple):
    """An account, the order that changes it, and what its other orders offer.

    `offer` is None if the order leaves the account.
    """

    customer: Customer
    order_id: str
    offer: Offer | None
    store_country: str | None
    other_orders: OtherOrders

    def others(self, first: str, last: str, *, newest_first: bool) -> Iterator[Offer]:
        """Yield the offers of the other orders with sort keys from the first to the second."""
        found = self.other_orders(first, last, newest_first)
        return (make(self.customer, order, self.store_country) for order in found)

    def newest_first(self) -> Iterator[Offer]:
        """Yield the offers of all other orders, the newest first."""
        return self.others(keys.ORDER_PREFIX, keys.ORDERS_END, newest_first=True)

    def oldest_first(self) -> Iterator[Offer]:
        """Yield the offers of all other orders, the oldest first."""
        return self.others(keys.ORDER_PREFIX, keys.ORDERS_END, newest_first=False)

    def by_rank(self) -> Iterator[Offer]:
        """Yield the offers of all other orders, the greatest rank first."""
        if self.customer.type == "guest":
            yield from self.newest_first()
            return
        edge = _account_edge(self.customer)
        yield from self.others(keys.ORDER_PREFIX, edge, newest_first=True)
        yield from self.others(edge, keys.ORDERS_END, newest_first=False)


def _account_edge(customer: Customer) -> str:
    """Return the key that sorts after the orders from before the account."""
    since = customer.filled_by_orders.registered_at or customer.created_at
    return f"{keys.ORDER_PREFIX}{clock.format_timestamp(since)}$"
