"""The customer in an order: the data of its buyer, without what is invalid."""

from typing import Any

from pydantic import ValidationError

from clientela.customers.addresses import Address, ShippingAddress
from clientela.customers.customer_fields import NewCustomer
from clientela.orders.order_fields import Order, OrderAddress
from clientela.schema import countries, languages
from clientela.schema.documents import InputContext, Model
from clientela.stores.stores import Store

# Fields that an order does not fill, each with the reason.
NOT_FILLED = {
    "first_name": "an order has one name",
    "last_name": "an order has one name",
    "company": "an order has it as part of its addresses",
    "status": "decided by the merchant",
    "groups": "decided by the merchant",
    "primary_group": "decided by the merchant",
    "tags": "decided by the merchant",
    "external_ids": "decided by the merchant",
    "tax_exempt": "decided by the merchant",
    "tax_exemption": "decided by the merchant",
    "note": "decided by the merchant",
    "custom_fields": "decided by the merchant",
}
_WITHOUT_PURCHASE = {"incomplete", "cancelled"}  # payment statuses: nobody bought anything yet, or any more
_EMPTY: tuple[object, ...] = (None, "", [])


def customer_from_order(order: Order, store_country: str | None) -> NewCustomer:
    """Return the customer in an order, without invalid fields.

    `store_country` is used to read phones. A box that was not ticked is no answer.
    """
    context = InputContext(store_country)
    billing = _address(Address, order.billing_address, context)
    shipping = _address(ShippingAddress, order.shipping_address, context)
    fields = {
        "email": order.email,
        "billing_address": billing,
        "shipping_addresses": [shipping] if shipping else [],
        "name": order.name or (billing and billing.name),
        "language": languages.best_effort(order.language),
        "vat_id": order.vat_id,
        "accepts_marketing": order.accepts_marketing or None,
        "phone": order.phone,  # after the addresses, whose country it may need
    }
    return _lenient(NewCustomer, {name: value for name, value in fields.items() if value not in _EMPTY}, context)


def makes_account(store: Store, order: Order) -> bool:
    """Return whether an order with this status and country creates an account."""
    excluded_countries = store.country_rules.no_automatic_account
    is_excluded = excluded_countries and order_country(order) in excluded_countries
    return not (order.email is None or order.payment_status in _WITHOUT_PURCHASE or is_excluded)


def order_country(order: Order) -> str | None:
    """Return the country of an order's billing address, else of its shipping address, else None."""
    for address in (order.billing_address, order.shipping_address):
        if address and address.country:
            try:
                return countries.code(address.country)
            except ValueError:
                continue
    return None


def _address[A: Address](model: type[A], typed: OrderAddress | None, context: InputContext) -> A | None:
    values = {name: value for name, value in (typed.model_dump() if typed else {}).items() if value not in _EMPTY}
    address = _lenient(model, values, context)
    return address if any(getattr(address, name) for name in values) else None


def _lenient[D: Model](model: type[D], values: dict[str, Any], context: InputContext) -> D:
    """Return the model of the valid values: if the whole is invalid, each is tried in turn."""
    try:
        return model.model_validate(values, context=context)
    except ValidationError:
        valid: dict[str, Any] = {}
        for name, value in values.items():
            if _is_valid(model, valid | {name: value}, context):
                valid[name] = value
        return model.model_validate(valid, context=context)


def _is_valid(model: type[Model], values: dict[str, Any], context: InputContext) -> bool:
    try:
        model.model_validate(values, context=context)
    except ValidationError:
        return False
    return True
