"""What orders fill into their customer's account, and take out again.

The result depends only on the customer's orders and on what its owner and the merchant wrote, never
on the order of arrival. A field that neither wrote has the value of the order with the greatest
rank that has one (`order_offers`). The account stores which order each value came from
(`FilledByOrders`), so the other orders are read only if that order no longer has the value.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from clientela.customers import customer_input, customers, filled_fields
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_values import FilledByOrders, Status
from clientela.customers.filled_fields import CONSENT, FOLLOWED
from clientela.orders import order_addresses, order_offers, order_profile
from clientela.orders.order_fields import Order
from clientela.orders.order_offers import Offer, OtherOrders, Rank, Refill
from clientela.stores.stores import Store
from clientela.table import keys


def guest(store: Store, order: Order, now: datetime) -> Customer | None:
    """Return the new guest of an order, or None if its status, the store or its country forbid one.

    The guest is pending if the store approves new accounts.
    """
    if store.login_mode == "required" or order.email is None or not order_profile.makes_account(store, order):
        return None
    status: Status = "pending" if store.approve_new_accounts else "active"
    new = customers.build(NewCustomer(email=order.email, status=status), now, "order")
    filled = FilledByOrders(sources={keys.order(order.placed_at, order.id): ["email"]})
    return fill(new.model_copy(update={"filled_by_orders": filled}), order, store.country)


def fill(
    customer: Customer, order: Order, store_country: str | None, others: OtherOrders = order_offers.no_other_orders
) -> Customer:
    """Return the customer filled by a new order, or by a new version of one.

    A disabled customer stays as it is, and so does one who would become too large.
    """
    if customer.status == "disabled":
        return customer
    offer = order_offers.make(customer, order, store_country)
    return _refilled(Refill(customer, order.id, offer, store_country, others))


def take_out(customer: Customer, order_id: str, store_country: str | None, others: OtherOrders) -> Customer:
    """Return the customer without the values of an order that was another person's."""
    return _refilled(Refill(customer, order_id, None, store_country, others))


def _refilled(refill: Refill) -> Customer:
    customer = refill.customer
    places = customer.filled_by_orders.places()
    changes = _fields(refill, places)
    book = order_addresses.book(refill, places)
    if book != customer.shipping_addresses:
        changes["shipping_addresses"] = book
    filled = changes.get("filled_by_orders", customer.filled_by_orders).with_places(places)
    if filled != customer.filled_by_orders:
        changes["filled_by_orders"] = filled
    after = customer.model_copy(update=changes) if changes else customer
    return after if not changes or customer_input.fits(after) else customer


def _fields(refill: Refill, places: dict[str, str]) -> dict[str, Any]:
    """Return the changes of the fields, and update their places."""
    customer, offer = refill.customer, refill.offer
    rank = partial(order_offers.rank, customer)
    given_up, new = set[str](), dict[str, tuple[str, Any]]()
    for name in (*FOLLOWED, CONSENT):
        old = places.get(name)
        if old is None and name != CONSENT and filled_fields.is_own(customer, name):
            continue
        ranked = order_offers.consent_rank if name == CONSENT else rank
        if offer and name in offer.values and (old is None or ranked(offer.key) >= ranked(old)):
            new[name] = offer.key, offer.values[name]
        elif old is not None and keys.order_id(old) == refill.order_id:
            given_up.add(name)
    if given_up - {CONSENT}:
        new |= _best(given_up - {CONSENT}, offer, refill.by_rank(), rank)
    if CONSENT in given_up:
        new |= _best({CONSENT}, offer, refill.oldest_first(), order_offers.consent_rank)
    return _changes(customer, places, given_up, new)


def _best(
    names: set[str], offer: Offer | None, others: Iterator[Offer], rank: Callable[[str], Rank]
) -> dict[str, tuple[str, Any]]:
    """Return the first value by rank of each field, with the sort key of its order.

    The greatest rank is first, also among the others.
    """
    found: dict[str, tuple[str, Any]] = {}
    for other in others:
        is_before = offer is not None and rank(offer.key) > rank(other.key)
        for each in (offer, other) if offer and is_before else (other,):
            found = {name: (each.key, each.values[name]) for name in names & each.values.keys()} | found
        if len(found) == len(names):
            return found
    last = {name: (offer.key, offer.values[name]) for name in names & offer.values.keys()} if offer else {}
    return last | found


def _changes(
    customer: Customer, places: dict[str, str], given_up: set[str], new: dict[str, tuple[str, Any]]
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if CONSENT in new:
        accepts, consent = order_offers.own_consent(customer)
        own = customer.filled_by_orders.model_copy(update={"own_accepts": accepts, "own_consent": consent})
        changes |= {"filled_by_orders": own, "accepts_marketing": True}
    elif CONSENT in given_up:
        accepts, consent = order_offers.own_consent(customer)
        own = customer.filled_by_orders.model_copy(update={"own_accepts": None, "own_consent": None})
        changes |= {"filled_by_orders": own, "accepts_marketing": accepts, CONSENT: consent}
    for name in given_up - new.keys() - {CONSENT}:
        if name == "email":  # an account has one: the next order replaces it
            places[name] = keys.ORDER_PREFIX
            continue
        changes[name] = None
    for name in given_up - {"email"}:
        del places[name]
    for name, (key, value) in new.items():
        changes[name], places[name] = value, key
    if "vat_id" in changes and changes["vat_id"] != customer.vat_id:
        changes["vat_id_status"] = "pending" if changes["vat_id"] else "none"
    return {name: value for name, value in changes.items() if value != getattr(customer, name)}
