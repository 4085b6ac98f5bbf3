"""The types of a customer's fields that are more than text, with their checks."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from clientela.schema.documents import Model, on_input
from clientela.schema.fields import Line, Money, Timestamp, refuse_nul
from clientela.sentences import Sentence


def _without_semicolon(text: str) -> str:
    if ";" in text:
        raise ValueError("Use no semicolons.")
    return text


# Without comma and semicolon, which separate the tags of a CSV cell.
Tag = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^,;]*$"), on_input(refuse_nul)]
# Other shop systems and tills, and a customer's id in one of them. A CSV cell has several of both,
# like `shopify:6543; pos:77`.
MAX_EXTERNAL_IDS = 20
ExternalSystem = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,40}$")]
ExternalId = Annotated[
    str, StringConstraints(min_length=1, max_length=200), on_input(refuse_nul), on_input(_without_semicolon)
]
EmailStatus = Literal["unproven", "proven", "bounced", "complained"]
Status = Literal["active", "pending", "disabled"]
VatIdStatus = Literal["none", "pending", "valid", "invalid", "unavailable", "not_checkable"]
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
_ALLOWED_VALUES = Sentence(
    "Use text of up to 1,000 characters, true or false, or a number; whole numbers up to {max}.", max=2**53 - 1
)
CustomFieldValue = Annotated[
    Annotated[str, StringConstraints(max_length=1000)] | bool | WholeNumber | Fraction,
    WrapValidator(_validate_once),
    on_input(_require_no_nul),
]


class TaxExemption(Model):
    """The reason, jurisdiction and last day (inclusive) of a tax exemption."""

    reason: Line | None = None
    """Why the customer pays no tax. Example: reseller"""
    jurisdiction: Line | None = None
    """The authority or area that grants the exemption. Example: ES"""
    expires_on: date | None = None
    """The last day of the exemption, inclusive; null for no end. Example: 2027-01-31"""


class MarketingConsent(Model):
    """The customer's consent to marketing: unknown is never yes."""

    channel: Literal["email", "sms"] = "email"
    """The channel that the consent is for."""
    state: Literal["subscribed", "unsubscribed", "unknown"]
    """Whether the customer agreed, declined, or was not asked."""
    source: Line | None = None
    """Where the consent was given. Example: newsletter form"""
    wording: Line | None = None
    """The version of the text that the customer agreed to. Example: newsletter-2026-03"""
    at: Timestamp | None = None
    """When the consent was given."""


class Spend(Money):
    """The total and number of a customer's counted orders in one currency."""

    orders: int
    """The number of counted orders in this currency. Example: 3"""


class FilledByOrders(Model):
    """What orders filled into an account, and what they must not fill: see `filled_fields`."""

    # Sort key of an order → the names of fields and the ids of addresses with its values.
    sources: dict[str, list[str]] = {}
    cleared: list[str] = []  # fields that the owner or the merchant emptied
    is_touched: bool = False  # a guest whom the merchant changed: remains without orders
    registered_at: Timestamp | None = None  # when the guest became a registered customer
    seen: list[str] = []  # ids of the orders that had filled the account by then
    book_at: Timestamp | None = None  # when the owner or the merchant last wrote the address book
    # The consent from before that of an order.
    own_accepts: bool | None = None
    own_consent: MarketingConsent | None = None

    def places(self) -> dict[str, str]:
        """Return the sort key of the order for each field name and address id."""
        return {name: key for key, names in self.sources.items() for name in names}

    def with_places(self, places: dict[str, str]) -> Self:
        """Return a copy with other sources."""
        sources: dict[str, list[str]] = {}
        for name, key in sorted(places.items()):
            sources.setdefault(key, []).append(name)
        return self.model_copy(update={"sources": sources})


NOTHING_FILLED = FilledByOrders()
