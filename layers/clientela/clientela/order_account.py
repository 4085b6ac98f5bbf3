"""What an order tells about its customer: it makes the account, or fills what is empty in it and never overwrites.

The account's data change only by its owner or the merchant: a guest's order must not rewrite a registered profile.
"""

from typing import Any

from pydantic import ValidationError

from clientela.customer_fields import Address, Customer, NewCustomer, ShippingAddress
from clientela.documents import Document, SentTo
from clientela.order_fields import Order, OrderAddress

FILLED = ("name", "phone", "language", "vat_id", "accepts_marketing", "billing_address", "shipping_addresses")
_EMPTY: tuple[object, ...] = (None, "", [])


def told(order: Order, country: str | None) -> NewCustomer:
    """The customer as the order tells it, without the fields that an account cannot take. `country` is the store's."""
    context = SentTo(country)
    billing = _address(Address, order.billing_address, context)
    shipping = _address(ShippingAddress, order.shipping_address, context)
    if shipping:
        shipping.is_default = True
    fields = {
        "email": order.email,
        "billing_address": billing,
        "shipping_addresses": [shipping] if shipping else [],
        "name": order.name or (billing and billing.name),
        "language": order.language,
        "vat_id": order.vat_id,
        "accepts_marketing": order.accepts_marketing,
        "phone": order.phone,  # after the addresses, whose country it may need
    }
    return _lenient(NewCustomer, {name: value for name, value in fields.items() if value not in _EMPTY}, context)


def filled(customer: Customer, order: Order, country: str | None) -> Customer:
    """The customer with the fields that were empty filled from the order; its status is never touched."""
    empty = [name for name in FILLED if getattr(customer, name) in _EMPTY]
    if not empty:
        return customer
    known = told(order, country)
    fields = {name: getattr(known, name) for name in empty if getattr(known, name) not in _EMPTY}
    if "vat_id" in fields:
        fields["vat_id_status"] = "pending"
    return customer.model_copy(update=fields)


def _address[A: Address](model: type[A], typed: OrderAddress | None, context: SentTo) -> A | None:
    values = {name: value for name, value in (typed.model_dump() if typed else {}).items() if value not in _EMPTY}
    address = _lenient(model, values, context)
    return address if any(getattr(address, name) for name in values) else None


def _lenient[D: Document](model: type[D], values: dict[str, Any], context: SentTo) -> D:
    """The model of those values that it takes: where the whole is refused, the values are tried one after the other."""
    try:
        return model.model_validate(values, context=context)
    except ValidationError:
        taken: dict[str, Any] = {}
        for name, value in values.items():
            if _takes(model, taken | {name: value}, context):
                taken[name] = value
        return model.model_validate(taken, context=context)


def _takes(model: type[Document], values: dict[str, Any], context: SentTo) -> bool:
    try:
        model.model_validate(values, context=context)
    except ValidationError:
        return False
    return True
