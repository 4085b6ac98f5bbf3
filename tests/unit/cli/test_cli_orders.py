"""Order files on the command line."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.support.cli import Run, deploy, runner

from clientela.aws import clients
from clientela_cli.sending import backpressure, resume_state, sqs_queue
from clientela_cli.sending.backpressure import Backpressure

ORDER = {
    "id": "1", "version": 1, "placed_at": "2026-11-21T10:00:00Z", "email": "ana@example.com", "currency": "EUR",
    "total": "49.90", "payment_status": "paid",
}  # fmt: skip


@pytest.fixture
def run(store: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CLIENTELA_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
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
    """Receive all orders on the queue, and return their ids."""
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
        "rejected": 0,
    }
    assert sorted(queued(), key=int) == [str(number) for number in range(23)]


def test_the_number_of_sent_messages_is_printed(run: Run, file: Path) -> None:
    assert run("orders", "send", "demo", file).out == "23 order messages sent to Demo.\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (json.dumps({"store_id": "other", "order": ORDER}), "line 47: an order of store other, not of demo"),
        ("{", "line 47: The message is not JSON"),
        (json.dumps({"store_id": "demo", "order": ORDER | {"total": "much"}}), "line 47: /order/total: "),
        (json.dumps({"store_id": "Demo", "order": ORDER}), "line 47: /store_id: Use 3 to 50 lower-case letters"),
        (
            json.dumps({"store_id": "demo", "order": ORDER | {"currency": "euro"}}),
            "line 47: /order/currency: Use the three capital letters",
        ),
    ],
)
def test_one_bad_line_is_named_and_nothing_is_sent(run: Run, file: Path, line: str, said: str) -> None:
    file.write_text(file.read_text() + "\n" + line)
    code, out, err = run("orders", "send", "demo", file)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert f"orders.jsonl has bad lines, nothing was sent: {said}" in err
    assert queued() == []


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_a_file_without_a_message_fails(run: Run, file: Path, content: str) -> None:
    file.write_text(content, "utf-8")
    code, out, err = run("orders", "send", "demo", file)
    assert (code, out, err) == (1, "", "clientela: orders.jsonl has no order messages: nothing was sent.\n")


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
    monkeypatch.setattr(sqs_queue, "ATTEMPTS", 2)
    code, _, err = run("orders", "send", "demo", file)
    assert (code, "line 1: not yours" in err) == (1, True)


def test_a_file_that_is_not_there_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    assert run("orders", "send", "demo", tmp_path / "none.jsonl").code == 2


def numbers(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last)]


def interrupt_after(monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    """Ctrl-C while the batch after these is being read."""
    wait, left = Backpressure.wait, [batches]

    def interrupt(*arguments: Any) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        wait(*arguments)

    monkeypatch.setattr(Backpressure, "wait", interrupt)


def test_an_interrupted_run_continues_where_it_stopped_and_sends_nothing_twice(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupt_after(patch, 1)
        code, out, err = run("orders", "send", "demo", file)
    assert (code, out) == (130, "")
    assert "clientela: 10 messages are sent. To continue, send the same file again." in err
    copy = file.rename(file.with_name("renamed.jsonl"))  # known by its content
    code, out, err = run("orders", "send", "demo", copy)
    assert (code, out) == (0, "23 order messages sent to Demo.\n")
    assert "Continuing after line 19: 10 messages are already sent." in err
    assert sorted(queued(), key=int) == numbers(0, 23)


def test_a_finished_or_restarted_run_starts_from_the_beginning(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("orders", "send", "demo", file)
    with monkeypatch.context() as patch:
        interrupt_after(patch, 2)
        run("orders", "send", "demo", file)
    run("orders", "send", "demo", file, "--restart")
    assert len(queued()) == 23 + 20 + 23


def test_a_changed_file_is_another_file(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        interrupt_after(patch, 1)
        run("orders", "send", "demo", file)
    file.write_text("\n" + file.read_text())
    run("orders", "send", "demo", file)
    assert len(queued()) == 10 + 23


def test_the_next_run_sends_a_failed_batch_and_all_after_it(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = clients.sqs()
    send = sqs.send_message_batch

    def refuse_the_second(QueueUrl: str, Entries: list[Any]) -> Any:  # noqa: N803 - boto3's names
        if Entries[0]["Id"] == "21":
            return {"Failed": [{"Id": "21", "Code": "InvalidMessageContents", "SenderFault": True}]}
        return send(QueueUrl=QueueUrl, Entries=Entries)

    with monkeypatch.context() as patch:
        patch.setattr(sqs, "send_message_batch", refuse_the_second)
        code, _, err = run("orders", "send", "demo", file)
    assert (code, "SQS refused line 21: InvalidMessageContents. 10 messages are sent." in err) == (1, True)
    assert run("orders", "send", "demo", file).code == 0
    assert set(queued()) == set(numbers(0, 23))


def test_good_lines_are_sent_and_bad_lines_are_written_with_number_and_reason(
    run: Run, file: Path, tmp_path: Path
) -> None:
    bad = ["{", json.dumps({"store_id": "other", "order": ORDER}), "x" * 300_000, json.dumps({"store_id": "demo"})]
    content = (
        file.read_bytes() + "\n".join(bad).encode() + b"\n\xff\n" + json.dumps("\uffff", ensure_ascii=False).encode()
    )
    file.write_bytes(content + b"\n" + json.dumps({"store_id": "demo", "order": ORDER | {"id": "23"}}).encode())
    rejects = tmp_path / "rejects.jsonl"
    code, out, err = run("orders", "send", "demo", file, "--rejects", rejects, "--json")
    assert (code, json.loads(out)["sent"], json.loads(out)["rejected"]) == (3, 24, 6)
    assert err == f"clientela: 6 lines were rejected: see {rejects}.\n"
    written = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [line["line"] for line in written] == [46, 47, 48, 49, 50, 51]
    assert written[0] == {"line": 46, "reason": written[0]["reason"], "text": "{"}
    assert [line["reason"].split(":")[0] for line in written[1:4]] == [
        "an order of store other, not of demo",
        "longer than the limit of 262,144 bytes",
        "/order",
    ]
    assert sorted(queued(), key=int) == numbers(0, 24)


def test_each_reject_is_written_once_even_after_interruptions(
    run: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(
        "\n".join(f"{line}\nbad {number}" for number, line in enumerate(file.read_text().splitlines()[::2]))
    )
    rejects = tmp_path / "rejects.jsonl"
    for _ in range(2):
        with monkeypatch.context() as patch:
            interrupt_after(patch, 1)
            assert run("orders", "send", "demo", file, "--rejects", rejects).code == 130
    code, _, err = run("orders", "send", "demo", file)
    assert (code, f"A run with --rejects {rejects} was interrupted at line 39" in err) == (2, True)
    code, out, _ = run("orders", "send", "demo", file, "--rejects", rejects, "--json")
    assert (code, json.loads(out)["sent"], json.loads(out)["rejected"]) == (3, 23, 23)
    assert [json.loads(line)["line"] for line in rejects.read_text().splitlines()] == list(range(2, 48, 2))
    assert sorted(queued(), key=int) == numbers(0, 23)
    assert run("orders", "send", "demo", file, "--rejects", rejects).code == 2  # somebody may be correcting it


def test_sending_waits_while_the_queue_is_long(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    depths = iter([95, 95, 80, 95, 0])

    def depth(_: str) -> sqs_queue.Depth:
        return sqs_queue.Depth(next(depths), 0)

    send = clients.sqs().send_message_batch

    def count(QueueUrl: str, Entries: list[Any]) -> Any:  # noqa: N803 - boto3's names
        sizes.append(len(Entries))
        return send(QueueUrl=QueueUrl, Entries=Entries)

    monkeypatch.setattr(sqs_queue, "depth", depth)
    monkeypatch.setattr(backpressure, "_POLL_SECONDS", 0)
    monkeypatch.setattr(clients.sqs(), "send_message_batch", count)
    assert run("orders", "send", "demo", file, "--backlog", "100").code == 0
    # 95 + 10 are too many, twice; 80 + 20 are not; the last three wait for one more look.
    assert (sum(sizes), list(depths)) == (23, [0])


def test_a_queue_that_does_not_shrink_is_a_warning(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    depths = iter([50, 50, 50, 0])
    monkeypatch.setattr(sqs_queue, "depth", lambda _: sqs_queue.Depth(next(depths), 0))
    monkeypatch.setattr(backpressure, "_POLL_SECONDS", 0)
    monkeypatch.setattr(backpressure, "_WARNING_SECONDS", -1)
    code, _, err = run("orders", "send", "demo", file, "--backlog", "40")
    assert (code, "stays at 50 messages or more: is the order intake running?" in err) == (0, True)


def test_a_damaged_resume_state_is_ignored(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resume_state.ResumeState, "clear", lambda _: None)
    run("orders", "send", "demo", file)
    [saved] = resume_state._folder().iterdir() if resume_state._folder().exists() else []
    saved.write_text("{")
    assert run("orders", "send", "demo", file).out == "23 order messages sent to Demo.\n"
