"""How orders lie in the table: the order itself, and the reference that knows where it is.

An order lies in its customer's collection, or as long as nobody has an account for it, in that of its e-mail. The order
holds its version, so whoever changes or moves it writes or deletes that very version; the reference is written only when
the order is new, moves or has another e-mail.

Of the order of somebody who was erased only the reference is left: its money record is the shop's, and its version keeps
later or repeated messages from bringing the person back.
"""

from datetime import datetime
from typing import NamedTuple

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from clientela import clock
from clientela.customers.customer_fields import PaymentStatus
from clientela.orders import order_statistics
from clientela.orders.order_fields import FulfillmentStatus, Order, Total
from clientela.schema.currencies import Currency
from clientela.schema.documents import Model
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.attributes import DocumentAttribute
from clientela.table.records import Record

MAX_METHOD_LENGTH = 200  # what a customer shows of a payment method


class OrderRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `ORDER#2026-11-21T10:00:00.000Z#1001`; unclaimed: `STORE#demo#EMAIL#ana@…` / the same."""

    order_id = UnicodeAttribute()
    version = NumberAttribute()
    customer_version = NumberAttribute(null=True)  # that the customer had with it: its place in the customer's events
    counted = BooleanAttribute()  # lets DynamoDB find the first and last counted order
    payment_status = UnicodeAttribute()
    fulfillment_status = UnicodeAttribute(null=True)
    payment_method = UnicodeAttribute(null=True)
    order = DocumentAttribute(Order, lean=True)


class ErasedOrderMoney(Model):
    """What is kept of an order whose customer was erased: nothing of it is about a person."""

    currency: Currency
    total: Total
    payment_status: PaymentStatus
    fulfillment_status: FulfillmentStatus | None = None


class OrderReference(Record):
    """`STORE#demo#ORDER#1001` / `REFERENCE`: where an order lies, which without a customer is with its e-mail.

    With `money` the customer was erased: then there is no order any more, only the version that it was at.
    """

    order_id = UnicodeAttribute()
    customer_id = UnicodeAttribute(null=True)
    email = UnicodeAttribute(null=True)  # canonical, as the order has it: the account's own may have changed since
    placed_at = UnicodeAttribute()
    version = NumberAttribute(null=True)  # with money alone: the order itself holds it else
    money = DocumentAttribute(ErasedOrderMoney, null=True)

    @property
    def location_fields(self) -> tuple[str | None, str | None, str]:
        """All that it says: it is put anew only where that changes."""
        return self.customer_id, self.email, self.placed_at

    def place(self, store: Store) -> str:
        """The collection that the order lies in."""
        if self.customer_id:
            return keys.customer(store.id, self.customer_id)
        return keys.email(store.id, self.email or "")

    def order_key(self) -> str:
        """The sort key of the order in that collection."""
        return keys.order(datetime.fromisoformat(self.placed_at), self.order_id)


class StoredOrder(NamedTuple):
    """An order as it was taken before; without a record where its customer was erased, or is being deleted."""

    reference: OrderReference
    record: OrderRecord | None

    @property
    def version(self) -> int:
        """The version that is known; -1 where it is gone with its customer."""
        known = self.record.version if self.record else self.reference.version
        return -1 if known is None else int(known)

    @property
    def order(self) -> Order | None:
        """The order at the version that is known."""
        return self.record.order if self.record else None


def find(store: Store, order_id: str) -> StoredOrder | None:
    """What is known of an order, or None. 2 read units, 1 where there is none."""
    reference = None
    for _ in range(2):  # an order that moves between the two reads is elsewhere by then
        reference = OrderReference.find(keys.order_reference(store.id, order_id), keys.REFERENCE)
        if reference is None:
            return None
        if reference.money:
            break
        record = OrderRecord.find(reference.place(store), reference.order_key())
        if record:
            return StoredOrder(reference, record)
    return StoredOrder(reference, None) if reference else None


def record(collection: str, customer_version: int | None, order: Order) -> OrderRecord:
    """The order to put into a collection, with the version that its customer gets by it, if it has one."""
    return OrderRecord(
        collection,
        keys.order(order.placed_at, order.id),
        order_id=order.id,
        version=order.version,
        customer_version=customer_version,
        counted=order_statistics.contribution(order) is not None,
        order=order,
        payment_status=order.payment_status,
        fulfillment_status=order.fulfillment_status,
        payment_method=(order.payment_method or "")[:MAX_METHOD_LENGTH] or None,
    )


def reference(store: Store, customer_id: str | None, email: str, order: Order) -> OrderReference:
    """The reference to put beside the order; `email` is canonical."""
    return OrderReference(
        keys.order_reference(store.id, order.id),
        keys.REFERENCE,
        order_id=order.id,
        customer_id=customer_id,
        email=email,
        placed_at=clock.format_timestamp(order.placed_at),
    )


def erased_reference(store: Store, order: Order) -> OrderReference:
    """The reference to put for an order whose customer was erased."""
    return OrderReference(
        keys.order_reference(store.id, order.id),
        keys.REFERENCE,
        order_id=order.id,
        version=order.version,
        placed_at=clock.format_timestamp(order.placed_at),
        money=ErasedOrderMoney.model_construct(
            **{name: getattr(order, name) for name in ErasedOrderMoney.model_fields}
        ),
    )


def is_unchanged(known: OrderReference | None) -> Condition:
    """The condition that the reference is as it was read, or that there is none."""
    condition: Condition
    if known is None:
        condition = OrderReference.pk.does_not_exist()
    elif known.money:
        condition = (OrderReference.version == known.version) & OrderReference.money.exists()
    else:
        whose = OrderReference.customer_id
        held = whose == known.customer_id if known.customer_id else whose.does_not_exist()
        condition = held & (OrderReference.email == known.email) & (OrderReference.placed_at == known.placed_at)
    return condition
