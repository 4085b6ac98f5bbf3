"""How orders lie in the table: the order in its customer's collection, and the reference that knows where it is.

Of the order of somebody who was erased only the reference is left: its money record is the shop's, and its version keeps
later or repeated messages from bringing the person back.
"""

from datetime import datetime

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from clientela import clock, email_addresses, keys, statistics
from clientela.currencies import Currency
from clientela.customer_fields import PaymentStatus
from clientela.documents import DecimalAttribute, Document, DocumentAttribute
from clientela.order_fields import FulfillmentStatus, Order, Total
from clientela.statistics import Counted
from clientela.stores import Store
from clientela.table import Record

METHOD_LENGTH = 200  # what a customer shows of a payment method


class OrderRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `ORDER#2026-11-21T10:00:00.000Z#1001`."""

    order_id = UnicodeAttribute()
    version = NumberAttribute()
    customer_version = NumberAttribute()  # that the customer got with it: it puts the order in the customer's events
    counted = BooleanAttribute()  # lets DynamoDB find the first and last counted order
    payment_status = UnicodeAttribute()
    fulfillment_status = UnicodeAttribute(null=True)
    payment_method = UnicodeAttribute(null=True)
    order = DocumentAttribute(Order, lean=True)


class Money(Document):
    """What is kept of an order whose customer was erased: nothing of it is about a person."""

    currency: Currency
    total: Total
    payment_status: PaymentStatus
    fulfillment_status: FulfillmentStatus | None = None


class OrderReference(Record):
    """`STORE#demo#ORDER#1001` / `REFERENCE`: the version an order is at, where it lies, and what was counted for it.

    With `money` the customer was erased: then it has neither customer nor e-mail.
    """

    order_id = UnicodeAttribute()
    version = NumberAttribute()
    customer_id = UnicodeAttribute(null=True)
    email = UnicodeAttribute(null=True)  # canonical, as of this version: the account's own may have changed since
    placed_at = UnicodeAttribute()
    money = DocumentAttribute(Money, null=True)
    counted_total = DecimalAttribute(null=True)
    counted_currency = UnicodeAttribute(null=True)

    def order_key(self) -> str:
        """The sort key of the order in its customer's collection."""
        return keys.order(datetime.fromisoformat(self.placed_at), self.order_id)

    def counted(self) -> Counted | None:
        """What was counted for the order at this version."""
        if self.counted_total is None or self.counted_currency is None:
            return None
        return Counted(datetime.fromisoformat(self.placed_at), self.counted_total, self.counted_currency)


def record(store: Store, customer_id: str, customer_version: int, order: Order) -> OrderRecord:
    """The order to put, with the version that its customer gets by it."""
    return OrderRecord(
        keys.customer(store.id, customer_id), keys.order(order.placed_at, order.id),
        order_id=order.id, version=order.version, customer_version=customer_version,
        counted=statistics.counted(order) is not None, order=order,
        payment_status=order.payment_status, fulfillment_status=order.fulfillment_status,
        payment_method=(order.payment_method or "")[:METHOD_LENGTH] or None,
    )  # fmt: skip


def reference(store: Store, customer_id: str, order: Order) -> OrderReference:
    """The reference to put beside the order."""
    counts = statistics.counted(order)
    return OrderReference(
        keys.order_reference(store.id, order.id), keys.REFERENCE,
        order_id=order.id, version=order.version, customer_id=customer_id, email=email_addresses.canonical(order.email),
        placed_at=clock.stamp(order.placed_at),
        counted_total=counts and counts.total, counted_currency=counts and counts.currency,
    )  # fmt: skip


def erased(store: Store, order: Order) -> OrderReference:
    """The reference to put for an order whose customer was erased."""
    return OrderReference(
        keys.order_reference(store.id, order.id), keys.REFERENCE,
        order_id=order.id, version=order.version, placed_at=clock.stamp(order.placed_at),
        money=Money.model_construct(**{name: getattr(order, name) for name in Money.model_fields}),
    )  # fmt: skip


def unchanged(known: OrderReference | None) -> Condition:
    """The condition that an order is as it was read: at that version, and with that customer, or erased."""
    condition: Condition
    if known is None:
        condition = OrderReference.pk.does_not_exist()
    elif known.money:
        condition = (OrderReference.version == known.version) & OrderReference.money.exists()
    else:
        condition = (OrderReference.version == known.version) & (OrderReference.customer_id == known.customer_id)
    return condition
