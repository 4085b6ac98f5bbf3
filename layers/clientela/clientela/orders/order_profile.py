"""The customer's data in an order: it creates the account or fills empty fields, never overwrites.

Only the owner and the merchant change the data of an account: a guest's order must not change a
registered profile. A later version of an order does not fill in again what an earlier one had: data
that the owner has deleted since stays deleted.

A proven account is filled by counted orders only, and an order never gives its marketing consent.
"""

from datetime import datetime
from typing import Any

from pydantic import ValidationError

from clientela.customers import customer_input, customers
from clientela.customers.addresses import Address, ShippingAddress, with_address
from clientela.customers.customer_fields import Customer, NewCustomer, Status
from clientela.orders import order_statistics
from clientela.orders.order_fields import Order, OrderAddress
from clientela.schema import countries, languages
from clientela.schema.documents import InputContext, Model
from clientela.stores.stores import Store

_FILLED_FIELDS = ("name", "phone", "language", "vat_id", "accepts_marketing", "billing_address")
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
_WITHOUT_PURCHASE = {"incomplete", "cancelled"}  # payment statuses: nobody bought anything yet, or any more
_EMPTY: tuple[object, ...] = (None, "", [])


def guest(store: Store, order: Order, now: datetime) -> Customer | None:
    """Return the new guest of an order, or None if its status, the store or its country forbid one.

    The guest is pending if the store approves new accounts.
    """
    excluded_countries = store.country_rules.no_automatic_account
    is_excluded = excluded_countries and order_country(order) in excluded_countries
    is_premature = order.email is None or order.payment_status in _WITHOUT_PURCHASE
    if store.login_mode == "required" or is_excluded or is_premature:
        return None
    new = customer_from_order(order, store.country)
    status: Status = "pending" if store.approve_new_accounts else "active"
    return customers.build(new.model_copy(update={"status": status}), now, "order")


def customer_from_order(order: Order, store_country: str | None) -> NewCustomer:
    """Return the customer in an order, without invalid fields.

    `store_country` is used to read phones.
    """
    context = InputContext(store_country)
    billing = _address(Address, order.billing_address, context)
    shipping = _address(ShippingAddress, order.shipping_address, context)
    fields = {
        "email": order.email,
        "billing_address": billing,
        "shipping_addresses": with_address([], shipping),
        "name": order.name or (billing and billing.name),
        "language": languages.best_effort(order.language),
        "vat_id": order.vat_id,
        "accepts_marketing": order.accepts_marketing,
        "phone": order.phone,  # after the addresses, whose country it may need
    }
    return _lenient(NewCustomer, {name: value for name, value in fields.items() if value not in _EMPTY}, context)


def fill_missing(customer: Customer, order: Order, store_country: str | None, earlier: Order | None = None) -> Customer:
    """Return the customer with empty fields and the address book filled from an order.

    Only data that the earlier version of the order did not have is used. A disabled customer stays
    as it is, and so does one who would become too large or from whom the order is withheld.
    """
    if customer.status == "disabled" or is_withheld(customer, order):
        return customer
    fields = _missing(customer, order, store_country, earlier) | _book(customer, order, store_country, earlier)
    after = customer.model_copy(update=fields) if fields else customer
    return after if not fields or customer_input.fits(after) else customer


def is_withheld(customer: Customer, order: Order) -> bool:
    """Return whether the order's data stays out of the account until the order counts.

    Anybody can place an unpaid order with another person's e-mail, so it fills no proven account.
    """
    return _was_proven(customer) and order_statistics.contribution(order) is None


def order_country(order: Order) -> str | None:
    """Return the country of an order's billing address, else of its shipping address, else None."""
    for address in (order.billing_address, order.shipping_address):
        if address and address.country:
            try:
                return countries.code(address.country)
            except ValueError:
                continue
    return None


def _was_proven(customer: Customer) -> bool:
    """Return whether the account's owner ever proved an e-mail, which may have bounced since."""
    return customer.email_status != "unproven" or customer.last_sign_in_at is not None


def _missing(customer: Customer, order: Order, store_country: str | None, earlier: Order | None) -> dict[str, Any]:
    fillable = [name for name in _FILLED_FIELDS if not (name == "accepts_marketing" and _was_proven(customer))]
    empty = [name for name in fillable if getattr(customer, name) in _EMPTY and _has_news(name, order, earlier)]
    if not empty:
        return {}
    source = customer_from_order(order, store_country)
    fields = {name: getattr(source, name) for name in empty if getattr(source, name) not in _EMPTY}
    return fields | ({"vat_id_status": "pending"} if "vat_id" in fields else {})


def _has_news(name: str, order: Order, earlier: Order | None) -> bool:
    names = ("name", "billing_address") if name == "name" else (name,)  # the name may come from the address
    return any(
        getattr(order, each) not in _EMPTY and (earlier is None or getattr(order, each) != getattr(earlier, each))
        for each in names
    )


def _book(customer: Customer, order: Order, store_country: str | None, earlier: Order | None) -> dict[str, Any]:
    if not _has_news("shipping_address", order, earlier):
        return {}
    address = _address(ShippingAddress, order.shipping_address, InputContext(store_country))
    book = with_address(customer.shipping_addresses, address)
    return {} if book is customer.shipping_addresses else {"shipping_addresses": book}


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
