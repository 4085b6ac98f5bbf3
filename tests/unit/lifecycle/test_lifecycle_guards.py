"""What guards a merge and an erasure against orders at the same time, each shown by one fixed interleaving."""

import pytest
from tests.support.erasures import BEFORE, MERCHANT, NOW, order, reference
from tests.support.interleaving import before_first
from tests.support.removals import Waiting

from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.lifecycle import customer_removal, erasure_sweep, merges
from clientela.orders import order_lists, order_records, orders
from clientela.orders.order_records import OrderRecord
from clientela.stores.stores import Store
from clientela.table import records


def test_an_order_that_comes_at_the_end_of_a_merge_moves_too(
    store: Store, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = customers.create(store, NewCustomer(email="ana@example.com"), BEFORE)
    source = customers.create(store, NewCustomer(email="old@example.com"), BEFORE)
    before_first(
        monkeypatch, merges, "_fuse", lambda: orders.record_version(store, order(email="old@example.com"), NOW)
    )
    merged = merges.merge(store, into.id, source.id, NOW, MERCHANT, lambda: False)
    assert (merged.orders_moved, customers.get(store, into.id).orders_count) == (1, 1)
    assert [each.id for each in order_lists.of_customer(store, into.id).items] == ["1001"]


def test_a_change_of_the_target_during_a_merge_is_not_lost(
    store: Store, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = customers.create(store, NewCustomer(email="ana@example.com"), BEFORE)
    source = customers.create(store, NewCustomer(email="old@example.com", company="Old Ltd"), BEFORE)
    before_first(monkeypatch, merges, "_fuse", lambda: customers.patch(store, into.id, {"name": "Ana"}, NOW))
    merges.merge(store, into.id, source.id, NOW, MERCHANT, lambda: False)
    after = customers.get(store, into.id)
    assert (after.name, after.company) == ("Ana", "Old Ltd")


def test_the_money_record_is_that_of_a_version_which_comes_during_the_erasure(
    store: Store, ana: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delivery that had read the customer before the erasure began writes its version of the order afterwards."""
    found = order_records.find(store, "1001")
    assert found
    assert found.record
    version = int(found.record.customer_version)
    later = order_records.record(found.record.pk, version, order(version=2, fulfillment_status="delivered"))
    before_first(
        monkeypatch, erasure_sweep, "_delete", lambda: records.put(later, OrderRecord.version == found.version)
    )
    customer_removal.erase(store, ana.id, NOW, MERCHANT, lambda: False)
    money = reference(store).money
    assert money
    assert (reference(store).version, money.fulfillment_status) == (2, "delivered")
