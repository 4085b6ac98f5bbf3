"""The account as its owner sees and changes it: a part of the customer, without what is the merchant's own business."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool

from clientela import customers
from clientela.customer_fields import (
    Address,
    Customer,
    EmailStatus,
    Line,
    MarketingConsent,
    Money,
    Phone,
    ShippingAddress,
    Spend,
    Stamp,
    VatIdStatus,
)
from clientela.documents import Document
from clientela.errors import FieldError, InvalidInputError
from clientela.history import Actor
from clientela.languages import Language
from clientela.stores import Store
from clientela.vat import VatId


class AccountChanges(Document):
    """What an owner may change, as a JSON Merge Patch (RFC 7396)."""

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


class Account(AccountChanges):
    """The owner's view of the customer."""

    id: str
    email: str
    email_status: EmailStatus
    vat_id_status: VatIdStatus
    tax_exempt: bool
    orders_count: int
    total_spent: list[Spend]
    average_order_value: Money | None
    first_order_at: Stamp | None
    last_order_at: Stamp | None
    last_sign_in_at: Stamp | None
    created_at: Stamp
    updated_at: Stamp


_TOLD_BY_ORDERS = {
    "orders_count": 0, "total_spent": [], "average_order_value": None, "first_order_at": None, "last_order_at": None,
}  # fmt: skip


def shown(customer: Customer, email_proven: bool) -> Account:
    """The owner's view; it was checked when it was stored. Without proof of the e-mail it holds nothing of the orders."""
    fields = {name: getattr(customer, name) for name in Account.model_fields}
    return Account.model_construct(**(fields if email_proven else fields | _TOLD_BY_ORDERS))


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
    return customers.patch(
        store, customer_id, changes | _consent(changes, now), now, version, Actor("customer", customer_id)
    )


def _consent(changes: Any, now: datetime) -> dict[str, Any]:
    if "accepts_marketing" not in changes:
        return {}
    word = changes["accepts_marketing"]
    state: Literal["subscribed", "unsubscribed", "unknown"] = "unknown"
    if isinstance(word, bool):
        state = "subscribed" if word else "unsubscribed"
    return {"marketing_consent": MarketingConsent(state=state, source="account", at=now).model_dump(mode="json")}
