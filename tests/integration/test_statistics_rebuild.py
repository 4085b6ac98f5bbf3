"""Statistics rebuilt from the orders: no drift by itself, and drift made by hand is repaired."""

import json
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest

from clientela import clock, settings
from clientela.customers import customer_search, customers, stored_customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_records import record
from clientela.lifecycle import customer_removal
from clientela.orders import order_integrity, orders, statistics_rebuild, unclaimed_orders
from clientela.orders.order_fields import Order
from clientela.orders.statistics_rebuild import CheckedCustomer
from clientela.schema.actors import OPERATOR
from clientela.schema.fields import Money
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.records import Record

NOW = clock.now()
SAMPLE = Path(__file__).parents[1] / "data" / "chinook" / "orders.jsonl"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_integrity, "_PAUSE_SECONDS", 0)


def order(order_id: str, total: str = "1.25", **fields: object) -> Order:
    plain: dict[str, object] = {
        "id": order_id,
        "version": 1,
        "placed_at": f"2026-11-21T10:00:{int(order_id):02}Z",
        "email": "ana@example.com",
        "currency": "USD",
        "total": total,
        "payment_status": "paid",
    }
    return Order.model_validate(plain | fields)


def with_orders(store: Store, count: int = 3) -> Customer:
    """Return a customer with orders 1, 2, …"""
    for number in range(1, count + 1):
        orders.record_version(store, order(str(number)), NOW)
    return one(store)


def one(store: Store) -> Customer:
    found = customers.find(store, "ana@example.com", NOW)
    assert found
    return found


def drifted(store: Store, *, dry_run: bool = False) -> list[CheckedCustomer]:
    return [found for found in statistics_rebuild.rebuild(store, NOW, dry_run=dry_run) if found.drift]


def fields(found: CheckedCustomer) -> dict[str, tuple[Any, Any]]:
    return {drift.field: (drift.stored, drift.computed) for drift in found.drift}


def break_by_hand(store: Store, customer: Customer, **changes: Any) -> Customer:
    """Write fields of a profile without the domain."""
    broken = customer.model_copy(update=changes)
    records.put(record(store, broken))
    return broken


def test_nothing_has_drifted_after_the_sample_orders_in_every_status_twice_and_shuffled(store: Store) -> None:
    messages = [Order.model_validate(json.loads(line)["order"]) for line in SAMPLE.read_text().splitlines()]
    chance = random.Random(7)
    statuses = ["paid", "refunded", "cancelled", "awaiting_payment", "partially_refunded"]
    later = [
        each.model_copy(update={"version": 2, "payment_status": chance.choice(statuses), "total": each.total / 2})
        for each in chance.sample(messages, 120)
    ]
    for message in chance.sample(messages + later, len(messages) + len(later)):
        orders.record_version(store, message, NOW)
    for item in list(customer_search.all_profiles(store)):  # as the follow-up of a new account does
        unclaimed_orders.adopt(store, stored_customers.load(item), NOW)
    found = list(statistics_rebuild.rebuild(store, NOW))
    assert (len(found), sum(each.orders for each in found)) == (59, 412)
    assert [each for each in found if each.drift] == []
    assert list(order_integrity.find_orphans(store)) == []


def test_drift_is_reported_then_corrected_and_gone(store: Store) -> None:
    ana = with_orders(store)
    broken = break_by_hand(
        store,
        ana,
        orders_count=5,
        total_spent=[ana.total_spent[0].model_copy(update={"amount": Decimal("9.99")})],
        average_order_value=Money(amount=Decimal("2.00"), currency="USD"),
        last_order_at=None,
        last_order_status="refunded",
    )
    [found] = drifted(store, dry_run=True)
    assert (found.customer_id, found.orders, found.corrected) == (ana.id, 3, False)
    assert fields(found) == {
        "orders_count": (5, 3),
        "total_spent": (
            [{"amount": "9.99", "currency": "USD", "orders": 3}],
            [{"amount": "3.75", "currency": "USD", "orders": 3}],
        ),
        "average_order_value": ({"amount": "2.00", "currency": "USD"}, {"amount": "1.25", "currency": "USD"}),
        "last_order_at": (None, "2026-11-21T10:00:03.000Z"),
        "last_order_status": ("refunded", "paid"),
        "directory.spent_key": (f"f99900#{ana.id}", f"f37500#{ana.id}"),
        "directory.orders_key": (f"b5#{ana.id}", f"b3#{ana.id}"),
        "directory.last_order_key": (None, f"2026-11-21T10:00:03.000Z#{ana.id}"),
    }
    assert one(store) == broken
    [corrected] = drifted(store)
    assert (corrected.drift, corrected.corrected) == (found.drift, True)
    assert one(store).model_dump(exclude={"version", "updated_at"}) == ana.model_dump(exclude={"version", "updated_at"})
    assert drifted(store) == []


def test_statistics_without_an_order_are_drift_too(store: Store) -> None:
    ana = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    break_by_hand(store, ana, orders_count=1)
    assert [each.corrected for each in drifted(store)] == [True]
    assert one(store).orders_count == 0


