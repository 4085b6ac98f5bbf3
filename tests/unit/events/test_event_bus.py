"""Publishing events: in order, never lost, and cut fields are named."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.streams import record

import event_publisher
from clientela import clock
from clientela.aws import clients
from clientela.customers import change_log, customer_records, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.events import event_bus
from clientela.events.change_events import BusEvent
from clientela.stores.stores import Store

NOW = clock.now()


@dataclass
class Bus:
    """A bus that rejects events: `codes` has the error codes of an event's attempts, in order."""

    codes: dict[str, list[str]] = field(default_factory=dict)
    calls: list[list[dict[str, Any]]] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    broken_after: int = 1000

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - botocore's name
        self.calls.append(Entries)
        if len(self.calls) > self.broken_after:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "PutEvents")
        return {"Entries": [self._answer(json.loads(entry["Detail"])["id"]) for entry in Entries]}

    def _answer(self, event_id: str) -> dict[str, str]:
        if self.codes.get(event_id):
            return {"ErrorCode": self.codes[event_id].pop(0), "ErrorMessage": "no"}
        self.taken.append(event_id)
        return {"EventId": "e"}


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    monkeypatch.setattr(event_bus, "back_off", lambda *_: None)
    monkeypatch.setenv("EVENT_BUS", "clientela-test")
    monkeypatch.setenv("EVENT_SOURCE", "clientela.test")
    return bus


def event(subject: str, number: int, **data: Any) -> BusEvent:
    detail = {"id": f"{subject}{number}", "occurred_at": "2026-11-21T10:00:00.000Z", "left_out": [], "data": data}
    return BusEvent("customer.updated", subject, str(number), detail)


def ids(found: list[BusEvent]) -> list[str]:
    return [each.detail["id"] for each in found]


def test_ten_go_in_a_call_and_never_two_of_one_subject(bus: Bus) -> None:
    told = [event(subject, number) for number in (1, 2) for subject in "abcdefghijkl"]
    assert event_bus.publish(told) == ([], [], None)
    assert [len(call) for call in bus.calls] == [10, 2, 10, 2]
    assert bus.taken == ids(told)
    (first, *_), *_ = bus.calls
    assert (first["EventBusName"], first["Source"], first["DetailType"]) == (
        "clientela-test",
        "clientela.test",
        "customer.updated",
    )


def test_what_is_left_over_is_tried_again_alone(bus: Bus) -> None:
    bus.codes = {"b1": ["InternalFailure", "ThrottlingException"]}
    assert event_bus.publish([event("a", 1), event("b", 1), event("b", 2), event("c", 1)]) == ([], [], None)
    assert bus.taken == ["a1", "c1", "b1", "b2"]
    assert [len(call) for call in bus.calls] == [3, 1, 1, 1]


def test_what_has_to_wait_is_overtaken_by_nothing_of_its_subject(bus: Bus) -> None:
    bus.codes = {"b1": ["InternalFailure"] * 3}
    left = event_bus.publish([event("a", 1), event("b", 1), event("a", 2), event("b", 2), event("b", 3)])
    assert (ids(left.waiting), left.refused) == (["b1", "b2", "b3"], [])
    assert bus.taken == ["a1", "a2"]


def test_what_the_bus_never_takes_does_not_stop_what_follows(bus: Bus) -> None:
    bus.codes = {"b1": ["MalformedDetail"]}
    left = event_bus.publish([event("a", 1), event("b", 1), event("b", 2)])
    assert (left.waiting, ids(left.refused)) == ([], ["b1"])
    assert bus.taken == ["a1", "b2"]
    assert [len(call) for call in bus.calls] == [2, 1]


def test_a_bus_out_of_reach_leaves_everything_that_it_has_not_taken(bus: Bus) -> None:
    bus.broken_after = 1
    left = event_bus.publish([event(subject, number) for number in (1, 2) for subject in "ab"])
    assert bus.taken == ["a1", "b1"]
    assert sorted(ids(left.waiting)) == ["a2", "b2"]
    assert isinstance(left.error, ClientError)


def test_a_call_stays_below_the_limit_of_all_its_events(bus: Bus) -> None:
    told = [event(subject, 1, customer={"id": subject, "note": "é" * 45_000}) for subject in "abcdef"]
    assert event_bus.publish(told) == ([], [], None)
    assert [len(call) for call in bus.calls] == [2, 2, 2]
    for call in bus.calls:
        assert sum(len(entry["Detail"].encode()) for entry in call) <= event_bus.MAX_BYTES


