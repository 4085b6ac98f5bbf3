from typing import Any

import pytest
from tests.support import table_items
from tests.support.removals import Waiting

from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.errors import CustomerNotFoundError, VersionConflictError
from clientela.lifecycle import customer_removal
from clientela.orders import order_lists, orders
from clientela.orders.order_fields import Order
from clientela.orders.order_records import OrderReference
from clientela.schema.actors import OPERATOR
from clientela.stores.stores import Store
from clientela.table import keys

NOW = clock.now()


def order(number: int = 1, **fields: Any) -> Order:
    plain = {
        "id": str(number),
        "version": 1,
        "placed_at": "2026-01-01T00:00:00Z",
        "email": "ana@example.com",
        "currency": "EUR",
        "total": "10.00",
        "payment_status": "paid",
        "fulfillment_status": "shipped",
    }
    return Order.model_validate(plain | fields)


def stored_of(customer_id: str) -> list[Any]:
    """Return all that the table has of a customer, beside who deleted it and when."""
    items = table_items.everything()
    return [item for item in items if customer_id in str(item) and item["pk"]["S"] != keys.audit("demo")]


def test_nothing_of_a_deleted_customer_is_left_and_its_address_is_free(store: Store) -> None:
    for number in range(3):
        orders.record_version(store, order(number), NOW)
    ana = customers.find(store, "ana@example.com", NOW)
    assert ana
    customers.patch(store, ana.id, {"note": "x"}, NOW)
    customer_removal.remove(store, ana.id, NOW, OPERATOR)
    assert stored_of(ana.id) == []
    with pytest.raises(CustomerNotFoundError):
        customer_removal.remove(store, ana.id, NOW, OPERATOR)
    assert customers.create(store, NewCustomer(email="ana@example.com"), NOW).id != ana.id


def test_a_customer_that_was_changed_is_not_deleted_on_an_old_version(store: Store) -> None:
    ana = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    customers.patch(store, ana.id, {"note": "x"}, NOW)
    with pytest.raises(VersionConflictError):
        customer_removal.remove(store, ana.id, NOW, OPERATOR, version=1)
    assert customers.get(store, ana.id).note == "x"


def test_a_broken_off_deletion_is_finished_by_the_queue(
    store: Store, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders.record_version(store, order(), NOW)
    ana = customers.find(store, "ana@example.com", NOW)
    assert ana
    with monkeypatch.context() as broken:
        broken.setattr("clientela.table.dynamodb.delete_all", lambda items: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            customer_removal.remove(store, ana.id, NOW, OPERATOR)
    assert stored_of(ana.id)
    waiting.work()
    assert stored_of(ana.id) == []


def test_a_deletion_that_runs_out_of_time_is_finished_by_the_queue(store: Store, waiting: Waiting) -> None:
    for number in range(3):
        orders.record_version(store, order(number), NOW)
    ana = customers.find(store, "ana@example.com", NOW)
    assert ana
    customer_removal.remove(store, ana.id, NOW, OPERATOR, out_of_time=lambda: True)
    assert stored_of(ana.id)
    waiting.work(milliseconds=20_000)  # has too little time, too, and asks again
    assert stored_of(ana.id)
    waiting.work()
    assert stored_of(ana.id) == []
    assert waiting.messages == []


def test_a_message_about_a_customer_who_was_not_deleted_after_all_does_nothing(store: Store, waiting: Waiting) -> None:
    ana = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    with pytest.raises(VersionConflictError):
        customer_removal.remove(store, ana.id, NOW, OPERATOR, version=7)
    before = stored_of(ana.id)
    waiting.work()
    assert stored_of(ana.id) == before


def test_an_order_that_has_a_new_customer_meanwhile_stays_theirs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    orders.record_version(store, order(), NOW)
    ana = customers.find(store, "ana@example.com", NOW)
    assert ana
    remove_profile = customer_removal._remove_profile

    def and_then_an_order_comes(*arguments: Any) -> None:
        remove_profile(*arguments)
        orders.record_version(store, order(version=2), NOW)

    monkeypatch.setattr(customer_removal, "_remove_profile", and_then_an_order_comes)
    customer_removal.remove(store, ana.id, NOW, OPERATOR)
    again = customers.find(store, "ana@example.com", NOW)
    assert again
    assert (again.orders_count, len(order_lists.of_customer(store, again.id).items)) == (1, 1)
    assert OrderReference.find(keys.order_reference(store.id, "1"), keys.REFERENCE)
