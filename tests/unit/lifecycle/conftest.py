"""A customer to erase."""

import pytest
from tests.support.erasures import NOW, holder, order
from tests.support.removals import Waiting

from clientela.customers import customers
from clientela.customers.customer_fields import Customer
from clientela.orders import orders
from clientela.stores.stores import Store


@pytest.fixture
def ana(store: Store, waiting: Waiting) -> Customer:
    """Ana, with everything that a customer can have."""
    for number in range(3):
        orders.record_version(store, order(f"{1001 + number}"), NOW)
    made = holder(store)
    assert made
    customers.patch(store, made.id, {"note": "calls herself Anita", "phone": "+34911222333"}, NOW)
    return customers.patch(store, made.id, {"accepts_marketing": True, "tags": ["vip"]}, NOW)
