"""The policies of the queues: only TLS, and the bus may put aside what it cannot deliver."""

from typing import Any

import pytest
from tests.support.template_file import resources

QUEUES = resources("AWS::SQS::Queue")
POLICIES = [policy["Properties"] for policy in resources("AWS::SQS::QueuePolicy").values()]


def statements(queue: str) -> list[dict[str, Any]]:
    [policy] = [policy for policy in POLICIES if {"Ref": queue} in policy["Queues"]]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_refuses_requests_without_tls(queue: str) -> None:
    [denial] = [statement for statement in statements(queue) if statement["Effect"] == "Deny"]
    assert (denial["Principal"], denial["Action"]) == ("*", "sqs:*")
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_bounce_that_cannot_be_delivered_waits_with_the_failed_calls() -> None:
    rule = resources("AWS::Serverless::Function")["EmailFeedback"]["Properties"]["Events"]["Feedback"]["Properties"]
    assert rule["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["FailedCallsQueue", "Arn"]}}
    [permission] = [statement for statement in statements("FailedCallsQueue") if statement["Effect"] == "Allow"]
    assert permission["Principal"] == {"Service": "events.amazonaws.com"}
    assert permission["Action"] == "sqs:SendMessage"
    assert permission["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["EmailFeedbackFeedback", "Arn"]}}}


@pytest.mark.parametrize("queue", QUEUES)
def test_what_waits_survives_a_replaced_queue(queue: str) -> None:
    assert (QUEUES[queue]["UpdateReplacePolicy"], QUEUES[queue]["DeletionPolicy"]) == ("Retain", "Delete")
