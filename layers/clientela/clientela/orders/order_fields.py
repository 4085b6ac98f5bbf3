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

from clientela.customers.customer_fields import PaymentStatus
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
    company: RawText | None = None
    street: RawText | None = None
    street2: RawText | None = None
    city: RawText | None = None
    postal_code: RawText | None = None
    region: RawText | None = None
    country: RawText | None = None
    phone: RawText | None = None


class OrderItem(LenientModel):
    """One line of an order; `price` is for one piece."""

    sku: RawText | None = None
    name: RawText | None = None
    quantity: Quantity = 1
    price: Price | None = None


class Order(LenientModel):
    """One version of an order: a greater one replaces it, an equal or smaller one is ignored."""

    id: OrderId
    number: RawText | None = None
    version: Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)]
    placed_at: Moment
    updated_at: Moment | None = None
    email: Email | None = None  # a later version without it has that of the stored one
    name: RawText | None = None
    phone: RawText | None = None
    language: RawText | None = None
    currency: Currency
    total: Total
    payment_status: PaymentStatus
    fulfillment_status: FulfillmentStatus | None = None
    payment_method: RawText | None = None
    vat_id: RawText | None = None
    billing_address: OrderAddress | None = None
    shipping_address: OrderAddress | None = None
    items: list[OrderItem] = []
    accepts_marketing: bool | None = None
    notes: Notes = []  # "field: reason" of each field that was left out because it was invalid


class OrderMessage(LenientModel):
    """A message that the order system sends to the queue."""

    store_id: StoreId
    order: Order
