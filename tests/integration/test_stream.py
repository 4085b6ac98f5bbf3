"""Follow-ups of DynamoDB's own stream: events in order, and mails that survive crashes."""

import json
import random
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from tests.support.import_runs import StateMachines, dropped, imported
from tests.support.people import everybody
from tests.support.sign_ins import by_link, mailbox
from tests.support.streams import arriving, recorded

import csv_import
import event_publisher
import follow_ups
from clientela import clock, settings
from clientela.aws import clients
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import NewCustomer
from clientela.exports import export_jobs, export_runs
from clientela.lifecycle import customer_removal, merges, removal_queue
from clientela.mail import mail_queue
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.schema.actors import OPERATOR
from clientela.sign_in import sessions
from clientela.signing import sha256_hex
from clientela.stores.stores import Store

NOW = clock.now()
ROOT = Path(__file__).parents[2]
SCHEMA = Draft202012Validator(json.loads((ROOT / "docs/events.json").read_text("utf-8")))
SAMPLE = ROOT / "tests/data/chinook/orders.jsonl"


class Bus:
    """A bus that accepts and records every event."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - botocore's name
        self.entries += Entries
        return {"Entries": [{"EventId": "e"} for _ in Entries]}


@pytest.fixture(scope="module")
def with_stream() -> bool:
    return True


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    return bus


@pytest.fixture
def stream(store: Store, dynamodb_local: str) -> Callable[[], list[dict[str, Any]]]:
    """Return the changes of this test's store as stream records for Lambda."""

    def read() -> list[dict[str, Any]]:
        found = recorded(settings.table_name(), dynamodb_local)
        return [record for record in found if f"#{store.id}" in record["dynamodb"]["Keys"]["pk"]["S"]]

    return read


def order(**fields: object) -> Order:
    plain: dict[str, object] = {
        "id": "1001",
        "version": 1,
        "placed_at": "2026-11-21T10:00:00Z",
        "email": "ana@example.com",
        "currency": "USD",
        "total": "1.25",
        "payment_status": "awaiting_payment",
    }
    return Order.model_validate(plain | fields)


def published(bus: Bus, records: list[dict[str, Any]], *, audit: bool = False) -> list[dict[str, Any]]:
    """Publish records in batches and return the details of the events: those of the audit trail, or all others."""
    before, records = len(bus.entries), arriving("EventPublisher", records)
    for start in range(0, len(records), 7):
        assert event_publisher.handler({"Records": records[start : start + 7]}, None) == {"batchItemFailures": []}
    found = [json.loads(entry["Detail"]) for entry in bus.entries[before:]]
    for detail in found:
        SCHEMA.validate(detail)
    return [detail for detail in found if (detail["type"] == "audit.recorded") == audit]


