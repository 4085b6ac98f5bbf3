"""Members of a group do not wait for each other, and nobody stays in a group that is gone."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from benchmarks.traffic import record_traffic

from clientela import clock
from clientela.bulk import bulk_jobs, group_removal
from clientela.bulk.bulk_fields import BulkChange, ListChange
from clientela.customers import customer_search, customers
from clientela.customers.customer_fields import NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import GroupUnknownError
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.lifecycle import removal_queue
from clientela.lifecycle.removal_queue import GroupRemoval
from clientela.schema.actors import OPERATOR
from clientela.stores import stores
from clientela.stores.setting_groups import Retention
from clientela.stores.stores import Store, StoreSettings

NOW = clock.now()
WORKERS = 8


@pytest.fixture
def store(deployed: None) -> Store:
    return stores.create(f"groups-{uuid.uuid4().hex[:8]}", StoreSettings(name="Groups"), NOW)


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The messages about removals; jobs are not run."""
    messages: list[Any] = []
    monkeypatch.setattr(removal_queue, "put_message", lambda message, delay: messages.append(message))
    monkeypatch.setattr(bulk_jobs, "_call_function", lambda *_: None)
    return messages


def people(store: Store, count: int) -> list[str]:
    return [customers.create(store, NewCustomer(email=f"p{n}@example.com"), NOW).id for n in range(count)]


def members(store: Store, group_id: str) -> list[str]:
    return [each["id"] for each in customer_search.page(store, filter_=CustomerFilter(group=group_id), limit=100).items]


def join(store: Store, customer_id: str, group_id: str) -> None:
    customers.patch(store, customer_id, {"groups": [group_id]}, clock.now())


def test_no_transaction_contains_the_group(store: Store) -> None:
    """DynamoDB lets one transaction at a time use an item: in it, all who join would wait for each other."""
    store = store.model_copy(update={"retention": Retention(history_days=30)})  # else a change is no transaction
    group = groups.create(store, NewGroup(name="VIP", code="vip"), NOW)
    with record_traffic() as traffic:
        bulk_jobs.change(store, people(store, 20), BulkChange(groups=ListChange(add=[group.id])), NOW, OPERATOR)
        customers.create(store, NewCustomer(email="new@example.com", groups=[group.id]), NOW)
    in_transactions = [str(request) for operation, request in traffic.requests if operation == "TransactWriteItems"]
    assert len(in_transactions) >= 20
    assert not any(f"'sk': {{'S': 'GROUP#{group.id}'}}" in text for text in in_transactions)
    assert len(members(store, group.id)) == 21


def test_nobody_is_left_in_a_group_that_is_deleted_while_eight_workers_join(store: Store, queued: list[Any]) -> None:
    customer_ids = people(store, 40)
    for number in range(3):
        group = groups.create(store, NewGroup(name=f"G {number}", code=f"g{number}"), NOW)

        def try_to_join(customer_id: str, group_id: str = group.id) -> bool:
            try:
                join(store, customer_id, group_id)
            except GroupUnknownError:
                return False
            return True

        with ThreadPoolExecutor(WORKERS) as threads:
            joining = [threads.submit(try_to_join, customer_id) for customer_id in customer_ids]
            joining[number * 5].result()
            group_removal.remove(store, group.id, clock.now(), OPERATOR)
            joined = [each.result() for each in joining]
        assert False in joined
        [message] = queued
        queued.clear()
        assert not group_removal.finish(store, message, clock.now(), lambda: False)
        assert members(store, group.id) == []
        assert not any(customers.get(store, customer_id).groups for customer_id in customer_ids)


def test_who_joins_between_the_read_and_the_deletion_leaves_with_the_second_sweep(
    store: Store, queued: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    group, [ana] = groups.create(store, NewGroup(name="VIP", code="vip"), NOW), people(store, 1)
    require_read = customers.Transaction.__dict__["_require_read"]

    def deleted_after_the_read(transaction: Any) -> None:
        assert transaction._reads
        require_read(transaction)
        monkeypatch.undo()
        monkeypatch.setattr(removal_queue, "put_message", lambda message, delay: queued.append(message))
        monkeypatch.setattr(bulk_jobs, "_call_function", lambda *_: None)
        group_removal.remove(store, group.id, clock.now(), OPERATOR)

    monkeypatch.setattr(customers.Transaction, "_require_read", deleted_after_the_read)
    join(store, ana, group.id)
    assert members(store, group.id) == [ana]
    assert not group_removal.finish(store, queued[0], clock.now(), lambda: False)
    assert members(store, group.id) == []


def test_a_group_that_was_not_deleted_after_all_keeps_its_members(store: Store) -> None:
    group, [ana] = groups.create(store, NewGroup(name="VIP", code="vip"), NOW), people(store, 1)
    join(store, ana, group.id)
    message = GroupRemoval(store_id=store.id, group_id=group.id, by=OPERATOR)
    assert not group_removal.finish(store, message, clock.now(), lambda: False)
    assert members(store, group.id) == [ana]
