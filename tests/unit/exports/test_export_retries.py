"""A message of the queue of exports returns soon after it failed, and never while its call works."""

from datetime import timedelta
from typing import Any

import boto3
import pytest
from tests.support.exports import NOW, Context, add, handle, start_of
from tests.support.template_file import resources

from clientela import clock, settings
from clientela.aws import clients, sqs
from clientela.exports import export_content, export_jobs, export_starts
from clientela.exports.export_content import FilterGroupDeletedError
from clientela.exports.export_starts import ScheduledSlot
from clientela.stores import stores
from clientela.stores.stores import Store

QUEUE = resources("AWS::SQS::Queue")["ExportQueue"]["Properties"]


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seconds for which the message was hidden, call by call."""
    seconds: list[int] = []

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        assert (operation, request["QueueUrl"]) == ("ChangeMessageVisibility", settings.export_queue_url())
        assert request["ReceiptHandle"] == "handle"
        seconds.append(request["VisibilityTimeout"])
        return {}

    monkeypatch.setattr(sqs.client, "call", call)
    return seconds


def broken(*_: object) -> None:
    raise OSError


def test_a_message_is_held_for_longer_than_its_call_may_work(store: Store, hidden: list[int]) -> None:
    assert handle(start_of(export_jobs.start(store, NOW)))
    (seconds,) = hidden
    assert Context.left / 1000 < seconds < 20 * 60


@pytest.mark.parametrize(("receives", "gap"), [(1, 60), (2, 300), (3, 1200), (4, 3600), (5, 0), (9, 0)])
def test_a_failed_run_returns_later_and_later(
    store: Store, hidden: list[int], monkeypatch: pytest.MonkeyPatch, receives: int, gap: int
) -> None:
    monkeypatch.setattr(export_content, "require_group", broken)
    assert not handle(start_of(export_jobs.start(store, NOW)), receives=receives)
    assert hidden[1:] == [gap]


def test_an_export_fails_with_its_last_try_and_waits_for_the_next_one_before(
    store: Store, hidden: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, reason = export_jobs.start(store, NOW), "The export failed: OSError."
    monkeypatch.setattr(export_content, "require_group", broken)
    for receives in range(1, 5):
        before = clock.now()
        assert not handle(start_of(job), receives=receives)
        waiting = export_jobs.get(store, job.id)
        assert (waiting.status, waiting.message, waiting.finished_at) == ("queued", reason, None)
        gap = timedelta(seconds=export_starts.GAPS[receives - 1])
        assert waiting.next_try_at
        assert before + gap <= waiting.next_try_at <= clock.now() + gap
    assert not handle(start_of(job), receives=5)
    last = export_jobs.get(store, job.id)
    assert (last.status, last.message, last.next_try_at) == ("failed", reason, None)
    assert last.finished_at


def test_what_a_repetition_cannot_mend_fails_at_once(
    store: Store, hidden: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def group_is_gone(*_: object) -> None:
        raise FilterGroupDeletedError("The group of the filter was deleted.")

    job = export_jobs.start(store, NOW)
    monkeypatch.setattr(export_content, "require_group", group_is_gone)
    assert handle(start_of(job), receives=1)
    assert export_jobs.get(store, job.id).status == "failed"


def test_a_planned_time_that_cannot_be_started_returns_soon(
    store: Store, hidden: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "read", broken)
    assert not handle(ScheduledSlot(store_id=store.id, schedule_id="exs_1", slot=NOW))
    assert hidden[1:] == [60]


def test_every_receive_that_the_queue_grants_has_its_gap() -> None:
    assert len(export_starts.GAPS) == QUEUE["RedrivePolicy"]["maxReceiveCount"]
    assert max(export_starts.GAPS) < QUEUE["VisibilityTimeout"]


def test_an_export_whose_first_run_failed_succeeds_with_the_message_that_returns(
    store: Store, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "ana@example.com")
    url = clients.sqs().create_queue(QueueName="retries")["QueueUrl"]
    monkeypatch.setenv("EXPORT_QUEUE_URL", url)
    started = export_jobs.start(store, NOW)
    export_starts.put(start_of(started))
    (message,) = boto3.client("sqs").receive_message(QueueUrl=url, VisibilityTimeout=5400)["Messages"]
    monkeypatch.setattr(export_starts, "GAPS", (0,))
    with monkeypatch.context() as patch:
        patch.setattr(export_content, "require_group", broken)
        assert not handle(start_of(started), message["MessageId"], receipt_handle=message["ReceiptHandle"])
    (again,) = boto3.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert again["MessageId"] == message["MessageId"]
    assert handle(start_of(started), again["MessageId"], 2, again["ReceiptHandle"])
    assert export_jobs.get(store, started.id).status == "succeeded"


def test_an_export_runs_although_the_queue_refuses_to_hide_its_message(store: Store, aws: Any) -> None:
    started = export_jobs.start(store, NOW)
    assert handle(start_of(started), receipt_handle="of another queue")
    assert export_jobs.get(store, started.id).status == "succeeded"