def test_the_life_of_a_customer_is_told_in_its_order(
    store: Store, bus: Bus, stream: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = mailbox(monkeypatch)
    for version in (1, 1, 2):
        orders.record_version(
            store, order(version=version, payment_status="paid" if version == 2 else "awaiting_payment"), NOW
        )
    [ana] = everybody(store)
    tokens = []
    for minutes in (0, 5):
        at = NOW + timedelta(minutes=minutes)
        tokens.append(by_link(store, mails.link(store, at=at), at).token)
    sessions.current(store, tokens[0], NOW + timedelta(hours=2))
    customers.patch(store, ana.id, {"name": "Ana", "tags": ["vip"]}, NOW)
    customers.patch(store, ana.id, {"name": "Ana"}, NOW)
    customer_removal.remove(store, ana.id, NOW, OPERATOR)

    records = stream()
    told = published(bus, records)
    assert sorted({each["customer_id"] for each in told}) == [ana.id]
    assert [(each["sequence"], each["type"]) for each in sorted(told, key=lambda each: each["sequence"])] == [
        *sorted([(1, "customer.created"), (1, "order.recorded")], key=lambda each: order_in(told, each)),
        *sorted([(2, "customer.updated"), (2, "order.recorded")], key=lambda each: order_in(told, each)),
        *sorted([(3, "customer.updated"), (3, "customer.signed_in")], key=lambda each: order_in(told, each)),
        (4, "customer.signed_in"),
        (5, "customer.updated"),
        (6, "customer.deleted"),
    ]
    assert [each["data"]["changed"] for each in told if each["type"] == "customer.updated"] == [
        ["orders_count", "total_spent", "average_order_value", "first_order_at", "last_order_status"],
        ["email_status", "type"],
        ["name", "tags"],
    ]
    assert [each["data"]["order"]["version"] for each in told if each["type"] == "order.recorded"] == [1, 2]
    again = published(bus, records)
    assert again == told
    assert len({each["id"] for each in told}) == len(told)
    whole = orjson.dumps(bus.entries).decode()
    assert not [token for token in tokens if token in whole or sha256_hex(token) in whole]
    assert not re.search(r"STORE#|PROFILE|token_hash|search|_key|facets|dir\b", whole)


def order_in(told: list[dict[str, Any]], wanted: tuple[int, str]) -> int:
    """DynamoDB does not order the writes of one transaction."""
    return [(each["sequence"], each["type"]) for each in told].index(wanted)


def test_an_order_that_moves_is_told_of_the_customer_it_comes_to(
    store: Store, bus: Bus, stream: Callable[[], list[dict[str, Any]]]
) -> None:
    orders.record_version(store, order(payment_status="paid"), NOW)
    orders.record_version(store, order(version=2, payment_status="paid", email="ben@example.com"), NOW)
    told = published(bus, stream())
    by_email = {customer.email: customer.id for customer in everybody(store)}
    assert [each["customer_id"] for each in told if each["type"] == "order.recorded"] == [
        by_email["ana@example.com"],
        by_email["ben@example.com"],
    ]
    (left,) = [each for each in told if each["type"] == "customer.updated"]
    assert (left["customer_id"], left["sequence"]) == (by_email["ana@example.com"], 2)
    assert left["data"]["customer"]["orders_count"] == 0


def test_imports_and_exports_are_told_once_when_they_end(
    store: Store, bus: Bus, stream: Callable[[], list[dict[str, Any]]], machines: StateMachines
) -> None:
    content = b"email,password\n" + b"".join(b"c%d@example.com,s3cret-word\n" % number for number in range(120))
    first = imported(store, machines, content)
    csv_import.receive(dropped(store, b"nothing\n", "refused.csv"), None)

    job = export_runs.run(store, export_jobs.start(store, NOW).id, NOW)
    told = published(bus, stream())
    jobs = [each for each in told if "job" in each["data"]]
    assert sorted((each["type"], each["data"]["job"]["status"], each["sequence"]) for each in jobs) == [
        ("export.finished", "succeeded", 3),
        ("import.finished", "failed", 1),
        ("import.finished", "succeeded", 1),
    ]
    assert [each["data"]["job"] for each in jobs if each["data"]["job"]["id"] == first.id] == [
        first.model_dump(mode="json")
    ]
    assert [each["data"]["job"]["rows"] for each in jobs if each["data"]["job"]["id"] == job.id] == [120]
    created = [each for each in told if each["type"] == "customer.created"]
    assert len({each["customer_id"] for each in created}) == 120
    assert {each["sequence"] for each in created} == {1}
    assert "s3cret-word" not in orjson.dumps(bus.entries).decode()


def test_everybody_whom_an_order_made_is_welcomed_once_though_the_follower_dies(
    store: Store, stream: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = [Order.model_validate(json.loads(line)["order"]) for line in SAMPLE.read_text("utf-8").splitlines()[:60]]
    for message in random.Random(3).sample(messages * 2, len(messages) * 2):
        orders.record_version(store, message, NOW)
    records, asked, put = arriving("FollowUps", stream()), [], mail_queue.put

    def dies_once(mail: str, store_id: str, **about: str) -> None:
        if len(asked) == 5:
            asked.append("died")
            raise ConnectionError
        asked.append(about["customer_id"])
        put(mail, store_id, **about)

    monkeypatch.setattr(mail_queue, "put", dies_once)
    answer = follow_ups.handler({"Records": records}, None)
    (failed,) = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    answer = follow_ups.handler({"Records": records[numbers.index(failed) :]}, None)  # Lambda goes on there
    assert answer == {"batchItemFailures": []}
    assert {*asked} - {"died"} == {customer.id for customer in everybody(store)}


def test_whom_an_import_makes_is_welcomed_where_it_asks_for_it(
    store: Store,
    stream: Callable[[], list[dict[str, Any]]],
    machines: StateMachines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    monkeypatch.setattr(mail_queue, "put", lambda mail, store_id, **about: asked.append((mail, about)))
    imported(store, machines, b"email\nana@example.com\n", "silent.csv")
    job = imported(store, machines, b"email\nana@example.com\nben@example.com\n", **{"send-welcome": "true"})
    assert job.send_welcome
    assert follow_ups.handler({"Records": arriving("FollowUps", stream())}, None) == {"batchItemFailures": []}
    ben = customers.find(store, "ben@example.com", NOW)
    assert ben
    about = [each for each in asked if each[0] != "import_result"]  # the merchant hears of both imports
    assert about == [("invitation", {"customer_id": ben.id, "reference": "import"})]


def test_what_staff_did_is_told_once(
    store: Store, bus: Bus, stream: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal_queue, "put", lambda *message: None)
    into, gone = (customers.create(store, NewCustomer(email=f"{name}@example.com"), NOW) for name in ("ana", "old"))
    merges.merge(store, into.id, gone.id, NOW, OPERATOR, lambda: False)
    customer_removal.erase(store, into.id, NOW, OPERATOR, lambda: False)  # hides the ids in the entry of the merge
    told = published(bus, stream(), audit=True)
    acts = [each["data"]["entry"]["action"] for each in told]
    assert sorted(acts) == ["customer.erased", "customers.merged", "store.created"]
    assert {each["store_id"] for each in told} == {store.id}


def test_orders_that_waited_for_an_account_are_told_when_they_join_it(
    store: Store, bus: Bus, stream: Callable[[], list[dict[str, Any]]]
) -> None:
    store = store_settings.change_settings(store.id, {"country_rules": {"no_automatic_account": ["ES"]}}, NOW)
    for number in (1, 2):
        orders.record_version(
            store, order(id=f"{number}", billing_address={"country": "ES"}, payment_status="paid"), NOW
        )
    assert published(bus, stream()) == []
    ana = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    assert follow_ups.handler({"Records": arriving("FollowUps", stream())}, None) == {"batchItemFailures": []}
    told = published(bus, stream())
    assert {each["customer_id"] for each in told} == {ana.id}
    assert sorted((each["sequence"], each["type"]) for each in told) == [
        (1, "customer.created"),
        (2, "customer.updated"),
        (2, "order.recorded"),
        (2, "order.recorded"),
    ]
    assert customers.get(store, ana.id).orders_count == 2
