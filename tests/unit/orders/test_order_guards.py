"""What guards an order against another writer, each shown by one fixed interleaving.

`make mutants` removes each guard and runs the test that is named for it.
"""

import pytest
from tests.support.interleaving import before_first
from tests.support.orders import NOW, figures, holder, take

from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.orders import order_lists, order_records, orders, unclaimed_orders
from clientela.schema.actors import Actor
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings


def test_a_version_that_comes_while_an_order_moves_by_its_email_is_not_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(store)
    before_first(
        monkeypatch, order_records, "write_order", lambda: take(store, version=3, fulfillment_status="shipped")
    )
    take(store, version=2, email="ben@example.com")
    ana = holder(store)
    assert orders.get(store, ana.id, "1001").version == 3
    assert (ana.orders_count, customers.find(store, "ben@example.com", NOW)) == (1, None)


def test_a_version_that_comes_while_an_order_moves_to_another_customer_is_not_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(store)
    ben = customers.create(store, NewCustomer(email="ben@example.com"), NOW)
    before_first(
        monkeypatch, order_records, "write_order", lambda: take(store, version=2, fulfillment_status="shipped")
    )
    orders.move(store, "1001", holder(store).id, ben.id, NOW, Actor("operator"))
    assert orders.get(store, ben.id, "1001").version == 2
    assert (holder(store).orders_count, holder(store, "ben@example.com").orders_count) == (0, 1)


def test_a_version_written_alone_does_not_replace_a_later_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    take(store)
    before_first(
        monkeypatch, orders.records, "put", lambda: take(store, version=3, payment_status="refunded", total="49.90")
    )
    take(store, version=2, fulfillment_status="shipped")
    ana = holder(store)
    stored = orders.get(store, ana.id, "1001")
    assert (stored.version, stored.payment_status) == (3, "refunded")
    assert figures(ana)[:2] == (0, {})


def test_an_unclaimed_order_whose_account_is_created_meanwhile_joins_it(
    aws: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = stores.create("closed", StoreSettings(name="Closed", login_mode="required"), NOW)

    def account_is_created() -> None:
        made = customers.create(closed, NewCustomer(email="ana@example.com"), NOW)
        unclaimed_orders.adopt(closed, made, NOW)  # finds no order yet, and is not called again

    before_first(monkeypatch, orders.tombstones, "require_not_erased_since", account_is_created)
    take(closed)
    ana = holder(closed)
    assert ana.orders_count == 1
    assert [each.id for each in order_lists.of_customer(closed, ana.id).items] == ["1001"]


def test_two_first_versions_of_an_order_at_once_are_one_order(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before_first(monkeypatch, order_records, "write_order", lambda: take(store, version=2, email="ben@example.com"))
    take(store)
    found = order_records.find(store, "1001")
    assert found
    assert (found.version, found.reference.email) == (2, "ben@example.com")
    assert customers.find(store, "ana@example.com", NOW) is None
