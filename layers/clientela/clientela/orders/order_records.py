"""Orders as items of the table: the order itself, and the reference that locates it.

An order is stored in its customer's collection; an unclaimed one in the collection of its e-mail.
Every change or move of an order is conditional on its stored version. The reference is written only
if the order is new, moves or has a new e-mail.

If the customer was erased, only the reference is left: its money record is the store's, and its
version keeps later or repeated messages from recreating the customer.
"""

from datetime import datetime
from typing import NamedTuple

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from clientela import clock
from clientela.customers.customer_values import PaymentStatus
from clientela.errors import BusyError
from clientela.orders import order_statistics
from clientela.orders.order_fields import FulfillmentStatus, Order, OrderBase, Total
from clientela.orders.order_owners import MAX_METHOD_LENGTH
from clientela.schema.currencies import Currency
from clientela.schema.documents import Model
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.attributes import DocumentAttribute
from clientela.table.records import Record
from clientela.table.transactions import Transaction


class OrderRecord(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `ORDER#2026-11-21T10:00:00.000Z#1001`.

    Unclaimed: `STORE#demo#EMAIL#ana@…` / the same.
    """

    order_id = UnicodeAttribute()
    version = NumberAttribute()
    customer_version = NumberAttribute(
        null=True
    )  # the version of the customer written with it: orders the customer's events
    email_version = NumberAttribute(null=True)  # that gave the order its e-mail, if not this version
    counted = BooleanAttribute()  # lets DynamoDB find the first counted order
    payment_status = UnicodeAttribute()
    fulfillment_status = UnicodeAttribute(null=True)
    payment_method = UnicodeAttribute(null=True)
    order = DocumentAttribute(Order, lean=True)
    # An unclaimed order has an entry in the index of creation, in a bucket without customers: so
    # all of a store's can be listed.
    dir = UnicodeAttribute(null=True)
    created_key = UnicodeAttribute(null=True)


class ErasedOrderMoney(Model):
    """The retained part of an order whose customer was erased, without personal data."""

    currency: Currency
    total: Total
    base: OrderBase | None = None
    payment_status: PaymentStatus
    fulfillment_status: FulfillmentStatus | None = None


class OrderReference(Record):
    """`STORE#demo#ORDER#1001` / `REFERENCE`: where an order is stored.

    With `money` the customer was erased: the order is deleted, and only its version is left.
    """

    order_id = UnicodeAttribute()
    customer_id = UnicodeAttribute(null=True)
    email = UnicodeAttribute(null=True)  # the order's, canonical: the e-mail of the account may have changed since
    placed_at = UnicodeAttribute()
    version = NumberAttribute(null=True)  # only with money: else the order has it
    money = DocumentAttribute(ErasedOrderMoney, null=True)

    @property
    def location_fields(self) -> tuple[str | None, str | None, str]:
        """The fields that locate the order: the reference is written again only if they change."""
        return self.customer_id, self.email, self.placed_at

    def collection(self, store: Store) -> str:
        """Return the partition key of the order."""
        return keys.customer(store.id, self.customer_id) if self.customer_id else unclaimed(store, self.email)

    def order_key(self) -> str:
        """Return the sort key of the order."""
        return keys.order(datetime.fromisoformat(self.placed_at), self.order_id)


class StoredOrder(NamedTuple):
    """A stored order. Without a record its customer was erased or is being deleted."""

    reference: OrderReference
    record: OrderRecord | None

    @property
    def version(self) -> int:
        """The stored version; -1 if it was deleted with the customer."""
        version = self.record.version if self.record else self.reference.version
        return -1 if version is None else int(version)

    @property
    def email_version(self) -> int:
        """The version that gave the stored one its e-mail; -1 if none did."""
        if self.record is None or self.record.order.email is None:
            return -1
        return int(self.record.email_version or self.record.version)

    @property
    def order(self) -> Order | None:
        """The order at the stored version."""
        return self.record.order if self.record else None


def find(store: Store, order_id: str) -> StoredOrder | None:
    """Return the stored order with its reference, or None. Cost: 2 read units, 1 without order."""
    reference = None
    for _ in range(2):  # an order may move between the two reads
        reference = OrderReference.find(keys.order_reference(store.id, order_id), keys.REFERENCE)
        if reference is None:
            return None
        if reference.money:
            break
        record = OrderRecord.find(reference.collection(store), reference.order_key())
        if record:
            return StoredOrder(reference, record)
    return StoredOrder(reference, None) if reference else None


def unclaimed(store: Store, email: str | None) -> str:
    """Return the partition key of the unclaimed orders of a canonical e-mail, or of no e-mail."""
    return keys.email(store.id, email or "")


def record(
    collection: str,
    customer_version: int | None,
    order: Order,
    email_version: float | None = None,
) -> OrderRecord:
    """Return the record of an order in a collection; `customer_version` is written with it."""
    sort_key, is_unclaimed = keys.order(order.placed_at, order.id), not keys.is_customer(collection)
    return OrderRecord(
        collection,
        sort_key,
        order_id=order.id,
        version=order.version,
        customer_version=customer_version,
        email_version=email_version if order.email and email_version != order.version else None,
        counted=order_statistics.contribution(order) is not None,
        order=order,
        payment_status=order.payment_status,
        fulfillment_status=order.fulfillment_status,
        payment_method=(order.payment_method or "")[:MAX_METHOD_LENGTH] or None,
        dir=keys.unclaimed_orders(keys.store_of(collection)) if is_unclaimed else None,
        created_key=keys.unclaimed_order(sort_key) if is_unclaimed else None,
    )


def reference(store: Store, customer_id: str | None, email: str | None, order: Order) -> OrderReference:
    """Return the reference of an order. `email` is canonical; None if the order never had one."""
    return OrderReference(
        keys.order_reference(store.id, order.id),
        keys.REFERENCE,
        order_id=order.id,
        customer_id=customer_id,
        email=email,
        placed_at=clock.format_timestamp(order.placed_at),
    )


def write_order(write: Transaction, reference: OrderReference, record: OrderRecord, stored: StoredOrder | None) -> None:
    """Add an order in place of its stored version to a transaction, which may raise BusyError."""
    old, stale = stored and stored.record, BusyError()
    if stored is None:
        write.put_record(reference, OrderReference.pk.does_not_exist(), stale)
    elif reference.location_fields != stored.reference.location_fields or stored.record is None:
        write.put_record(reference, is_unchanged(stored.reference), stale)
    if old and (old.pk, old.sk) == (record.pk, record.sk):
        write.put_record(record, OrderRecord.version == old.version, stale)
        return
    write.put_record(record)
    if old:
        write.delete(old, OrderRecord.version == old.version, stale)


def erased_reference(store: Store, order: Order) -> OrderReference:
    """Return the reference of an order whose customer was erased."""
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


def is_unchanged(stored: OrderReference | None) -> Condition:
    """Return the condition that the reference is still the stored one, or still does not exist."""
    condition: Condition
    if stored is None:
        condition = OrderReference.pk.does_not_exist()
    elif stored.money:
        condition = (OrderReference.version == stored.version) & OrderReference.money.exists()
    else:
        customer_id = OrderReference.customer_id
        same_owner = customer_id == stored.customer_id if stored.customer_id else customer_id.does_not_exist()
        email = OrderReference.email
        same_email = email == stored.email if stored.email else email.does_not_exist()
        condition = same_owner & same_email & (OrderReference.placed_at == stored.placed_at)
    return condition
