"""The fields of an order: the order system's message, which is stored and answered as it is.

A wrong id, version, time, currency, total or payment status rejects the message. Every other field
is optional, and `order_repairs` leaves it out if it is invalid, because an invalid phone must not
lose an order. The customer's data is stored as typed. Unknown fields are ignored, because an order
system may send more.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo

from clientela.customers.customer_values import PaymentStatus
from clientela.schema import email_addresses
from clientela.schema.currencies import Currency
from clientela.schema.documents import STORED, Model
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Timestamp
from clientela.stores.stores import StoreId

FulfillmentStatus = Literal[
    "awaiting_processing", "processing", "ready_for_pickup", "shipped", "out_for_delivery", "delivered",
    "will_not_deliver", "returned",
]  # fmt: skip


def _whole_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _without_exponent(amount: Decimal) -> Decimal:
    return Decimal(f"{amount + 0:f}")


ID_LENGTH = 100
MAX_NOTES = 20  # then one more says how many others there are
OrderId = Annotated[str, StringConstraints(min_length=1, max_length=ID_LENGTH)]
# The keys have milliseconds: two times with the same key must be equal everywhere.
Moment = Annotated[Timestamp, AfterValidator(_whole_milliseconds)]
# 14 digits, so that the sum of 10,000 maximal orders fits into the 18 digits of a customer's total.
Price = Annotated[
    Decimal, Field(max_digits=14, decimal_places=4), AfterValidator(_without_exponent), Field(examples=["24.95"])
]
Total = Annotated[Price, Field(ge=0)]  # a refund makes the total smaller; it is not an order of its own
# Negative in an exchange. Whole numbers are those that a double holds exactly.
Quantity = Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)] | Annotated[float, Field(allow_inf_nan=False)]
RawText = str  # without a limit of its own: the order as a whole has one


def _stored_notes(notes: Any, info: ValidationInfo) -> Any:
    return notes if info.context == STORED else []  # a sender's field of that name is another one


Notes = Annotated[
    list[str], BeforeValidator(_stored_notes), Field(exclude_if=lambda notes: not notes, max_length=MAX_NOTES + 1)
]


class LenientModel(Model):
    """Base of the order system's models: unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore")


class OrderAddress(LenientModel):
    """An address as the buyer typed it."""

    name: RawText | None = None
    """The name of the recipient. Example: Ana Pérez"""
    company: RawText | None = None
    """The company of the recipient. Example: Pérez e Hijos, S.L."""
    street: RawText | None = None
    """Street and house number. Example: Calle Mayor 12"""
    street2: RawText | None = None
    """A further line. Example: 3.º B"""
    city: RawText | None = None
    """The city or town. Example: Madrid"""
    postal_code: RawText | None = None
    """The postal code. Example: 28013"""
    region: RawText | None = None
    """The state, province or region. Example: Madrid"""
    country: RawText | None = None
    """The country. Example: ES"""
    phone: RawText | None = None
    """The recipient's phone. Example: +34 911 222 333"""


class OrderItem(LenientModel):
    """One line of an order; `price` is for one piece."""

    sku: RawText | None = None
    """The article's number. Example: TS-M-GREEN"""
    name: RawText | None = None
    """The article's name. Example: T-shirt, green, M"""
    quantity: Quantity = 1
    """The number of pieces; negative for a return in an exchange. Example: 2"""
    price: Price | None = None
    """The price of one piece, in the order's currency."""


class OrderBase(LenientModel):
    """The total in the store's base currency, at the rate of the order's moment."""

    currency: Currency
    """The base currency."""
    total: Total
    """The total in it. Example: 54.20"""


class Order(LenientModel):
    """One version of an order: a greater one replaces it, an equal or smaller one is ignored."""

    id: OrderId
    """The order system's id of the order. Example: 1001"""
    number: RawText | None = None
    """The number that the buyer knows. Example: A-1001"""
    version: Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)]
    """The version of the order: a greater one replaces it. Example: 3"""
    placed_at: Moment
    """When the order was placed."""
    updated_at: Moment | None = None
    """When the order was last changed."""
    email: Annotated[Email | None, BeforeValidator(email_addresses.without_name)] = None
    """The buyer's e-mail, which decides whose order it is. A later version without it keeps it."""
    name: RawText | None = None
    """The buyer's name. Example: Ana Pérez"""
    phone: RawText | None = None
    """The buyer's phone, as typed. Example: +34 911 222 333"""
    language: RawText | None = None
    """The buyer's language. Example: es"""
    currency: Currency
    """The currency of all amounts of the order."""
    total: Total
    """The amount to pay. Example: 49.90"""
    base: OrderBase | None = None
    """The total in the store's base currency, for reports, which never convert amounts."""
    payment_status: PaymentStatus
    """The state of the payment. Statistics count an order once it is paid."""
    fulfillment_status: FulfillmentStatus | None = None
    """The state of the delivery."""
    payment_method: RawText | None = None
    """How the order was paid. Example: card"""
    vat_id: RawText | None = None
    """The buyer's VAT ID, as typed. Example: ESB12345674"""
    billing_address: OrderAddress | None = None
    """The address for the invoice."""
    shipping_address: OrderAddress | None = None
    """The address of the delivery."""
    items: list[OrderItem] = []
    """The lines of the order."""
    accepts_marketing: bool | None = None
    """Whether the buyer ticked the box for marketing. Example: true"""
    notes: Notes = []
    """"field: reason" of each field that was left out because it was invalid. Example: ["phone: Use
    a phone number such as +34911222333."]"""


class OrderMessage(LenientModel):
    """A message that the order system sends to the queue."""

    store_id: StoreId
    order: Order
