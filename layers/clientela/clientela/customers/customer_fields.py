"""What a customer is: the fields, how each is checked, and the shapes in which they come in and go out.

A field lives here and nowhere else: `CustomerFields` holds what a merchant may write, `NewCustomer` and
`CustomerChanges` are what requests send, `Customer` is what is stored and answered.
"""

from collections.abc import Sequence
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

from clientela.schema import phones
from clientela.schema.countries import Country
from clientela.schema.documents import STORED, InputContext, Model, on_input
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Line, Money, Name, Phone, Timestamp
from clientela.schema.languages import Language
from clientela.schema.merge_patch import all_optional
from clientela.schema.text import fold_for_search
from clientela.schema.vat_ids import VatId
from clientela.signing import sha256_hex

# A CSV cell separates its tags by these.
Tag = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^,;]*$")]
EmailStatus = Literal["unproven", "proven", "bounced", "complained"]
Status = Literal["active", "pending", "disabled"]
VatIdStatus = Literal["none", "pending", "valid", "invalid", "unavailable"]
Source = Literal["merchant", "import", "order", "sign_in"]
PaymentStatus = Literal["awaiting_payment", "paid", "partially_refunded", "refunded", "cancelled", "incomplete"]
# What a double holds exactly, and what DynamoDB's numbers hold: 1E-130 to 9.9E+125.
WholeNumber = Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)]
Fraction = Annotated[
    float, Field(ge=-1e100, le=1e100, allow_inf_nan=False), AfterValidator(lambda n: n if abs(n) > 1e-100 else 0)
]


def _of_its_kind(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """One complaint instead of one for each kind; and no whole number becomes a fraction that is nearly the same."""
    try:
        return WHOLE_NUMBER.validate_python(value) if type(value) is int else read(value)
    except ValidationError:
        raise ValueError(_KINDS) from None


WHOLE_NUMBER: TypeAdapter[int] = TypeAdapter(WholeNumber)
_KINDS = f"must be text of up to 1,000 characters, true or false, or a number (whole ones up to {2**53 - 1})"
CustomFieldValue = Annotated[
    Annotated[str, StringConstraints(max_length=1000)] | bool | WholeNumber | Fraction, WrapValidator(_of_its_kind)
]


MAX_ADDRESSES = 50


class Address(Model):
    """A postal address. `phone` may be written as people do: it is read with the address's country, else the store's, and
    kept in E.164."""

    id: Name | None = None
    name: Line | None = None
    company: Line | None = None
    street: Line | None = None
    street2: Line | None = None
    city: Line | None = None
    postal_code: Annotated[str, StringConstraints(max_length=20)] | None = None
    region: Line | None = None
    country: Country | None = None
    phone: Phone | None = None

    @field_validator("phone")
    @classmethod
    def _phone_in_e164(cls, phone: str | None, info: ValidationInfo) -> str | None:
        return _e164(phone, info, info.data.get("country"))


def _e164(phone: str | None, info: ValidationInfo, *countries: str | None) -> str | None:
    """The number, read with the first of the countries that there is, else with the store's."""
    if not phone or info.context == STORED:
        return phone
    home = info.context.country if isinstance(info.context, InputContext) else None
    return phones.to_e164(phone, next(filter(None, countries), home))


class ShippingAddress(Address):
    """One address of the customer's address book."""

    is_default: StrictBool = False


def with_address(book: list[ShippingAddress], address: ShippingAddress | None) -> list[ShippingAddress]:
    """The address book with one more, which is the default of an empty one. The same book where it is full, or has the
    address already, in whatever case and spacing."""
    if address is None or len(book) >= MAX_ADDRESSES or _content(address) in {_content(known) for known in book}:
        return book
    made = _address_id(address, {known.id for known in book})
    return [*book, address.model_copy(update={"id": made, "is_default": not book})]


def _address_book(addresses: list[ShippingAddress]) -> list[ShippingAddress]:
    """Each address once, with an id made of its content; one of them is the default."""
    taken = {address.id for address in addresses}
    for address in addresses:
        address.id = address.id or _address_id(address, taken)
    if len({_content(address) for address in addresses}) < len(addresses):
        raise ValueError("two of the addresses are the same")
    if len({address.id for address in addresses}) < len(addresses):
        raise ValueError("two of the addresses have the same id")
    defaults = [address for address in addresses if address.is_default]
    if len(defaults) > 1:
        raise ValueError("only one address can be the default")
    if addresses and not defaults:
        addresses[0].is_default = True
    return addresses


def default_address(book: Sequence[ShippingAddress]) -> ShippingAddress | None:
    """The address of a book that things are sent to."""
    return next((address for address in book if address.is_default), book[0] if book else None)


def _address_id(address: ShippingAddress, taken: set[str | None]) -> str:
    """Made of the content, so that the same book sent again is the same book; of more, where that id went elsewhere."""
    seed = _content(address)
    while (made := "adr_" + sha256_hex(seed)[:16]) in taken:
        seed += "+"
    return made


def _content(address: ShippingAddress) -> str:
    return fold_for_search(address.model_dump_json(exclude={"id", "is_default"}))


def _once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


class TaxExemption(Model):
    """Why a customer pays no tax, where, and until when (inclusive)."""

    reason: Line | None = None
    jurisdiction: Line | None = None
    expires_on: date | None = None


class MarketingConsent(Model):
    """The customer's word on marketing: unknown is never yes."""

    channel: Literal["email", "sms"] = "email"
    state: Literal["subscribed", "unsubscribed", "unknown"]
    source: Line | None = None
    wording: Line | None = None  # the version of the text that was agreed to
    at: Timestamp | None = None


class Spend(Money):
    """What a customer's counted orders come to in one currency."""

    orders: int


class CustomerFields(Model):
    """What a merchant may write."""

    name: Line | None = None
    first_name: Line | None = None
    last_name: Line | None = None
    company: Line | None = None
    language: Language | None = None
    status: Status = "active"
    groups: Annotated[list[Name], Field(max_length=50), on_input(_once)] = []
    primary_group: Name | None = None
    tags: Annotated[list[Tag], Field(max_length=100), on_input(_once)] = []
    tax_exempt: StrictBool = False
    tax_exemption: TaxExemption | None = None
    vat_id: VatId | None = None
    accepts_marketing: StrictBool | None = None
    marketing_consent: MarketingConsent | None = None
    billing_address: Address | None = None
    shipping_addresses: Annotated[list[ShippingAddress], Field(max_length=MAX_ADDRESSES), on_input(_address_book)] = []
    phone: Phone | None = None  # behind the addresses, whose country it is read with
    note: Annotated[str, StringConstraints(max_length=5000)] | None = None
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
        return _e164(phone, info, *(address.country for address in addresses if address))


class NewCustomer(CustomerFields):
    """A customer to create."""

    email: Email


# RFC 7396: what is absent stays, null empties. Merged into the stored fields, the whole is checked as a NewCustomer.
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


CUSTOMER_FIELDS = tuple(Customer.model_fields)
CustomerField = Literal[CUSTOMER_FIELDS]  # type: ignore[valid-type]

CustomerRow = create_model(
    "CustomerRow",
    __base__=Model,
    __doc__="A customer in a list: with `fields`, no more than these and the id.",
    **(all_optional(Customer) | {"id": (str, ...)}),
)
