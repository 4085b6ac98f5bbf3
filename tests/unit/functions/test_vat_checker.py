"""VAT checks from the queue, with their retry schedule."""

import json
import logging
from typing import Any

import pytest
from tests.support.counts import counted
from tests.support.template_file import PROJECT
from tests.support.vies_stand_in import StandIn

import vat_checker
from clientela import clock
from clientela.aws import clients
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.stores.stores import Store
from clientela.vat import vat_check_queue
from clientela.vat.vat_check_queue import VatCheck

EVENTS = PROJECT / "events"
MESSAGE = json.loads((EVENTS / "sqs_vat_check.json").read_text())
SPANISH = "ESB12345674"


@pytest.fixture
def queue(aws: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    url: str = aws("sqs").create_queue(QueueName="vat-checks")["QueueUrl"]
    monkeypatch.setenv("VAT_CHECK_QUEUE_URL", url)
    return url


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email="ana@example.com", vat_id=SPANISH), clock.now())


def received(queue: str) -> list[dict[str, Any]]:
    answer = clients.sqs().receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [dict(message) for message in answer.get("Messages", [])]


def delivered(customer: Customer, receives: int = 1, receipt_handle: str = "handle", **changes: Any) -> dict[str, Any]:
    """Return the SQS event with a check of a customer."""
    (sample,) = MESSAGE["Records"]
    body = json.loads(sample["body"]) | {"customer_id": customer.id} | changes
    attributes = sample["attributes"] | {"ApproximateReceiveCount": str(receives)}
    return {"Records": [sample | {"body": json.dumps(body), "attributes": attributes, "receiptHandle": receipt_handle}]}


def failed(answer: dict[str, Any]) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def test_an_answer_settles_the_message_and_the_customer(
    store: Store, ana: Customer, queue: str, registries: StandIn
) -> None:
    registries.registered.add(SPANISH)
    assert failed(vat_checker.handler(delivered(ana), None)) == []
    assert customers.get(store, ana.id).vat_id_status == "valid"


@pytest.mark.parametrize("receives", [1, 2, 3, 4])
def test_silence_brings_the_message_back_later_and_later(
    store: Store, ana: Customer, queue: str, registries: StandIn, receives: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []

    class Sqs:
        def change_message_visibility(self, **call: Any) -> None:
            calls.append(call)

    monkeypatch.setattr(clients, "sqs", Sqs)
    registries.trouble["ES"] = "MS_MAX_CONCURRENT_REQ"
    event = delivered(ana, receives)
    assert failed(vat_checker.handler(event, None)) == [event["Records"][0]["messageId"]]
    assert customers.get(store, ana.id).vat_id_status == "unavailable"
    (call,) = calls
    gap = vat_check_queue.GAPS[receives - 1]
    assert (call["QueueUrl"], call["ReceiptHandle"]) == (queue, "handle")
    longest = 43_200 - 180  # SQS counts its 12 hours from when the message was received: at most 180 s ago
    assert gap <= call["VisibilityTimeout"] <= 1.2 * gap < longest


def test_the_queue_hides_a_message_for_the_time_it_is_told(ana: Customer, queue: str, registries: StandIn) -> None:
    registries.trouble["ES"] = "MS_UNAVAILABLE"
    vat_check_queue.put([VatCheck(store_id="demo", customer_id=ana.id, vat_id=SPANISH)])
    (message,) = received(queue)
    vat_checker.handler(delivered(ana, receipt_handle=message["ReceiptHandle"]), None)
    attributes = clients.sqs().get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_the_last_receive_leaves_unavailable_and_a_new_message(
    store: Store, ana: Customer, queue: str, registries: StandIn
) -> None:
    registries.trouble["ES"] = "503"
    assert failed(vat_checker.handler(delivered(ana, vat_check_queue.MAX_RECEIVES), None)) == []
    assert customers.get(store, ana.id).vat_id_status == "unavailable"
    attributes = clients.sqs().get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesDelayed"] == "1"


def test_each_answer_of_the_registry_is_counted(
    ana: Customer, queue: str, registries: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    registries.trouble["ES"] = "503"
    vat_checker.handler(delivered(ana), None)
    del registries.trouble["ES"]
    vat_checker.handler(delivered(ana), None)
    assert counted(capsys) == {"VatChecksUnanswered": 1, "VatIdsInvalid": 1}


def test_after_a_week_nobody_asks_any_more(store: Store, ana: Customer, queue: str, registries: StandIn) -> None:
    registries.trouble["ES"] = "503"
    event = delivered(ana, vat_check_queue.MAX_RECEIVES, round=vat_check_queue.MAX_ROUNDS)
    assert failed(vat_checker.handler(event, None)) == []
    attributes = clients.sqs().get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesDelayed"] == "0"
    assert customers.get(store, ana.id).vat_id_status == "unavailable"


def test_all_rounds_together_take_about_a_week() -> None:
    days = vat_check_queue.MAX_ROUNDS * sum(vat_check_queue.GAPS) / 86_400
    assert 6 < days < 8


@pytest.mark.parametrize("body", ["", "no JSON", "{}", '{"store_id": "demo", "customer_id": "x", "vat_id": 5}'])
def test_what_cannot_be_read_is_put_aside_by_the_queue(store: Store, queue: str, body: str) -> None:
    (sample,) = MESSAGE["Records"]
    assert failed(vat_checker.handler({"Records": [sample | {"body": body}]}, None)) == [sample["messageId"]]


def test_the_vat_id_is_in_no_log_line(
    ana: Customer, queue: str, registries: StandIn, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, vat_checker.logger.name)
    registries.trouble["ES"] = "MS_UNAVAILABLE"
    vat_checker.handler(delivered(ana), None)
    (sample,) = MESSAGE["Records"]
    vat_checker.handler({"Records": [sample | {"body": f'{{"vat_id": "{SPANISH}"}}'}]}, None)
    written = capsys.readouterr()
    assert SPANISH not in caplog.text + written.out + written.err
