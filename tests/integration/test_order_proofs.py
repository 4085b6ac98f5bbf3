"""Exactly once: repeated orders, many at one e-mail, and every call of the intake failing in turn."""

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.orders import batch, failures
from tests.support.people import everybody
from tests.support.table_checker import faults, figures

from clientela import clock
from clientela.aws.http_connections import Broken
from clientela.customers import customer_history as events
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.errors import EmailTakenError
from clientela.orders import order_lists, unclaimed_orders
from clientela.orders.order_fields import Order
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb

NOW = clock.now()
SAMPLE = Path(__file__).parents[1] / "data" / "chinook" / "orders.jsonl"


def body(store: Store, **fields: Any) -> str:
    plain = {
        "id": "1",
        "version": 1,
        "placed_at": "2026-11-21T10:00:00.000Z",
        "email": "ana@example.com",
        "currency": "USD",
        "total": "1.25",
        "payment_status": "paid",
    }
    return json.dumps({"store_id": store.id, "order": plain | fields})


def order(store: Store, **fields: Any) -> Order:
    return Order.model_validate(json.loads(body(store, **fields))["order"])


def delivered(messages: list[str], workers: int) -> None:
    """Deliver batches of ten, and failed messages again, as the queue does."""
    while messages:
        batches = [messages[start : start + 10] for start in range(0, len(messages), 10)]
        with ThreadPoolExecutor(workers) as pool:
            answers = pool.map(lambda bodies: failures(batch(*bodies)), batches)
            messages = [bodies[int(name[1:])] for bodies, names in zip(batches, answers, strict=True) for name in names]


def test_the_sample_orders_ten_times_shuffled_by_eight_workers_come_to_what_the_file_says(store: Store) -> None:
    told = [json.loads(line)["order"] for line in SAMPLE.read_text().splitlines()]
    messages = [json.dumps({"store_id": store.id, "order": each}) for each in told] * 10
    delivered(random.Random(11).sample(messages, len(messages)), 8)
    by_email: dict[str, list[Any]] = defaultdict(list)
    for each in sorted(told, key=lambda each: (each["placed_at"], each["id"])):
        by_email[each["email"].lower()].append(
            each | {"placed_at": clock.format_timestamp(order(store, **each).placed_at)}
        )
    people = {customer.email.lower(): customer for customer in everybody(store)}
    assert people.keys() == by_email.keys()
    for email, placed in by_email.items():
        wanted, shown = figures(placed), people[email].model_dump(mode="json")
        assert shown["orders_count"] == wanted["orders_count"]
        spent = {each.currency: (each.amount, each.orders) for each in people[email].total_spent}
        assert (spent, shown["first_order_at"], shown["last_order_at"]) == (
            wanted["total_spent"],
            wanted["first_order_at"],
            wanted["last_order_at"],
        )
    assert faults(store.id) == []


def test_512_first_orders_of_one_email_among_creates_make_one_customer(store: Store) -> None:
    def create(_: int) -> None:
        try:
            customers.create(store, NewCustomer(email="Ana@Example.com"), clock.now())
        except EmailTakenError:
            return

    messages = [body(store, id=f"{number}", placed_at=f"2026-01-01T00:00:00.{number:03}Z") for number in range(512)]
    with ThreadPoolExecutor(8) as pool:
        made = pool.map(create, range(32))
        delivered(messages, 24)
        list(made)
    [ana] = everybody(store)
    assert (ana.orders_count, str(ana.total_spent[0].amount)) == (512, "640.00")
    assert faults(store.id) == []


def test_an_account_that_comes_among_its_orders_has_all_of_them(deployed: None) -> None:
    settings = StoreSettings(name="Closed", login_mode="required")
    store = stores.create(f"closed-{random.getrandbits(40):x}", settings, NOW)
    messages = [body(store, id=f"{number}", placed_at=f"2026-01-01T00:00:00.{number:03}Z") for number in range(200)]

    def open_account() -> None:
        ana = customers.create(store, NewCustomer(email="ana@example.com"), clock.now())
        with ThreadPoolExecutor(3) as twins:
            list(twins.map(lambda _: unclaimed_orders.adopt(store, ana, NOW), range(3)))

    with ThreadPoolExecutor(2) as pool:
        taking = pool.submit(delivered, messages, 8)
        pool.submit(open_account).result()
        taking.result()
    unclaimed_orders.adopt(store, everybody(store)[0], NOW)  # as the stream's function does after a lost race
    assert everybody(store)[0].orders_count == 200
    assert faults(store.id) == []


