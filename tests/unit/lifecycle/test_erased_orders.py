"""The orders of an erased person: the money stays, nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support import erased_people
from tests.support.erasures import AFTER, BEFORE, MERCHANT, NOW, erase, holder, order, reference
from tests.support.removals import Waiting

from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import OrderNotFoundError
from clientela.lifecycle import customer_removal
from clientela.orders import order_lists, orders, unclaimed_orders
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings


def test_the_shops_money_stays_and_nothing_else_of_an_order(store: Store, ana: Customer) -> None:
    erase(store, ana)
    kept = reference(store)
    assert kept.money.model_dump(mode="json") == {
        "currency": "EUR",
        "total": "10.00",
        "payment_status": "paid",
        "fulfillment_status": "shipped",
        "base": None,
    }
    assert (kept.version, kept.placed_at, kept.customer_id, kept.email) == (
        1,
        clock.format_timestamp(BEFORE),
        None,
        None,
    )


def test_versions_of_an_erased_order_change_its_money_alone(store: Store, ana: Customer) -> None:
    erase(store, ana)
    assert not orders.record_version(store, order(version=1), NOW)
    assert orders.record_version(store, order(version=3, total="4.00", payment_status="partially_refunded"), NOW)
    assert not orders.record_version(store, order(version=2, total="9.00"), NOW)
    assert orders.record_version(store, order(version=4, total="3.00", email="other@example.com"), NOW)
    kept = reference(store)
    assert (kept.version, str(kept.money.total), kept.customer_id) == (4, "3.00", None)
    assert holder(store) is None
    assert holder(store, "other@example.com") is None


def test_an_order_placed_before_makes_no_account_and_one_placed_after_a_new_one(store: Store, ana: Customer) -> None:
    erase(store, ana)
    assert orders.record_version(store, order("late", placed_at=NOW - timedelta(milliseconds=1)), AFTER)
    assert holder(store) is None
    assert reference(store, "late").money.total == 10
    # One that was placed at the time of the erasure itself counts as placed before it.
    assert orders.record_version(store, order("new", placed_at=NOW + timedelta(milliseconds=1)), AFTER)
    again = holder(store)
    assert again
    assert (again.id != ana.id, again.orders_count) == (True, 1)
    assert [each.id for each in order_lists.of_customer(store, again.id).items] == ["new"]


def test_a_changed_email_takes_the_order_from_its_holder_into_the_money_alone(store: Store, ana: Customer) -> None:
    orders.record_version(store, order("7", email="ben@example.com", name="Ben", shipping_address=None), NOW)
    erase(store, ana)
    assert orders.record_version(store, order("7", version=2, email="ana@example.com"), NOW)
    ben = holder(store, "ben@example.com")
    assert ben
    assert (ben.orders_count, order_lists.of_customer(store, ben.id).items) == (0, [])
    with pytest.raises(OrderNotFoundError):
        orders.get(store, ben.id, "7")
    assert reference(store, "7").money


def test_orders_that_wait_for_their_account_are_erased_with_it_and_later_ones_stay(aws: Any, waiting: Waiting) -> None:
    closed = stores.create("closed", StoreSettings(name="Closed", login_mode="required"), NOW)
    orders.record_version(closed, order(), NOW)
    orders.record_version(closed, order("later", placed_at=AFTER), NOW)
    made = customers.create(closed, NewCustomer(email="ana@example.com"), NOW)
    certificate = customer_removal.erase(closed, made.id, NOW, MERCHANT, lambda: False)
    assert erased_people.traces([made.id]) == []  # the later order has the address and the name
    assert (certificate.deleted.orders, certificate.kept[0].count) == (1, 1)
    erased = reference(closed)
    assert erased.money
    assert (str(erased.money.total), erased.customer_id, erased.email) == ("10.00", None, None)
    assert reference(closed, "later").email == "ana@example.com"
    assert not orders.record_version(closed, order(), NOW)
    assert orders.record_version(closed, order(version=2, total="9.00"), NOW)
    money = reference(closed).money
    assert money
    assert str(money.total) == "9.00"
    assert orders.record_version(
        closed, order("late", placed_at=BEFORE), NOW
    )  # an order from before that comes only now
    assert reference(closed, "late").email is None
    again = customers.create(closed, NewCustomer(email="ana@example.com"), AFTER)
    assert unclaimed_orders.adopt(closed, again, AFTER).orders_count == 1
