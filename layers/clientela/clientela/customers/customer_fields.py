"""The fields of a customer with their checks, and the models of requests, storage and answers.

Every field is defined here only: `CustomerFields` has those that a merchant may write,
`NewCustomer` and `CustomerChanges` are the bodies of requests, `Customer` is stored and answered.
"""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from clientela.customers.addresses import (
    MAX_ADDRESSES,
    Address,
    ShippingAddress,
    complete_book,
    default_address,
    to_e164,
)
from clientela.schema.documents import STORED, Model, on_input
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Line, Money, Name, Phone, Timestamp, refuse_nul
from clientela.schema.languages import Language
from clientela.schema.merge_patch import all_optional
from clientela.schema.vat_ids import VatId

# Without comma and semicolon, which separate the tags of a CSV cell.
Tag = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^,;]*$"), on_input(refuse_nul)]
EmailStatus = Literal["unproven", "proven", "bounced", "complained"]
Status = Literal["active", "pending", "disabled"]
VatIdStatus = Literal["none", "pending", "valid", "invalid", "unavailable"]
Source = Literal["merchant", "import", "order", "sign_in"]
PaymentStatus = Literal["awaiting_payment", "paid", "partially_refunded", "refunded", "cancelled", "incomplete"]
# The whole numbers that a double holds exactly, and fractions within DynamoDB's 1E-130 to 9.9E+125.
WholeNumber = Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)]
Fraction = Annotated[
    float, Field(ge=-1e100, le=1e100, allow_inf_nan=False), AfterValidator(lambda n: n if abs(n) > 1e-100 else 0)
]


def _validate_once(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """Raise one error, not one per allowed type; keep a whole number from becoming a fraction."""
    try:
        return WHOLE_NUMBER.validate_python(value) if type(value) is int else validate(value)
    except ValidationError:
        raise ValueError(_ALLOWED_VALUES) from None


def _require_no_nul[T](value: T) -> T:
    if isinstance(value, str):
        refuse_nul(value)
    return value


WHOLE_NUMBER: TypeAdapter[int] = TypeAdapter(WholeNumber)
_ALLOWED_VALUES = f"must be text of up to 1,000 characters, true or false, or a number (whole ones up to {2**53 - 1})"
CustomFieldValue = Annotated[
    Annotated[str, StringConstraints(max_length=1000)] | bool | WholeNumber | Fraction,
    WrapValidator(_validate_once),
    on_input(_require_no_nul),
]


def _without_duplicates(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


class TaxExemption(Model):
    """The reason, jurisdiction and last day (inclusive) of a tax exemption."""

    reason: Line | None = None
    jurisdiction: Line | None = None
    expires_on: date | None = None


class MarketingConsent(Model):
    """The customer's consent to marketing: unknown is never yes."""

    channel: Literal["email", "sms"] = "email"
    state: Literal["subscribed", "unsubscribed", "unknown"]
    source: Line | None = None
    wording: Line | None = None  # the version of the text that the customer agreed to
    at: Timestamp | None = None


class Spend(Money):
    """The total and number of a customer's counted orders in one currency."""

    orders: int


class CustomerFields(Model):
    """The fields that a merchant may write."""

    name: Line | None = None
    first_name: Line | None = None
    last_name: Line | None = None
    company: Line | None = None
    language: Language | None = None
    status: Status = "active"
    groups: Annotated[list[Name], Field(max_length=50), on_input(_without_duplicates)] = []
    primary_group: Name | None = None
    tags: Annotated[list[Tag], Field(max_length=100), on_input(_without_duplicates)] = []
    tax_exempt: StrictBool = False
    tax_exemption: TaxExemption | None = None
    vat_id: VatId | None = None
    accepts_marketing: StrictBool | None = None
    marketing_consent: MarketingConsent | None = None
    billing_address: Address | None = None
    shipping_addresses: Annotated[list[ShippingAddress], Field(max_length=MAX_ADDRESSES), on_input(complete_book)] = []
    phone: Phone | None = None  # after the addresses, because it is read with their country
    note: Annotated[str, StringConstraints(max_length=5000), on_input(refuse_nul)] | None = None
    custom_fields: Annotated[dict[Name, CustomFieldValue], Field(max_length=50)] = {}

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> Self:
        if not self.name and info.context != STORED:
            self.name = " ".join(filter(None, (self.first_name, self.last_name))) or None
        return self

    @field_validator("primary_group")
    @classmethod
    def _is_one_of_groups(cls, primary: str | None, info: ValidationInfo) -> str | None:
        if primary and info.context != STORED and primary not in info.data.get("groups", []):
            raise ValueError("must be one of groups")
        return primary

    @field_validator("phone")
    @classmethod
    def _phone_in_e164(cls, phone: str | None, info: ValidationInfo) -> str | None:
        addresses = (info.data.get("billing_address"), default_address(info.data.get("shipping_addresses") or []))
        return to_e164(phone, info, *(address.country for address in addresses if address))


class NewCustomer(CustomerFields):
    """A customer to create."""

    email: Email


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

    id: str
    email_status: EmailStatus = "unproven"
    type: Literal["guest", "registered"] = "registered"
    vat_id_status: VatIdStatus = "none"
    orders_count: int = 0
    total_spent: list[Spend] = []
    average_order_value: Money | None = None
    first_order_at: Timestamp | None = None
    last_order_at: Timestamp | None = None
    last_order_status: PaymentStatus | None = None
    last_payment_method: Line | None = None
    last_sign_in_at: Timestamp | None = None
    source: Source = "merchant"
    created_at: Timestamp
    updated_at: Timestamp
    version: int = 1
    # Sessions and sign-in links of earlier versions are void (customers.replace). Stored, but in no
    # response.
    access_version: SkipJsonSchema[int] = Field(0, exclude=True)


CUSTOMER_FIELDS = tuple(name for name, field in Customer.model_fields.items() if not field.exclude)
CustomerField = Literal[CUSTOMER_FIELDS]  # type: ignore[valid-type]

CustomerRow = create_model(
    "CustomerRow",
    __base__=Model,
    __doc__="A customer in a list: all fields, or the id and those selected by `fields`.",
    **({name: field for name, field in all_optional(Customer).items() if name in CUSTOMER_FIELDS} | {"id": (str, ...)}),
)
