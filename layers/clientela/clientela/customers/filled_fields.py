"""Which fields of an account have an order's value, and which its owner or the merchant wrote.

Orders change a field only until its owner or the merchant writes it (`orders.order_fills`). Every
write of a customer passes `settle`, so no code that writes can forget it.
"""

from collections.abc import Iterable

from clientela.customers.addresses import address_content
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_values import FilledByOrders
from clientela.schema.actors import Actor
from clientela.table import keys

FOLLOWED = ("email", "name", "phone", "language", "vat_id", "billing_address")
CONSENT = "marketing_consent"  # together with `accepts_marketing`
EMPTY: tuple[object, ...] = (None, "", [])
_NAMES = {name: name for name in FOLLOWED} | {"accepts_marketing": CONSENT, CONSENT: CONSENT}
_NOT_OWNERS = {"order", "vat_check"}  # kinds of actors whose changes are not the owner's or the merchant's
_OWN_FIELDS = (*NewCustomer.model_fields, "email_status")


def is_own(customer: Customer, name: str) -> bool:
    """Return whether the owner or the merchant wrote a field, so that no order changes it."""
    filled = customer.filled_by_orders
    return name in filled.cleared or (getattr(customer, name) not in EMPTY and name not in filled.places())


def has_only_orders(customer: Customer) -> bool:
    """Return whether nothing but orders ever made or changed the account."""
    is_unused = customer.email_status == "unproven" and customer.last_sign_in_at is None
    is_guest = customer.type == "guest" and customer.source == "order"
    return is_guest and is_unused and not customer.filled_by_orders.is_touched


def write(customer: Customer, names: Iterable[str]) -> Customer:
    """Return the customer with fields as the owner's or the merchant's, if only confirmed."""
    filled = customer.filled_by_orders
    written = {_NAMES[name] for name in names if name in _NAMES}
    places = {name: key for name, key in filled.places().items() if name not in written}
    changes = {"is_touched": filled.is_touched or customer.type == "guest"}
    return _with(customer, filled.with_places(places).model_copy(update=changes))


def settle(before: Customer, after: Customer, by: Actor) -> Customer:
    """Return a changed customer with the changed fields as written by the owner or the merchant.

    The first sign-in of a guest is recorded too: what filled the account by then stays.
    """
    if by.kind not in _NOT_OWNERS:
        after = _with_written(before, after)
    if (before.type, after.type) == ("guest", "registered"):
        after = _with_registration(after)
    return after


def _with_written(before: Customer, after: Customer) -> Customer:
    changed = {name for name in _OWN_FIELDS if getattr(before, name) != getattr(after, name)}
    if not changed:
        return after
    filled, written = after.filled_by_orders, {_NAMES[name] for name in changed if name in _NAMES}
    places = {name: key for name, key in filled.places().items() if name not in written}
    emptied = {name for name in written if name in FOLLOWED and getattr(after, name) in EMPTY}
    changes: dict[str, object] = {"cleared": sorted((set(filled.cleared) - written) | emptied)}
    if CONSENT in written:
        changes |= {"own_accepts": None, "own_consent": None}
    if "shipping_addresses" in changed:
        places = _without_changed_addresses(before, after, places)
        changes["book_at"] = after.updated_at
    changes["is_touched"] = filled.is_touched or after.type == "guest"
    return _with(after, filled.with_places(places).model_copy(update=changes))


def _without_changed_addresses(before: Customer, after: Customer, places: dict[str, str]) -> dict[str, str]:
    """Leave out the addresses that were changed or removed or are the default: the owner's now."""
    old = {address.id: address_content(address) for address in before.shipping_addresses}
    kept = {
        address.id
        for address in after.shipping_addresses
        if not address.is_default and old.get(address.id) == address_content(address)
    }
    return {name: key for name, key in places.items() if name in kept or name not in old}


def _with_registration(customer: Customer) -> Customer:
    filled = customer.filled_by_orders
    places = {name: key for name, key in filled.places().items() if name != "email"}
    seen = sorted({keys.order_id(key) for key in places.values()})
    changes = {"registered_at": customer.updated_at, "seen": seen, "is_touched": False}
    return _with(customer, filled.with_places(places).model_copy(update=changes))


def _with(customer: Customer, filled: FilledByOrders) -> Customer:
    return customer if filled == customer.filled_by_orders else customer.model_copy(update={"filled_by_orders": filled})
