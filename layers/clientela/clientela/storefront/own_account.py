"""The account as its owner sees and changes it: a part of the customer, without what is the merchant's own business."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StrictBool, ValidationError

from clientela.customers import customer_input, customers
from clientela.customers.addresses import Address, ShippingAddress
from clientela.customers.consents import State
from clientela.customers.customer_fields import Customer, EmailStatus, MarketingConsent, Spend, VatIdStatus
from clientela.customers.customer_history import Actor
from clientela.errors import EmailUnprovenError, FieldError, InvalidInputError
from clientela.schema.documents import Model
from clientela.schema.fields import Line, Money, Phone, Timestamp
from clientela.schema.languages import Language
from clientela.schema.validation_errors import invalid_input
from clientela.schema.vat_ids import VatId
from clientela.stores.stores import Store


class AccountFields(Model):
    """What is the owner's own."""

    name: Line | None = None
    first_name: Line | None = None
    last_name: Line | None = None
    company: Line | None = None
    phone: Phone | None = None
    language: Language | None = None
    vat_id: VatId | None = None
    accepts_marketing: StrictBool | None = None
    billing_address: Address | None = None
    shipping_addresses: Annotated[list[ShippingAddress], Field(max_length=50)] | None = None


class AccountChanges(AccountFields):
    """What an owner may change, as a JSON Merge Patch (RFC 7396). `marketing_wording` names the text that was agreed to."""

    marketing_wording: Line | None = None


class Account(AccountFields):
    """The owner's view of the customer."""

    id: str
    email: str
    email_status: EmailStatus
    vat_id_status: VatIdStatus
    marketing_consent: MarketingConsent | None
    tax_exempt: bool
    orders_count: int
    total_spent: list[Spend]
    average_order_value: Money | None
    first_order_at: Timestamp | None
    last_order_at: Timestamp | None
    last_sign_in_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


# Fields that merchants can write and that the owner does not see, each with the reason.
NOT_IN_OWN_VIEW = {
    "status": "internal to the merchant",
    "groups": "internal to the merchant",
    "primary_group": "internal to the merchant",
    "tags": "internal to the merchant",
    "tax_exemption": "internal to the merchant; `tax_exempt` is visible",
    "note": "internal to the merchant",
    "custom_fields": "internal to the merchant",
}
_TOLD_BY_ORDERS = {
    "orders_count": 0, "total_spent": [], "average_order_value": None, "first_order_at": None, "last_order_at": None,
    # Orders fill these in, too: where the mailbox's owner lives is nothing for whoever chose a password elsewhere.
    "phone": None, "vat_id": None, "vat_id_status": "none", "billing_address": None, "shipping_addresses": [],
}  # fmt: skip


def own_view(customer: Customer, email_proven: bool) -> Account:
    """The owner's view; it was checked when it was stored. Without proof of the e-mail it holds nothing of the orders."""
    visible = visible_fields(customer, email_proven)
    return Account.model_construct(**{name: getattr(visible, name) for name in Account.model_fields})


def visible_fields(customer: Customer, email_proven: bool) -> Customer:
    """The customer without what orders tell, unless the session's e-mail is proven."""
    return customer if email_proven else customer.model_copy(update=_TOLD_BY_ORDERS)


def require_proven_email(changes: Any, email_proven: bool) -> None:
    """Raise EmailUnprovenError for a change of what a session without proof does not see: no parcel goes elsewhere by it."""
    if not email_proven and isinstance(changes, dict) and changes.keys() & _TOLD_BY_ORDERS.keys():
        raise EmailUnprovenError


def patch(store: Store, customer_id: str, changes: Any, now: datetime, version: int | None = None) -> Customer:
    """Apply an owner's merge patch. InvalidInputError for any field that is not the owner's; else as `customers.patch`.

    A word on marketing is kept with its time and where it was given.
    """
    if not isinstance(changes, dict):
        raise InvalidInputError("Send a JSON object with the fields to change.")
    foreign = [name for name in changes if name not in AccountChanges.model_fields]
    if foreign:
        raise InvalidInputError(
            "Some fields cannot be changed here.",
            fields=[FieldError(f"/{name}", "is not yours to change") for name in foreign],
        )
    fields, wording = dict(changes), _wording(changes)
    fields.pop("marketing_wording", None)

    def apply(before: Customer) -> Customer:
        customers.require_version(before, version)
        after = customer_input.apply_patch(before, fields, store.country)
        old = before.marketing_consent
        is_said_again = old and old.wording == wording and after.accepts_marketing == before.accepts_marketing
        if wording is None or is_said_again:
            return after
        state: State = "subscribed" if after.accepts_marketing else "unsubscribed"
        given = MarketingConsent(state=state, source="account", wording=wording, at=now)
        return after.model_copy(update={"marketing_consent": given})

    return customers.change(store, customer_id, apply, now, Actor("customer", customer_id))


def _wording(changes: dict[str, Any]) -> str | None:
    """Which text was agreed to, or not. InvalidInputError where it is no text, or stands without an answer to it."""
    if changes.get("marketing_wording") is None:
        return None
    if not isinstance(changes.get("accepts_marketing"), bool):
        field = FieldError("/marketing_wording", "goes with accepts_marketing, true or false")
        raise InvalidInputError("Some fields cannot be taken.", fields=[field])
    try:
        return AccountChanges.model_validate({"marketing_wording": changes["marketing_wording"]}).marketing_wording
    except ValidationError as error:
        raise invalid_input(error) from None
