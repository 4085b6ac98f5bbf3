"""Dead letters on the command line: reading changes nothing, and redriving loses nothing."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.support.cli import Result, Run, deploy, runner

from clientela.aws import clients
from clientela.stores.stores import Store
from clientela_cli.sending import queue_reader, sqs_queue

ORDER: dict[str, Any] = {
    "id": "1", "version": 1, "placed_at": "2026-11-21T10:00:00Z", "email": "ana@example.com", "currency": "EUR",
    "total": "49.90", "payment_status": "paid",
}  # fmt: skip
GOOD = {"store_id": "demo", "order": ORDER}


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    monkeypatch.setattr(queue_reader, "_WAIT_SECONDS", 0)
    deploy(tmp_path)
    command = runner(monkeypatch, capsys)
    return lambda *arguments: command("--local", "orders", "dead-letters", *arguments)


def put(body: Any, queue: str = "orders-dead-letters") -> str:
    """Put a message on a queue; its id."""
    text = body if isinstance(body, str) else json.dumps(body)
    return boto3.client("sqs").send_message(QueueUrl=url(queue), MessageBody=text)["MessageId"]


def url(queue: str) -> str:
    return boto3.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]


def order(order_id: int, /, **fields: object) -> dict[str, Any]:
    return {"store_id": "demo", "order": ORDER | {"id": str(order_id)} | fields}


def waiting(queue: str) -> list[str]:
    """The bodies of a queue's visible messages, which stay."""
    sqs, found = boto3.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=url(queue), MaxNumberOfMessages=10, VisibilityTimeout=60).get(
        "Messages"
    ):
        found += messages
    for message in found:
        sqs.change_message_visibility(QueueUrl=url(queue), ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    return [message["Body"] for message in found]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "The message is not JSON."),
        ("[]", "the message: Use an object."),
        ({"store_id": "demo"}, "/order: This field is required."),
        (order(1, currency="euro"), "/order/currency: Use the three capital letters of ISO 4217"),
        (order(1, total="x"), "/order/total: "),
        ({"store_id": "other", "order": ORDER}, "store 'other' not found"),
        (order(1, number="9" * 262_144), "The message is too large: it has 262,"),
        (GOOD, "would be accepted now: redrive it"),
    ],
)
def test_each_dead_letter_has_the_reason_of_its_refusal(run: Run, body: Any, reason: str) -> None:
    message_id = put(body)
    [letter] = run("demo", "list", "--all", "--json").json()
    assert (letter["id"], letter["received"], letter["is_acceptable"]) == (message_id, 1, body == GOOD)
    assert letter["reason"].startswith(reason)


def test_a_stores_own_dead_letters_are_listed_and_all_with_all(run: Run) -> None:
    ids = [put(body) for body in (order(7, version=3, total="x"), order(8), {"store_id": "typo", "order": ORDER}, "{")]
    [first, second] = run("demo", "list", "--json").json()
    assert (first["order_id"], first["version"], first["store_id"]) == ("7", 3, "demo")
    assert [first["id"], second["id"]] == ids[:2]
    assert first["expires_at"] > first["sent_at"]
    assert [letter["id"] for letter in run("typo", "list", "--json").json()] == ids[2:3]
    code, out, err = run("demo", "list", "--all")
    assert (code, err, "4 dead letters" in out) == (0, "", True)
    assert all(message_id in out for message_id in ids)


def test_listing_hides_nothing_and_returns_each_once(run: Run) -> None:
    sqs = boto3.client("sqs")
    for start in range(0, 120, 10):
        entries = [{"Id": str(n), "MessageBody": json.dumps(order(n))} for n in range(start, start + 10)]
        sqs.send_message_batch(QueueUrl=url("orders-dead-letters"), Entries=entries)  # type: ignore[arg-type]
    found = run("demo", "list", "--json").json()
    assert len({letter["order_id"] for letter in found}) == len(found) == 120
    assert sqs_queue.depth(url("orders-dead-letters")) == (120, 0)


def test_an_interrupted_list_hides_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put(GOOD)

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("clientela_cli.sending.dead_letter._load_json", interrupt)
    assert run("demo", "list").code == 130
    assert len(waiting("orders-dead-letters")) == 1


