"""Orders against real transactions: concurrent, repeated and in any order."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from tests.support.people import everybody

from clientela import clock
from clientela.customers import customer_search, customers
from clientela.customers.customer_fields import NewCustomer
from clientela.errors import BusyError, EmailTakenError
from clientela.orders import order_lists, orders
from clientela.orders.order_fields import Order
from clientela.stores.stores import Store

NOW = clock.now()
SAMPLE = Path(__file__).parents[1] / "data" / "chinook" / "orders.jsonl"
THREADS = 16


def order(**fields: object) -> Order:
    plain: dict[str, object] = {
        "id": "1001",
        "version": 1,
        "placed_at": "2026-11-21T10:00:00Z",
        "email": "ana@example.com",
        "currency": "USD",
        "total": "1.25",
        "payment_status": "paid",
    }
    return Order.model_validate(plain | fields)


def take_all(store: Store, messages: list[Order]) -> None:
    """Deliver a message again until it is recorded, as the queue does."""
    with ThreadPoolExecutor(THREADS) as pool:
        while messages:
            taken = pool.map(lambda message: _taken(store, message), messages)
            messages = [message for message, done in zip(messages, taken, strict=True) if not done]


def _taken(store: Store, message: Order) -> bool:
    try:
        orders.record_version(store, message, NOW)
    except BusyError:
        return False
    return True


def test_the_sample_orders_twice_and_shuffled_come_to_the_known_totals(store: Store) -> None:
    messages = [Order.model_validate(json.loads(line)["order"]) for line in SAMPLE.read_text().splitlines()]
    take_all(store, random.Random(3).sample(messages * 2, len(messages) * 2))
    people = everybody(store)
    assert len(people) == 59
    assert sum(customer.orders_count for customer in people) == 412
    assert sum(customer.total_spent[0].amount for customer in people) == Decimal("2328.60")
    best = customer_search.page(store, sort="-spent", limit=1).items[0]
    assert (best["email"], best["orders_count"], best["total_spent"][0]["amount"]) == ("hholy@gmail.com", 7, "49.62")


def test_orders_of_one_customer_at_the_same_time_are_all_counted(store: Store) -> None:
    messages = [order(id=str(number), placed_at=f"2026-01-01T00:{number:02}:00Z") for number in range(40)]
    take_all(store, messages * 3)
    ana = customers.find(store, "ana@example.com", clock.now())
    assert ana
    assert (ana.orders_count, ana.total_spent[0].amount) == (40, Decimal("50.00"))
    assert (ana.first_order_at, ana.last_order_at) == (messages[0].placed_at, messages[-1].placed_at)
    assert len(order_lists.of_customer(store, ana.id, 100).items) == 40
    assert customer_search.count(store) == 1


def test_versions_at_the_same_time_end_with_the_newest_in_both_accounts(store: Store) -> None:
    emails = ["ana@example.com", "ben@example.com"]
    messages = [order(version=version, email=emails[version % 2], total=f"{version}") for version in range(1, 31)]
    take_all(store, random.Random(5).sample(messages * 2, 60))
    ana, ben = (customers.find(store, email, clock.now()) for email in emails)
    assert ana
    assert (ana.orders_count, ana.total_spent[0].amount) == (1, 30)
    assert orders.get(store, ana.id, "1001").version == 30
    if ben:  # created only if one of the odd versions came before the last
        assert (ben.orders_count, ben.total_spent, ben.first_order_at) == (0, [], None)
        assert order_lists.of_customer(store, ben.id).items == []


def test_an_account_that_many_ways_make_at_once_is_one(store: Store) -> None:
    def create(number: int) -> None:
        if number % 2:
            with suppress(EmailTakenError):
                customers.create(store, NewCustomer(email="Ana@Example.com"), clock.now())
        else:
            assert _taken(store, order(id=str(number)))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(create, range(64)))
    [ana] = everybody(store)
    assert ana.orders_count == 32
