"""What an order is: the message of the order system, which is also what is stored and answered.

The order's own facts (id, version, time, e-mail, money, status) are checked strictly: a message that gets them wrong is
refused whole. What it tells about the customer is kept as typed: a phone that cannot be one must not lose an order. Fields
that are not known here are tolerated and left out: an order system may tell more than it has to.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from clientela.customers.customer_fields import PaymentStatus
from clientela.schema.currencies import Currency
from clientela.schema.documents import Model
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
OrderId = Annotated[str, StringConstraints(min_length=1, max_length=ID_LENGTH)]
# Milliseconds are what the keys hold: two times that are one there must be one everywhere.
Moment = Annotated[Timestamp, AfterValidator(_whole_milliseconds)]
# 14 digits leave room for the sum of 10,000 greatest orders in a customer's 18.
Price = Annotated[
    Decimal, Field(max_digits=14, decimal_places=4), AfterValidator(_without_exponent), Field(examples=["24.95"])
]
Total = Annotated[Price, Field(ge=0)]  # money that goes back makes the total smaller, it is no order of its own
Quantity = Annotated[int, Field(ge=0)] | Annotated[float, Field(ge=0, allow_inf_nan=False)]
RawText = str  # as long as it may be: the order as a whole has a limit


class LenientModel(Model):
    """Base of what the order system tells."""

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
    """One line of an order; `price` is that of one piece."""

    sku: RawText | None = None
    name: RawText | None = None
    quantity: Quantity = 1
    price: Price | None = None


class Order(LenientModel):
    """An order at one version: a greater version replaces it, an equal or smaller one is ignored."""

    id: OrderId
    number: RawText | None = None
    version: Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)]
    placed_at: Moment
    updated_at: Moment | None = None
    email: Email
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


class OrderMessage(LenientModel):
    """What the order system puts on the queue."""

    store_id: StoreId
    order: Order