def test_messages_that_another_reader_holds_are_counted(run: Run) -> None:
    put(GOOD)
    boto3.client("sqs").receive_message(QueueUrl=url("orders-dead-letters"), VisibilityTimeout=100)
    code, out, err = run("demo", "list")
    assert (code, "0 dead letters" in out, "Another reader holds 1 dead letters" in err) == (0, True, True)


def test_a_dead_letter_is_shown_as_json_or_as_text(run: Run) -> None:
    good, text = put(GOOD), put("no order at all")
    assert run("demo", "show", good, "--json").json()["message"] == GOOD
    assert '"email": "ana@example.com"' in run("demo", "show", good).out
    assert "no order at all" in run("demo", "show", text).out
    code, out, err = run("demo", "show", "0")
    assert (code, out, err) == (1, "", "clientela: Dead letter 0 not found.\n")


def test_acceptable_messages_are_redriven_and_the_others_are_left_with_a_reason(run: Run) -> None:
    good = [put(order(number)) for number in range(23)]
    bad = put(order(99, total="x"))
    for body in ({"store_id": "other", "order": ORDER}, "{"):
        put(body)
    code, out, err = run("demo", "redrive", "--all", "--json")
    done = json.loads(out)
    assert (code, sorted(done["redriven"]), done["missing"]) == (3, sorted(good), [])
    assert [(letter["id"], letter["reason"][:13]) for letter in done["left"]] == [(bad, "/order/total:")]
    assert err == "clientela: 1 were left, because they would be refused again: see the reasons.\n"
    assert sorted(json.loads(body)["order"]["id"] for body in waiting("orders")) == sorted(map(str, range(23)))
    assert len(waiting("orders-dead-letters")) == 3


def test_only_chosen_messages_are_redriven(run: Run) -> None:
    ids = [put(order(number)) for number in range(3)]
    foreign = put({"store_id": "other", "order": ORDER})
    assert run("demo", "redrive", ids[1]).out.startswith("1 dead letters redriven, 0 left.")
    assert [json.loads(body)["order"]["id"] for body in waiting("orders")] == ["1"]
    code, _, err = run("demo", "redrive", ids[0], foreign)
    assert (code, err) == (1, f"clientela: Not found among the dead letters of store demo: {foreign}.\n")
    assert len(waiting("orders-dead-letters")) == 2


def test_a_dry_run_changes_nothing_and_force_leaves_nothing(run: Run) -> None:
    put(GOOD), put(order(2, total="x"))
    dry: Result = run("demo", "redrive", "--all", "--dry-run")
    assert (dry.code, dry.out.startswith("1 dead letters would be redriven, 1 left.")) == (3, True)
    assert (len(waiting("orders")), len(waiting("orders-dead-letters"))) == (0, 2)
    assert run("demo", "redrive", "--all", "--force").code == 0
    assert (len(waiting("orders")), len(waiting("orders-dead-letters"))) == (2, 0)


def test_an_interrupted_redrive_loses_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put(GOOD)

    def die(**_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(clients.sqs(), "delete_message_batch", die)
        assert run("demo", "redrive", "--all").code == 130
    assert (waiting("orders"), waiting("orders-dead-letters")) == ([json.dumps(GOOD)], [json.dumps(GOOD)])
    with monkeypatch.context() as patch:
        patch.setattr(clients.sqs(), "send_message_batch", die)
        assert run("demo", "redrive", "--all").code == 130
    assert (len(waiting("orders")), len(waiting("orders-dead-letters"))) == (1, 1)


def test_message_attributes_go_with_the_message(run: Run) -> None:
    sqs, sent = boto3.client("sqs"), {"source": {"DataType": "String", "StringValue": "till"}}
    sqs.send_message(QueueUrl=url("orders-dead-letters"), MessageBody=json.dumps(GOOD), MessageAttributes=sent)  # type: ignore[arg-type]
    run("demo", "redrive", "--all")
    [message] = sqs.receive_message(QueueUrl=url("orders"), MessageAttributeNames=["All"])["Messages"]
    assert message["MessageAttributes"]["source"]["StringValue"] == "till"


@pytest.mark.parametrize("arguments", [["redrive"], ["redrive", "x", "--all"], []])
def test_a_redrive_without_ids_or_with_ids_and_all_is_a_usage_error(run: Run, arguments: list[str]) -> None:
    assert run("demo", *arguments).code == 2