def test_directory_entries_alone_are_corrected(store: Store) -> None:
    ana = with_orders(store)
    boto3.client("dynamodb").update_item(
        TableName=settings.table_name(),
        Key={"pk": {"S": keys.customer(store.id, ana.id)}, "sk": {"S": keys.PROFILE}},
        UpdateExpression="SET spent_key = :wrong",
        ExpressionAttributeValues={":wrong": {"S": f"{0:020d}#{ana.id}"}},
    )
    [found] = drifted(store)
    assert (list(fields(found)), found.corrected) == (["directory.spent_key"], True)
    assert drifted(store) == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_order_that_comes_while_a_customer_is_computed_is_counted(
    store: Store, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    ana = with_orders(store)
    break_by_hand(store, ana, total_spent=[ana.total_spent[0].model_copy(update={"amount": Decimal("9.99")})])
    compute, coming = statistics_rebuild._computed, iter(["7", "8", "9"])

    def interrupted(*arguments: Any) -> Any:
        computed = compute(*arguments)
        if number := next(coming, None):
            orders.record_version(store, order(number), NOW)
        return computed

    monkeypatch.setattr(statistics_rebuild, "_computed", interrupted)
    [found] = drifted(store, dry_run=dry_run)
    assert (found.orders, found.corrected) == (6, not dry_run)
    monkeypatch.undo()
    if dry_run:
        drifted(store)
    assert (one(store).orders_count, one(store).total_spent[0].amount) == (6, Decimal("7.50"))
    assert drifted(store) == []


def test_a_customer_deleted_meanwhile_is_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = with_orders(store)
    break_by_hand(store, ana, orders_count=5)
    check = statistics_rebuild._check_version

    def deleted(*arguments: Any, **options: Any) -> Any:
        customer_removal.remove(store, ana.id, NOW, OPERATOR)
        return check(*arguments, **options)

    monkeypatch.setattr(statistics_rebuild, "_check_version", deleted)
    assert drifted(store) == []


def _without_profile(store: Store, customer: Customer) -> None:
    Record(keys.customer(store.id, customer.id), keys.PROFILE).delete()


def _without_reference(store: Store, customer: Customer) -> None:
    Record(keys.order_reference(store.id, "1"), keys.REFERENCE).delete()


def _without_order(store: Store, customer: Customer) -> None:
    Record(keys.customer(store.id, customer.id), keys.order(order("1").placed_at, "1")).delete()


def _with_another_reference(**changes: Any) -> Callable[[Store, Customer], None]:
    def change(store: Store, customer: Customer) -> None:
        values = {f":{name}": value for name, value in changes.items()}
        boto3.client("dynamodb").update_item(
            TableName=settings.table_name(),
            Key={"pk": {"S": keys.order_reference(store.id, "1")}, "sk": {"S": keys.REFERENCE}},
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in changes),
            ExpressionAttributeValues=values,
        )

    return change


@pytest.mark.parametrize(
    ("loosen", "kinds"),
    [
        (_without_profile, ["order_without_customer"]),
        (_without_reference, ["order_without_reference"]),
        (_without_order, ["reference_without_order"]),
        (_with_another_reference(customer_id={"S": "cus_other"}), ["order_left_behind", "reference_without_order"]),
    ],
)
def test_what_is_loose_is_reported(store: Store, loosen: Callable[[Store, Customer], None], kinds: list[str]) -> None:
    ana = with_orders(store, 1)
    assert list(order_integrity.find_orphans(store)) == []
    loosen(store, ana)
    found = list(order_integrity.find_orphans(store))
    assert sorted(end.kind for end in found) == kinds
    assert {end.order_id for end in found} == {"1"}


def test_an_order_that_moves_while_it_is_looked_at_is_not_loose(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with_orders(store, 1)
    partners, moves = order_integrity._partners, iter([2])

    def moved(*arguments: Any) -> Any:
        if version := next(moves, None):
            orders.record_version(store, order("1", version=version, email="ben@example.com"), NOW)
        return partners(*arguments)

    monkeypatch.setattr(order_integrity, "_partners", moved)
    assert list(order_integrity.find_orphans(store)) == []


def test_money_records_of_the_erased_are_not_loose(store: Store) -> None:
    Record(keys.order_reference(store.id, "1"), keys.REFERENCE).save()
    table = boto3.resource("dynamodb").Table(settings.table_name())
    table.put_item(
        Item={
            "pk": keys.order_reference(store.id, "1"),
            "sk": keys.REFERENCE,
            "order_id": "1",
            "version": 1,
            "money": "{}",
        }
    )
    assert list(order_integrity.find_orphans(store)) == []


def test_orders_that_an_erasure_has_not_come_to_yet_are_not_loose(store: Store) -> None:
    ana = with_orders(store, 1)
    _without_profile(store, ana)
    Record(keys.customer(store.id, ana.id), keys.ERASING).save()
    assert list(order_integrity.find_orphans(store)) == []


def test_other_stores_are_left_alone(store: Store) -> None:
    with_orders(store, 1)
    _without_reference(store, one(store))
    other = store.model_copy(update={"id": f"{store.id}-2"})
    assert (list(order_integrity.find_orphans(other)), drifted(other)) == ([], [])


def test_customers_are_taken_as_they_are_worked_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is constant: profiles are read only as the threads need them."""
    read: list[int] = []
    item = record(store, with_orders(store, 1)).item()

    def many(*_: object, **__: object) -> Iterator[dict[str, Any]]:
        for number in range(1000):
            read.append(number)
            yield item

    monkeypatch.setattr(customer_search, "all_profiles", many)
    checked = statistics_rebuild.rebuild(store, NOW)
    for _ in range(50):
        next(checked)
    checked.close()  # type: ignore[attr-defined]
    assert len(read) < 50 + 20
