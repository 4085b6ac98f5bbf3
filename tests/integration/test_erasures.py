"""Erasing on a database with real transactions: broken off at every call, beside orders of the same person, and at length."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from tests.support import table_items
from tests.support.removals import Waiting

from clientela import clock
from clientela.customers import customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import BusyError, CustomerNotFoundError
from clientela.lifecycle import customer_removal, erasures, merges, removal_queue
from clientela.orders import order_records, orders
from clientela.orders.order_fields import Order
from clientela.orders.order_records import OrderReference
from clientela.schema.actors import OPERATOR
from clientela.sign_in import sign_in_events
from clientela.sign_in.sign_in_limits import hash_identity
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb, keys

NOW = clock.now()
BEFORE = NOW - timedelta(days=1)
THREADS = 16


@pytest.fixture(autouse=True)
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    queue = Waiting()
    monkeypatch.setattr(removal_queue, "put_message", queue.put)
    return queue


def order(number: int, version: int = 1, email: str = "ana@example.com") -> Order:
    return Order.model_validate(
        {
            "id": f"{number}",
            "version": version,
            "placed_at": clock.format_timestamp(BEFORE + timedelta(seconds=number)),
            "email": email,
            "name": "Ana Pérez",
            "currency": "USD",
            "total": f"{number}.{version:02}",
            "payment_status": "paid",
        }
    )


def person(store: Store, number_of_orders: int) -> Customer:
    for number in range(number_of_orders):
        orders.record_version(store, order(number), NOW)
    found = customers.find(store, "ana@example.com", NOW)
    assert found
    customers.patch(store, found.id, {"note": "Anita"}, NOW)
    sign_in_events.record(store, "ana@example.com", "requested", BEFORE, request_id="req_1")
    dynamodb.put_all(
        [dynamodb.key(keys.sign_in(store.id, "req_1"), keys.REQUEST) | {"email": {"S": "ana@example.com"}}]
    )
    return found


def items_of(store: Store) -> list[dict[str, Any]]:
    return [item for item in table_items.everything() if store.id in item["pk"]["S"]]


def demand_gone(store: Store, customer: Customer, number_of_orders: int) -> None:
    """Nothing of the person is left, and all of the money."""
    left = items_of(store)
    text = str(left).lower()
    for identity in ("ana@example.com", "ana pérez", "anita", customer.id.lower()):
        assert identity not in text
    assert sum("money" in item for item in left) == number_of_orders
    [certificate] = erasures.list_all(store).items
    assert (certificate.status, certificate.kept[0].count) == ("complete", number_of_orders)
    counts = certificate.deleted
    assert (counts.orders, counts.history, counts.sign_ins) == (number_of_orders, 1, 1)
    assert customer_search.count(store) == 0


class _CutError(Exception):
    pass


def _cut_calls(monkeypatch: pytest.MonkeyPatch, at: int, *, landed: bool) -> None:
    """From its call number `at` on, the process reaches the database no more; with `landed` that one still gets there."""
    numbers, call = itertools.count(), dynamodb.client.call

    def cut(operation: str, request: dict[str, Any]) -> Any:
        number = next(numbers)
        if number == at and landed:
            call(operation, request)
        if number >= at:
            raise _CutError
        return call(operation, request)

    monkeypatch.setattr(dynamodb.client, "call", cut)


@pytest.mark.parametrize("landed", [False, True])
def test_broken_off_at_any_call_it_is_finished_by_the_queue(store: Store, waiting: Waiting, landed: bool) -> None:
    shops = _shops(store)
    for at in itertools.count():
        shop = next(shops)
        customer = person(shop, 3)
        with pytest.MonkeyPatch.context() as patch:
            _cut_calls(patch, at, landed=landed)
            try:
                customer_removal.erase(shop, customer.id, NOW, OPERATOR, lambda: False)
            except _CutError:
                is_whole = False
            else:
                is_whole = True
        if customers_left(shop, customer):
            assert not erasures.list_all(shop).items
            customer_removal.erase(shop, customer.id, NOW, OPERATOR, lambda: False)
        waiting.work()
        demand_gone(shop, customer, 3)
        if is_whole:
            break
    assert at >= 8


@pytest.mark.parametrize("landed", [False, True])
def test_broken_off_at_any_call_no_former_id_or_address_is_forgotten(
    store: Store, waiting: Waiting, landed: bool
) -> None:
    for at, shop in enumerate(_shops(store)):
        old = customers.create(shop, NewCustomer(email="old@example.com"), BEFORE)
        ana = customers.create(shop, NewCustomer(email="former@example.com"), BEFORE)
        customers.patch(shop, ana.id, {"email": "ana@example.com"}, BEFORE)
        for email in ("old", "former"):
            event = sign_in_events.item(shop, f"{email}@example.com", "requested", BEFORE, request_id=email)
            request = dynamodb.key(keys.sign_in(shop.id, email), keys.REQUEST)
            dynamodb.put_all([event, request | {"email": {"S": f"{email}@example.com"}}])
        merges.merge(shop, ana.id, old.id, BEFORE, OPERATOR, lambda: False)
        with pytest.MonkeyPatch.context() as patch:
            _cut_calls(patch, at, landed=landed)
            try:
                customer_removal.erase(shop, ana.id, NOW, OPERATOR, lambda: False)
            except _CutError:
                is_whole = False
            else:
                is_whole = True
        if customers_left(shop, ana):
            customer_removal.erase(shop, ana.id, NOW, OPERATOR, lambda: False)
        waiting.work()
        left = items_of(shop)
        hashes = [hash_identity(f"{email}@example.com") for email in ("old", "former", "ana")]
        for identity in (old.id, ana.id, "@example.com", *hashes):
            assert identity not in str(left)
        [certificate] = erasures.list_all(shop).items
        assert (certificate.status, certificate.deleted.sign_ins) == ("complete", 2)
        if is_whole:
            break
    assert at >= 15


def customers_left(store: Store, customer: Customer) -> bool:
    try:
        customers.get(store, customer.id)
    except CustomerNotFoundError:
        return False
    return True


def _shops(store: Store) -> Iterator[Store]:
    """Stores like this one, of which each has its own items."""
    plain = StoreSettings.model_validate(store.model_dump(include=set(StoreSettings.model_fields)))
    return (stores.create(f"{store.id}-{number}", plain, NOW) for number in itertools.count())


def test_orders_at_the_same_time_never_bring_the_person_back(store: Store, waiting: Waiting) -> None:
    customer = person(store, 60)
    moment = clock.now()

    def act(number: int) -> None:
        if number in (5, 6):
            customer_removal.erase(store, customer.id, moment, OPERATOR, lambda: False)
        else:
            _until_taken(store, order(number % 80, version=2 + number // 80))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(act, range(240)))
    waiting.work()
    left = items_of(store)
    assert not [item for item in left if customer.id in str(item) or "ana@example.com" in str(item)]
    references = [item for item in left if item["sk"]["S"] == keys.REFERENCE]
    assert len(references) == 80
    assert {item["version"]["N"] for item in references} == {"4"}
    [certificate] = erasures.list_all(store).items
    assert certificate.status == "complete"


def _until_taken(store: Store, wanted: Order) -> None:
    """Deliver a message again until it is recorded, as the queue does."""
    while True:
        try:
            orders.record_version(store, wanted, NOW)
        except BusyError:
            continue
        return


def test_erasures_of_one_person_at_the_same_time_are_one(store: Store, waiting: Waiting) -> None:
    customer = person(store, 50)

    def erase(_: int) -> str:
        return customer_removal.erase(store, customer.id, NOW, OPERATOR, lambda: False).id

    with ThreadPoolExecutor(THREADS) as pool:
        assert len(set(pool.map(erase, range(THREADS)))) == 1
    waiting.work()
    demand_gone(store, customer, 50)


def test_thousands_of_orders_are_finished_when_the_caller_has_his_answer(store: Store, waiting: Waiting) -> None:
    customer = person(store, 1)
    many = 3000
    for start in range(1, many, 12):
        made = [order(number) for number in range(start, min(start + 12, many))]
        dynamodb.put_all(
            [order_records.record(keys.customer(store.id, customer.id), 1, each).item() for each in made]
            + [order_records.reference(store, customer.id, customer.email, each).item() for each in made]
        )
    looks = itertools.count(1)
    begun = customer_removal.erase(store, customer.id, NOW, OPERATOR, lambda: next(looks) >= 3)
    assert next(looks) < 10  # little was begun after it was late
    assert begun.status == "running"
    assert not customers_left(store, customer)
    waiting.work()
    demand_gone(store, customer, many)
    kept = OrderReference.find(keys.order_reference(store.id, "2999"), keys.REFERENCE)
    assert kept
    assert str(kept.money.total) == "2999.01"


def test_the_address_is_free_for_a_customer_made_by_hand(store: Store) -> None:
    customer = person(store, 1)
    customer_removal.erase(store, customer.id, NOW, OPERATOR, lambda: False)
    again = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    customer_removal.finish(store, customer.id, NOW, lambda: False)  # a message that comes late
    assert customers.get(store, again.id)
