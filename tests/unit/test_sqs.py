"""The lean SendMessage arrives as botocore's would."""

from typing import Any

import boto3
import pytest

from clientela import settings
from clientela.aws import sqs
from clientela.aws.json_protocol import RefusedError


def test_a_message_arrives_as_it_was_put(aws: Any) -> None:
    sqs.send(settings.mail_queue_url(), '{"mail": "welcome", "name": "Pérez"}')
    (message,) = boto3.client("sqs").receive_message(QueueUrl=settings.mail_queue_url())["Messages"]
    assert message["Body"] == '{"mail": "welcome", "name": "Pérez"}'


def test_a_queue_that_is_not_there_is_a_fault(aws: Any) -> None:
    with pytest.raises(RefusedError, match="SendMessage: QueueDoesNotExist"):
        sqs.send("http://127.0.0.1/123456789012/none", "x")