class Cut(Exception):  # noqa: N818 - the process, which is gone
    """The process ends here."""


type Fault = tuple[str, bool]  # whether the process ends or the network breaks; whether the call is done before
FAULTS: list[Fault] = [("process", False), ("process", True), ("network", True)]


@contextmanager
def broken(at: int, fault: Fault) -> Iterator[list[int]]:
    """Break the DynamoDB call of that number: before it is sent, or after it, with a lost reply."""
    calls: list[int] = []
    where, lands = fault
    name, error = ("call", Cut) if where == "process" else ("send", Broken[0])
    plain = getattr(dynamodb.client, name)

    def call(*arguments: Any) -> Any:
        calls.append(len(calls))
        if calls[-1] == at and not lands:
            raise error
        answer = plain(*arguments)
        if calls[-1] == at:
            raise error
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamodb.client, name, call)
        yield calls


EARLIER = "2026-01-01T00:00:00.000Z"
OTHERS: list[dict[str, Any]] = [{"id": "2", "placed_at": EARLIER}, {"id": "3", "email": "ben@example.com"}]
LAST: dict[str, list[dict[str, Any]]] = {
    "a new account's first order": [{}],
    "a repeat order": [*OTHERS, {}],
    "a status that only the order shows": [*OTHERS, {}, {"version": 2, "fulfillment_status": "shipped"}],
    "a payment": [*OTHERS, {"payment_status": "awaiting_payment"}, {"version": 2}],
    "a refund of the newest": [*OTHERS, {}, {"version": 2, "payment_status": "refunded"}],
    "another time": [*OTHERS, {}, {"version": 2, "placed_at": "2025-01-01T00:00:00.000Z"}],
    "another customer": [*OTHERS, {}, {"version": 2, "email": "ben@example.com"}],
    "another e-mail that nobody has": [*OTHERS, {}, {"version": 2, "email": "new@example.com"}],
}


def ends(store: Store, history: list[dict[str, Any]], at: int, fault: Fault) -> tuple[int, Any]:
    """Return the calls of the last message, and the store after its interruption and redelivery."""
    for each in history[:-1]:
        assert failures(batch(body(store, **each))) == []
    with broken(at, fault) as calls:
        failures(batch(body(store, **history[-1])))
    assert failures(batch(body(store, **history[-1]))) == []
    assert faults(store.id) == []
    people = {customer.email: customer for customer in everybody(store)}
    untold = {"id", "created_at", "updated_at", "version"}
    shown = {email: customer.model_dump(mode="json", exclude=untold) for email, customer in people.items()}
    listed = {
        email: [made.model_dump(mode="json") for made in order_lists.of_customer(store, customer.id).items]
        for email, customer in people.items()
    }
    told = {email: len(events.page(store, customer, NOW).items) for email, customer in people.items()}
    return len(calls), (shown, listed, told, unclaimed(store))


def unclaimed(store: Store) -> list[int]:
    """Return the versions of the unclaimed orders."""
    records = [
        record
        for email in ("ana@example.com", "ben@example.com", "new@example.com")
        for record in unclaimed_orders._unclaimed(store, email)
    ]
    return [int(record.version) for record in records]


def opened(mode: str) -> Store:
    settings = StoreSettings.model_validate(
        {"name": "Faults", "login_mode": mode, "storefront_url": "https://shop.example.com"}
    )
    return stores.create(f"faults-{random.getrandbits(48):x}", settings, NOW)


CASES = [("optional", case) for case in LAST] + [("required", case) for case in (*list(LAST)[:1], *list(LAST)[-1:])]


@pytest.mark.parametrize(("mode", "case"), CASES)
def test_whichever_call_fails_or_loses_its_answer_the_end_is_the_same(deployed: None, mode: str, case: str) -> None:
    calls, end = ends(opened(mode), LAST[case], -1, FAULTS[0])
    assert calls >= 3
    for fault in FAULTS:
        for at in range(calls):
            assert ends(opened(mode), LAST[case], at, fault)[1] == end, (at, fault)
