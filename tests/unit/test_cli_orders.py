"""Order files on the command line."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.unit.cli import Run, deploy, runner

from clientela import clients

ORDER = {
    "id": "1", "version": 1, "placed_at": "2026-11-21T10:00:00Z", "email": "ana@example.com", "currency": "EUR",
    "total": "49.90", "payment_status": "paid",
}  # fmt: skip


@pytest.fixture
def run(store: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    deploy(tmp_path)
    command = runner(monkeypatch, capsys)
    return lambda *arguments: command("--local", *arguments)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """23 messages: two full batches and a part of one."""
    lines = [json.dumps({"store_id": "demo", "order": ORDER | {"id": str(number)}}) for number in range(23)]
    path = tmp_path / "orders.jsonl"
    path.write_text("\n\n".join(lines) + "\n")
    return path


def queued() -> list[str]:
    """The ids of the orders on the queue."""
    sqs = boto3.client("sqs")
    url, found = sqs.get_queue_url(QueueName="orders")["QueueUrl"], []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"])["order"]["id"] for message in messages]
    return found


def test_every_message_of_the_file_is_sent(run: Run, file: Path) -> None:
    assert run("orders", "send", "demo", file, "--json").json() == {
        "store_id": "demo",
        "file": "orders.jsonl",
        "sent": 23,
    }
    assert sorted(queued(), key=int) == [str(number) for number in range(23)]


def test_how_many_were_sent_is_said(run: Run, file: Path) -> None:
    assert run("orders", "send", "demo", file).out == "23 order messages sent to Demo.\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (json.dumps({"store_id": "other", "order": ORDER}), "line 47: an order of the store other, not of demo"),
        ("{", "line 47: Invalid JSON"),
        (json.dumps({"store_id": "demo", "order": ORDER | {"total": "much"}}), "line 47: order/total: "),
        (json.dumps({"store_id": "Demo", "order": ORDER}), "line 47: store_id: must be 3 to 50 lower-case letters"),
        (
            json.dumps({"store_id": "demo", "order": ORDER | {"currency": "euro"}}),
            "line 47: order/currency: must be the three capital letters",
        ),
    ],
)
def test_one_bad_line_is_named_and_nothing_is_sent(run: Run, file: Path, line: str, said: str) -> None:
    file.write_text(file.read_text() + "\n" + line)
    code, out, err = run("orders", "send", "demo", file)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert f"orders.jsonl, nothing was sent: {said}" in err
    assert queued() == []


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_a_file_without_a_message_fails(run: Run, file: Path, content: str) -> None:
    file.write_text(content, "utf-8")
    code, out, err = run("orders", "send", "demo", file)
    assert (code, out, err) == (1, "", "clientela: orders.jsonl holds no order message: nothing was sent.\n")


def test_messages_that_sqs_refuses_are_sent_again(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sqs, refused = clients.sqs(), set[str]()
    send = sqs.send_message_batch

    def refuse_some_once(QueueUrl: str, Entries: list[Any]) -> Any:  # noqa: N803 - boto3's names
        bad = [entry for entry in Entries if entry["Id"].endswith("1") and entry["Id"] not in refused]
        refused.update(entry["Id"] for entry in bad)
        answer = send(QueueUrl=QueueUrl, Entries=[entry for entry in Entries if entry not in bad])
        return answer | {"Failed": [{"Id": entry["Id"], "Code": "InternalError"} for entry in bad]}

    monkeypatch.setattr(sqs, "send_message_batch", refuse_some_once)
    assert run("orders", "send", "demo", file, "--json").json()["sent"] == 23
    assert len(queued()) == 23
    assert refused


def test_messages_that_sqs_keeps_refusing_fail_the_command(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = {"Failed": [{"Id": "1", "Code": "AccessDenied", "Message": "not yours"}]}
    monkeypatch.setattr(clients.sqs(), "send_message_batch", lambda **_: refusal)
    monkeypatch.setattr("clientela_cli.orders._ATTEMPTS", 2)
    code, _, err = run("orders", "send", "demo", file)
    assert (code, "line 1: not yours" in err) == (1, True)


def test_a_file_that_is_not_there_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    assert run("orders", "send", "demo", tmp_path / "none.jsonl").code == 2
