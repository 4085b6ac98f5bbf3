"""A person to erase, and what is left of them."""

from datetime import datetime, timedelta
from typing import Any

from tests.support import erased_people

from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import Customer
from clientela.lifecycle import customer_removal, erasures
from clientela.orders.order_fields import Order
from clientela.orders.order_records import OrderReference
from clientela.schema.actors import Actor
from clientela.stores.stores import Store
from clientela.table import keys

NOW = clock.now()


BEFORE, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=1)


MERCHANT = Actor("api_key", "key_1")


def order(order_id: str = "1001", version: int = 1, placed_at: datetime = BEFORE, **fields: Any) -> Order:
    plain = {
        "id": order_id,
        "version": version,
        "placed_at": clock.format_timestamp(placed_at),
        "email": "ana@example.com",
        "name": "Ana Pérez",
        "currency": "EUR",
        "total": "10.00",
        "payment_status": "paid",
        "fulfillment_status": "shipped",
        "shipping_address": {"street": "Gran Vía 1", "city": "Madrid", "country": "ES"},
        "payment_method": "card",
    }
    return Order.model_validate(plain | fields)


def erase(store: Store, customer: Customer, *more: str) -> erasures.Erasure:
    """Erase a customer, and walk through all that is stored for what it has, and for more values of the person."""
    values = erased_people.values_of(customer, *more)
    certificate = customer_removal.erase(store, customer.id, NOW, MERCHANT, lambda: False)
    assert certificate.status == "complete"
    assert erased_people.traces(values) == []
    return certificate


def holder(store: Store, email: str = "ana@example.com") -> Customer | None:
    return customers.find(store, email, clock.now())


def reference(store: Store, order_id: str = "1001") -> OrderReference:
    found = OrderReference.find(keys.order_reference(store.id, order_id), keys.REFERENCE)
    assert found
    return found
