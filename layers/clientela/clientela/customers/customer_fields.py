"""The fields of a customer with their checks, and the models of requests, storage and answers.

Every field is defined here only: `CustomerFields` has those that a merchant may write,
`NewCustomer` and `CustomerChanges` are the bodies of requests, `Customer` is stored and answered.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    StrictBool,
    StringConstraints,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from clientela.customers import tax_exemptions
from clientela.customers.addresses import (
    MAX_ADDRESSES,
    Address,
    ShippingAddress,
    complete_book,
    country_of_input,
    default_address,
    to_e164,
)
from clientela.customers.customer_values import (
    MAX_EXTERNAL_IDS,
    NOTHING_FILLED,
    CustomFieldValue,
    EmailStatus,
    ExternalId,
    ExternalSystem,
    FilledByOrders,
    MarketingConsent,
    PaymentStatus,
    Source,
    Spend,
    Status,
    Tag,
    TaxExemption,
    VatIdStatus,
)
from clientela.customers.history_entries import NO_HISTORY, NewestHistory
from clientela.schema import vat_ids
from clientela.schema.actors import Actor
from clientela.schema.documents import STORED, Model, on_input
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Line, Money, Name, Phone, Timestamp, refuse_nul
from clientela.schema.languages import Language
from clientela.schema.merge_patch import all_optional
from clientela.schema.vat_ids import VatId


def _without_duplicates(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


class CustomerFields(Model):
    """The fields that a merchant may write."""

    name: Line | None = None
    """The full name; made of first and last name if it is empty. Example: Ana Pérez"""
    first_name: Line | None = None
    """The first name. Example: Ana"""
    last_name: Line | None = None
    """The last name. Example: Pérez"""
    company: Line | None = None
    """The company. Example: Pérez e Hijos, S.L."""
    language: Language | None = None
    """The BCP 47 language that the customer reads."""
    status: Status = "active"
    """`active`; `pending`: waits for approval and cannot order; `disabled`: cannot sign in."""
    groups: Annotated[list[Name], Field(max_length=50), on_input(_without_duplicates)] = []
    """The ids of the customer's groups. Example: ["grp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"]"""
    primary_group: Name | None = None
    """The id of the group that leads at checkout; one of `groups`. Example:
    grp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    tags: Annotated[list[Tag], Field(max_length=100), on_input(_without_duplicates)] = []
    """The merchant's own labels. Example: ["vip"]"""
    external_ids: Annotated[dict[ExternalSystem, ExternalId], Field(max_length=MAX_EXTERNAL_IDS)] = {}
    """The customer's ids in other systems, one for each system. An id is unique for its system.
    Example: {"shopify": "6543"}"""
    tax_exempt: StrictBool = False
    """Whether the customer pays no tax. After the last day of `tax_exemption` it reads false;
    setting it to true renews the exemption without an end. Example: true"""
    tax_exemption: TaxExemption | None = None
    """The reason and the end of the tax exemption."""
    accepts_marketing: StrictBool | None = None
    """Whether the customer agreed to marketing by e-mail; null if unknown. Example: true"""
    marketing_consent: MarketingConsent | None = None
    """The latest consent to marketing, as the ledger has it."""
    billing_address: Address | None = None
    """The address for invoices."""
    shipping_addresses: Annotated[list[ShippingAddress], Field(max_length=MAX_ADDRESSES), on_input(complete_book)] = []
    """The customer's address book."""
    vat_id: VatId | None = None  # after the addresses, because it is read with their country
    """The VAT ID. A national number without the letters of its country is read with the country of
    an address, else of the store, and gets them. Its check digits must be right."""
    phone: Phone | None = None  # after the addresses, because it is read with their country
    """The phone, stored in E.164. It is read with the country of an address, else of the store."""
    note: Annotated[str, StringConstraints(max_length=5000), on_input(refuse_nul)] | None = None
    """A note for the merchant's staff. The customer never sees it. Example: Prefers to be called in
    the morning."""
    custom_fields: Annotated[dict[Name, CustomFieldValue], Field(max_length=50)] = {}
    """The merchant's own fields: texts, numbers and truth values by name. Example: {"loyalty_card":
    "L-1001"}"""

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> Self:
        if not self.name and info.context != STORED:
            self.name = " ".join(filter(None, (self.first_name, self.last_name))) or None
        return self

    @field_validator("primary_group")
    @classmethod
    def _is_one_of_groups(cls, primary: str | None, info: ValidationInfo) -> str | None:
        if primary and info.context != STORED and primary not in info.data.get("groups", []):
            raise ValueError("Use one of the ids in groups.")
        return primary

    @field_validator("vat_id")
    @classmethod
    def _vat_id_with_country(cls, vat_id: str | None, info: ValidationInfo) -> str | None:
        if not vat_id or info.context == STORED:
            return vat_id
        return vat_ids.normalize(vat_id, country_of_input(info, *_countries(info)))

    @field_validator("phone")
    @classmethod
    def _phone_in_e164(cls, phone: str | None, info: ValidationInfo) -> str | None:
        return to_e164(phone, info, *_countries(info))


