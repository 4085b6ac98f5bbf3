"""The lean SendMessage and SendMessageBatch send what botocore would."""

from typing import Any

import boto3
import pytest

from clientela import settings
from clientela.aws import sqs
from clientela.aws.json_protocol import RefusedError
from clientela.errors import BusyError


def test_a_message_arrives_as_it_was_put(aws: Any) -> None:
    sqs.send(settings.mail_queue_url(), '{"mail": "welcome", "name": "Pérez"}')
    (message,) = boto3.client("sqs").receive_message(QueueUrl=settings.mail_queue_url())["Messages"]
    assert message["Body"] == '{"mail": "welcome", "name": "Pérez"}'


def test_a_queue_that_is_not_there_is_a_fault(aws: Any) -> None:
    with pytest.raises(RefusedError, match="SendMessage: QueueDoesNotExist"):
        sqs.send("http://127.0.0.1/123456789012/none", "x")


def test_more_messages_than_one_call_may_have_all_arrive(aws: Any) -> None:
    bodies = {f"message {number}" for number in range(sqs.MAX_BATCH + 1)}
    sqs.send_all(settings.mail_queue_url(), bodies)
    received: set[str] = set()
    while len(received) < len(bodies):
        reply = boto3.client("sqs").receive_message(QueueUrl=settings.mail_queue_url(), MaxNumberOfMessages=10)
        received |= {message["Body"] for message in reply["Messages"]}
    assert received == bodies


def test_a_batch_that_is_accepted_in_part_must_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqs.client, "call", lambda *_: {"Failed": [{"Id": "1"}]})
    with pytest.raises(BusyError, match="did not accept all"):
        sqs.send_all("http://127.0.0.1/123456789012/none", ["a", "b"])
