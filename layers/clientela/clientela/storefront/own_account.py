"""The account as its owner sees and changes it, without the merchant's internal fields."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StrictBool, ValidationError

from clientela.customers import customer_input, customers, filled_fields
from clientela.customers.addresses import Address, ShippingAddress
from clientela.customers.consents import State
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_values import EmailStatus, MarketingConsent, Spend, VatIdStatus
from clientela.errors import FieldError, InvalidInputError
from clientela.schema import languages
from clientela.schema.actors import Actor
from clientela.schema.documents import Model
from clientela.schema.fields import Line, Money, Phone, Timestamp
from clientela.schema.languages import PreferredLanguage
from clientela.schema.validation_errors import invalid_input
from clientela.schema.vat_ids import VatId
from clientela.sign_in.sign_in_errors import EmailUnprovenError
from clientela.stores.stores import Store


class AccountFields(Model):
    """The fields that an owner may see and change."""

    name: Line | None = None
    """The full name. Example: Ana Pérez"""
    first_name: Line | None = None
    """The first name. Example: Ana"""
    last_name: Line | None = None
    """The last name. Example: Pérez"""
    company: Line | None = None
    """The company. Example: Pérez e Hijos, S.L."""
    phone: Phone | None = None
    """The phone, stored in E.164. It is read with the country of an address, else of the store."""
    language: PreferredLanguage = None
    """The BCP 47 language of the mails."""
    vat_id: VatId | None = None
    """The VAT ID with the letters of its country. Its check digits must be right."""
    accepts_marketing: StrictBool | None = None
    """Whether one agrees to marketing by e-mail; null if unknown. Example: true"""
    billing_address: Address | None = None
    """The address for invoices."""
    shipping_addresses: Annotated[list[ShippingAddress], Field(max_length=50)] | None = None
    """The address book."""


class AccountChanges(AccountFields):
    """An owner's changes, as a JSON Merge Patch (RFC 7396).

    `marketing_wording` names the text that the owner agreed to or declined.
    """

    marketing_wording: Line | None = None
    """The version of the text that one agreed to or declined, with `accepts_marketing`. Example:
    newsletter-2026-03"""


class Account(AccountFields):
    """The owner's view of the customer."""

    id: str
    """The id of the account. Example: cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    email: str
    """The e-mail of the account. Example: ana@example.com"""
    email_status: EmailStatus
    """Whether the e-mail is proven, and whether mails to it fail."""
    vat_id_status: VatIdStatus
    """The result of the check with the tax authorities' register."""
    marketing_consent: MarketingConsent | None
    """The latest consent to marketing."""
    tax_exempt: bool
    """Whether orders are free of tax today."""
    orders_count: int
    """The number of orders that count: those paid or partially refunded. Example: 3"""
    orders_total: int
    """The number of all orders, of any status, as in the list of orders. Example: 4"""
    total_spent: list[Spend]
    """The total of the paid orders in each currency."""
    average_order_value: Money | None
    """The average paid order."""
    first_order_at: Timestamp | None
    """When the first paid order was placed."""
    last_order_at: Timestamp | None
    """When the newest order, of any status, was placed."""
    last_sign_in_at: Timestamp | None
    """When one last signed in."""
    created_at: Timestamp
    """When the account was created."""
    updated_at: Timestamp
    """When the account was last changed."""


# Values for a session whose e-mail is not proven: it sees nothing that comes from orders.
# Fields that merchants can write and that the owner does not see, each with the reason.
NOT_IN_OWN_VIEW = {
    "status": "internal to the merchant",
    "groups": "internal to the merchant",
    "primary_group": "internal to the merchant",
    "tags": "internal to the merchant",
    "external_ids": "internal to the merchant",
    "tax_exemption": "internal to the merchant; `tax_exempt` is visible",
    "note": "internal to the merchant",
    "custom_fields": "internal to the merchant",
}
_HIDDEN_UNTIL_PROVEN = {
    "orders_count": 0,
    "orders_total": 0,
    "total_spent": [],
    "average_order_value": None,
    "first_order_at": None,
    "last_order_at": None,
    # Orders fill these in, too: do not reveal the address to somebody who only chose a password.
    "phone": None,
    "vat_id": None,
    "vat_id_status": "none",
    "billing_address": None,
    "shipping_addresses": [],
}


def own_view(customer: Customer, email_proven: bool) -> Account:
    """Return the owner's view; it has no data from orders unless the session's e-mail is proven."""
    visible = visible_fields(customer, email_proven)
    # Not validated again: the customer was validated when it was stored.
    return Account.model_construct(**{name: getattr(visible, name) for name in Account.model_fields})


def visible_fields(customer: Customer, email_proven: bool) -> Customer:
    """Return the customer without data from orders, unless the session's e-mail is proven."""
    return customer if email_proven else customer.model_copy(update=_HIDDEN_UNTIL_PROVEN)


def require_proven_email(changes: Any, email_proven: bool) -> None:
    """Raise EmailUnprovenError if the session cannot see a field that it changes.

    This prevents redirecting deliveries to another address.
    """
    if not email_proven and isinstance(changes, dict) and changes.keys() & _HIDDEN_UNTIL_PROVEN.keys():
        raise EmailUnprovenError


def patch(store: Store, customer_id: str, changes: Any, now: datetime, version: int | None = None) -> Customer:
    """Apply an owner's JSON Merge Patch (RFC 7396).

    A marketing choice is stored with its time and source.

    Raises:
        InvalidInputError: a value is invalid, or the field is not the owner's.

    Other errors and cost: as `customers.patch`.
    """
    if not isinstance(changes, dict):
        raise InvalidInputError("Send a JSON object with the fields to change.")
    unknown = [name for name in changes if name not in AccountChanges.model_fields]
    if unknown:
        raise InvalidInputError(
            "Some fields cannot be changed here.",
            fields=[FieldError(f"/{name}", "This field cannot be changed here.") for name in unknown],
        )
    fields, wording = dict(changes), _wording(changes)
    fields.pop("marketing_wording", None)
    if "language" in fields:
        fields["language"] = languages.best_effort(fields["language"])

    def apply(before: Customer) -> Customer:
        customers.require_version(before, version)
        after = filled_fields.write(customer_input.apply_patch(before, fields, store.country), fields)
        previous = before.marketing_consent
        is_repeated = previous and previous.wording == wording and after.accepts_marketing == before.accepts_marketing
        if wording is None or is_repeated:
            return after
        state: State = "subscribed" if after.accepts_marketing else "unsubscribed"
        consent = MarketingConsent(state=state, source="account", wording=wording, at=now)
        return after.model_copy(update={"marketing_consent": consent})

    return customers.change(store, customer_id, apply, now, Actor("customer", customer_id))


def _wording(changes: dict[str, Any]) -> str | None:
    """Return the name of the marketing text, or None — InvalidInputError without a choice."""
    if changes.get("marketing_wording") is None:
        return None
    if not isinstance(changes.get("accepts_marketing"), bool):
        field = FieldError("/marketing_wording", "Send accepts_marketing too, as true or false.")
        raise InvalidInputError("Some fields are invalid.", fields=[field])
    try:
        return AccountChanges.model_validate({"marketing_wording": changes["marketing_wording"]}).marketing_wording
    except ValidationError as error:
        raise invalid_input(error) from None
