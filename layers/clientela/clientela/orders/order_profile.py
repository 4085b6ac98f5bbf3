"""What an order tells about its customer: it makes the account, or fills what is empty in it and never overwrites.

The account's data change only by its owner or the merchant: a guest's order must not rewrite a registered profile. What
an order has told once is not told anew by its later versions: what its owner has taken out since stays out.
"""

from typing import Any

from pydantic import ValidationError

from clientela.customers import customer_input
from clientela.customers.addresses import Address, ShippingAddress, with_address
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.orders.order_fields import Order, OrderAddress
from clientela.schema import countries
from clientela.schema.documents import InputContext, Model

_FILLED = ("name", "phone", "language", "vat_id", "accepts_marketing", "billing_address")
# Fields that an order does not fill, each with the reason.
NOT_FILLED = {
    "first_name": "an order has one name",
    "last_name": "an order has one name",
    "company": "an order has it as part of its addresses",
    "status": "decided by the merchant",
    "groups": "decided by the merchant",
    "primary_group": "decided by the merchant",
    "tags": "decided by the merchant",
    "tax_exempt": "decided by the merchant",
    "tax_exemption": "decided by the merchant",
    "marketing_consent": "derived from `accepts_marketing` when the customer is written",
    "note": "decided by the merchant",
    "custom_fields": "decided by the merchant",
}
_EMPTY: tuple[object, ...] = (None, "", [])


def customer_from_order(order: Order, home: str | None) -> NewCustomer:
    """The customer as the order tells it, without the fields that an account cannot take. `home` is the store's country."""
    context = InputContext(home)
    billing = _address(Address, order.billing_address, context)
    shipping = _address(ShippingAddress, order.shipping_address, context)
    fields = {
        "email": order.email,
        "billing_address": billing,
        "shipping_addresses": with_address([], shipping),
        "name": order.name or (billing and billing.name),
        "language": order.language,
        "vat_id": order.vat_id,
        "accepts_marketing": order.accepts_marketing,
        "phone": order.phone,  # after the addresses, whose country it may need
    }
    return _lenient(NewCustomer, {name: value for name, value in fields.items() if value not in _EMPTY}, context)


def fill_missing(customer: Customer, order: Order, home: str | None, earlier: Order | None = None) -> Customer:
    """The customer with what was empty filled by what the order tells now and its earlier version did not, and with its
    shipping address in the address book. Nothing of a disabled customer's; never more than a customer can have."""
    if customer.status == "disabled":
        return customer
    fields = _missing(customer, order, home, earlier) | _book(customer, order, home, earlier)
    after = customer.model_copy(update=fields) if fields else customer
    return after if not fields or customer_input.fits(after) else customer


def order_country(order: Order) -> str | None:
    """The country of an order: that of its billing address, else of its shipping address."""
    for address in (order.billing_address, order.shipping_address):
        if address and address.country:
            try:
                return countries.code(address.country)
            except ValueError:
                continue
    return None


def _missing(customer: Customer, order: Order, home: str | None, earlier: Order | None) -> dict[str, Any]:
    empty = [name for name in _FILLED if getattr(customer, name) in _EMPTY and _has_news(name, order, earlier)]
    if not empty:
        return {}
    known = customer_from_order(order, home)
    fields = {name: getattr(known, name) for name in empty if getattr(known, name) not in _EMPTY}
    return fields | ({"vat_id_status": "pending"} if "vat_id" in fields else {})


def _has_news(name: str, order: Order, earlier: Order | None) -> bool:
    names = ("name", "billing_address") if name == "name" else (name,)  # the address may tell the name
    return any(
        getattr(order, each) not in _EMPTY and (earlier is None or getattr(order, each) != getattr(earlier, each))
        for each in names
    )


def _book(customer: Customer, order: Order, home: str | None, earlier: Order | None) -> dict[str, Any]:
    if not _has_news("shipping_address", order, earlier):
        return {}
    address = _address(ShippingAddress, order.shipping_address, InputContext(home))
    book = with_address(customer.shipping_addresses, address)
    return {} if book is customer.shipping_addresses else {"shipping_addresses": book}


def _address[A: Address](model: type[A], typed: OrderAddress | None, context: InputContext) -> A | None:
    values = {name: value for name, value in (typed.model_dump() if typed else {}).items() if value not in _EMPTY}
    address = _lenient(model, values, context)
    return address if any(getattr(address, name) for name in values) else None


def _lenient[D: Model](model: type[D], values: dict[str, Any], context: InputContext) -> D:
    """The model of those values that it takes: where the whole is refused, the values are tried one after the other."""
    try:
        return model.model_validate(values, context=context)
    except ValidationError:
        taken: dict[str, Any] = {}
        for name, value in values.items():
            if _takes(model, taken | {name: value}, context):
                taken[name] = value
        return model.model_validate(taken, context=context)


def _takes(model: type[Model], values: dict[str, Any], context: InputContext) -> bool:
    try:
        model.model_validate(values, context=context)
    except ValidationError:
        return False
    return True