def test_an_event_that_is_too_large_names_what_it_leaves_out(bus: Bus) -> None:
    customer = {"id": "a", "note": "n" * 200_000, "tags": ["t" * 150_000], "custom_fields": {"x": "y" * 90_000}}
    assert event_bus.publish([event("a", 1, customer=customer, changed=["note", "tags"])]) == ([], [], None)
    ((entry,),) = bus.calls
    detail = json.loads(entry["Detail"])
    assert detail["left_out"] == ["customer.note"]
    assert detail["data"] == {
        "customer": {name: customer[name] for name in ("id", "tags", "custom_fields")},
        "changed": ["note", "tags"],
    }
    assert len(entry["Detail"].encode()) <= event_bus.MAX_DETAIL


def ana(store: Store, **fields: Any) -> Customer:
    return customers.build(NewCustomer(email="ana@example.com", **fields), NOW, "merchant")


def put(store: Store, customer: Customer) -> dict[str, Any]:
    return record(None, customer_records.record(store, customer).item())


def handed_back(*records: dict[str, Any]) -> list[str]:
    answer = event_publisher.handler({"Records": [*records]}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def number(record: dict[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def test_changes_whose_events_wait_are_handed_back_and_come_with_the_same_ids(store: Store, bus: Bus) -> None:
    records = [put(store, ana(store)) for _ in range(3)]
    failing = f"evt_{records[1]['eventID']}"
    bus.codes = {failing: ["InternalFailure"] * 3}
    assert handed_back(*records) == [number(records[1])]
    assert handed_back(*records[1:]) == []
    first, second, third = (f"evt_{each['eventID']}" for each in records)
    assert bus.taken == [first, third, second, third]


def test_a_bus_out_of_reach_hands_everything_back(store: Store, bus: Bus, capsys: pytest.CaptureFixture[str]) -> None:
    bus.broken_after = 0
    records = [put(store, ana(store)) for _ in range(2)]
    assert handed_back(*records) == [number(each) for each in records]
    assert "ana@example.com" not in capsys.readouterr().out


@pytest.fixture
def set_aside(aws: Any) -> Callable[[], list[Any]]:
    def found() -> list[Any]:
        sqs = aws("sqs")
        queue = sqs.get_queue_url(QueueName="failed-calls")["QueueUrl"]
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    return found


def test_a_change_that_cannot_be_told_is_put_aside_and_stops_nobody(
    store: Store, bus: Bus, set_aside: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    strange, good = put(store, ana(store)), put(store, ana(store))
    del strange["dynamodb"]["NewImage"]["customer"]
    assert handed_back(strange, good) == []
    assert bus.taken == [f"evt_{good['eventID']}"]
    of_change = {"function": "event-publisher", "sequence_number": number(strange)}
    assert set_aside() == [of_change | {"error": "KeyError in reports"}, of_change | {"error": "KeyError"}]


def test_an_event_that_the_bus_never_takes_is_put_aside(
    store: Store, bus: Bus, set_aside: Callable[[], list[Any]]
) -> None:
    change = put(store, ana(store))
    bus.codes = {f"evt_{change['eventID']}": ["InvalidArgument"]}
    assert handed_back(change) == []
    assert [each["sequence_number"] for each in set_aside()] == [number(change)]


def test_the_largest_customer_that_can_be_stored_makes_an_event(store: Store, bus: Bus) -> None:
    lines = dict.fromkeys(("name", "company", "street2", "city", "region"), "€" * 200)
    customer = ana(
        store,
        custom_fields={f"field {i}": "é" * 1000 for i in range(50)},
        note="é" * 5000,
        shipping_addresses=[lines | {"street": f"{i} " + "€" * 190} for i in range(50)],
    )
    change = put(store, customer)
    assert len(customer.model_dump_json().encode()) > event_bus.MAX_DETAIL
    assert handed_back(change) == []
    ((entry,),) = bus.calls
    detail = json.loads(entry["Detail"])
    assert detail["left_out"] == ["customer.shipping_addresses"]
    assert detail["data"]["customer"]["id"] == customer.id


def test_moto_takes_an_event_as_it_is(store: Store) -> None:
    assert handed_back(put(store, ana(store))) == []


def test_an_event_of_no_concern_makes_no_call(store: Store, bus: Bus) -> None:
    item = customer_records.record(store, ana(store)).item()
    assert handed_back(record(item, item)) == []
    assert bus.calls == []


def test_changes_are_logged_for_exports_before_they_are_published(
    store: Store, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_log.enable(store.id, NOW)
    records = [put(store, ana(store)) for _ in range(30)]

    def broken(*_: object) -> None:
        raise OSError("ana@example.com")

    with monkeypatch.context() as patch:
        patch.setattr(change_log.dynamodb, "put_all", broken)
        assert handed_back(*records) == [number(records[0])]
    assert bus.taken == []
    assert handed_back(*records) == []
    assert len(bus.taken) == 30
    later = clock.now() + 2 * change_log.SETTLED
    entries = [change_log.count(store, NOW, later, shard) for shard in range(change_log.SHARDS)]
    assert sum(entries) == 30
    assert len(list(filter(None, entries))) > 8