def _countries(info: ValidationInfo) -> list[str | None]:
    """Return the countries of the billing address and of the default shipping address."""
    addresses = (info.data.get("billing_address"), default_address(info.data.get("shipping_addresses") or []))
    return [address.country for address in addresses if address]


class NewCustomer(CustomerFields):
    """A customer to create."""

    email: Email
    """The e-mail. A store has one customer for each, without regard to case."""


# RFC 7396: absent fields stay, null empties a field. The merged result is validated as a
# NewCustomer.
CustomerChanges = create_model(
    "CustomerChanges",
    __base__=Model,
    __doc__="Changes to a customer, as a JSON Merge Patch (RFC 7396).",
    **all_optional(NewCustomer),
)


class Customer(NewCustomer):
    """A customer of a store, as stored and answered."""

    @model_validator(mode="after")
    def _without_ended_exemption(self) -> Self:
        if self.tax_exempt and self.tax_exemption and tax_exemptions.is_over(self.tax_exemption.expires_on):
            self.tax_exempt = False
        return self

    id: str
    """The id of the customer. Example: cus_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    email_status: EmailStatus = "unproven"
    """Whether the customer has proven the e-mail, and whether mails to it fail."""
    type: Literal["guest", "registered"] = "registered"
    """`guest` until the first sign-in, if an order created the customer; else `registered`."""
    vat_id_status: VatIdStatus = "none"
    """The result of the check with the tax authorities' register."""
    orders_count: int = 0
    """The number of orders that count: those paid or partially refunded. Example: 3"""
    orders_total: int = 0
    """The number of all orders, of any status, as in the customer's list of orders. Example: 4"""
    total_spent: list[Spend] = []
    """The total of the counted orders in each currency."""
    average_order_value: Money | None = None
    """The average counted order, in the store's currency or else the most used one."""
    first_order_at: Timestamp | None = None
    """When the first counted order was placed."""
    last_order_at: Timestamp | None = None
    """When the newest order, of any status, was placed."""
    last_order_status: PaymentStatus | None = None
    """The payment status of the latest order."""
    last_payment_method: Line | None = None
    """How the latest order was paid. Example: card"""
    last_sign_in_at: Timestamp | None = None
    """When the customer last signed in."""
    source: Source = "merchant"
    """What created the customer."""
    created_at: Timestamp
    """When the customer was created."""
    updated_at: Timestamp
    """When the customer was last changed."""
    version: int = 1
    """The number of the version, as in the ETag. Each change adds one. Example: 7"""
    created_by: SkipJsonSchema[Actor | None] = Field(None, exclude=True)  # stored, but in no response
    # Sessions and sign-in links of earlier versions are void (customers.replace). Stored, but in no
    # response.
    access_version: SkipJsonSchema[int] = Field(0, exclude=True)
    filled_by_orders: SkipJsonSchema[FilledByOrders] = Field(NOTHING_FILLED, exclude=True)
    newest_history: SkipJsonSchema[NewestHistory] = Field(NO_HISTORY, exclude=True)  # customer_history has all


def customer_of(new: NewCustomer, **fields: Any) -> Customer:
    """Return the customer with these fields. They are valid, so they are not checked again."""
    values = {**new.__dict__, **fields, "total_spent": [], "filled_by_orders": NOTHING_FILLED}
    if new.tax_exempt and new.tax_exemption and tax_exemptions.is_over(new.tax_exemption.expires_on):
        values["tax_exempt"] = False
    return _blank().model_copy(update=values)


def with_published_fields(customer: Customer, fields: Mapping[str, Any]) -> Customer:
    """Return a customer with other published fields, as JSON values. What is not published stays.

    Raises:
        ValidationError: a field is not valid, even as a stored one.
    """
    changed = Customer.model_validate(fields, context=STORED)
    unpublished = [name for name, field in Customer.model_fields.items() if field.exclude]
    return changed.model_copy(update={name: getattr(customer, name) for name in unpublished})


@cache
def _blank() -> Customer:
    """Return a customer with all defaults, to copy: that is much faster than to build one.

    Its fields are in the order of the model, in which the compression of stored customers has them.
    """
    required: dict[str, Any] = {name: None for name, field in Customer.model_fields.items() if field.is_required()}
    return Customer.model_construct(None, **required)


CUSTOMER_FIELDS = tuple(name for name, field in Customer.model_fields.items() if not field.exclude)
CustomerField = Literal[CUSTOMER_FIELDS]  # type: ignore[valid-type]

CustomerRow = create_model(
    "CustomerRow",
    __base__=Model,
    __doc__="A customer in a list: all fields, or the id and those selected by `fields`.",
    **({name: field for name, field in all_optional(Customer).items() if name in CUSTOMER_FIELDS} | {"id": (str, ...)}),
)
