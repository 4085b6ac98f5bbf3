"""The lean client compared with botocore, and with a DynamoDB that fails."""

from datetime import UTC, datetime
from http.client import RemoteDisconnected
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from clientela import clock
from clientela.aws import json_protocol
from clientela.aws.http_connections import Reply
from clientela.aws.json_protocol import Service
from clientela.errors import BusyError
from clientela.table import dynamodb

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("token", [None, "session-token"])
def test_a_call_is_signed_as_botocore_signs_it(token: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = Credentials("AKID", "secret", token)
    headers = json_protocol.headers(
        Service("dynamodb", "DynamoDB_20120810"),
        "GetItem",
        b"{}",
        "db.example.com",
        "eu-west-1",
        credentials.get_frozen_credentials(),
        NOW,
    )
    sent = {name: value for name, value in headers.items() if name in {"x-amz-target", "x-amz-security-token"}}
    request = AWSRequest("POST", "https://db.example.com/", data=b"{}", headers=sent)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: NOW.replace(tzinfo=None))
    SigV4Auth(credentials, "dynamodb", "eu-west-1").add_auth(request)
    assert headers["authorization"] == request.headers["Authorization"]


class Wire:
    """A DynamoDB that returns prepared answers, one per call."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.calls = list(answers), 0

    def __call__(self, operation: str, body: bytes) -> Reply:
        self.calls += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Reply(*answer)


THROTTLED = (400, b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}')
BROKEN = (500, b"<html>bad gateway</html>")
LOST = RemoteDisconnected("connection reset")
FOUND = (200, b'{"Item":{"pk":{"S":"x"}}}')


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "pause", lambda seconds: None)
    monkeypatch.setenv("TABLE_NAME", "t")


@pytest.mark.parametrize("trouble", [THROTTLED, BROKEN, LOST])
def test_passing_trouble_is_waited_out(trouble: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(trouble, trouble, FOUND)
    monkeypatch.setattr(dynamodb.client, "send", wire)
    assert dynamodb.get("x", "y") == {"pk": {"S": "x"}}


@pytest.mark.parametrize("trouble", [THROTTLED, BROKEN, LOST])
def test_lasting_trouble_is_given_up(trouble: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(*[trouble] * 20)
    monkeypatch.setattr(dynamodb.client, "send", wire)
    with pytest.raises(BusyError):
        dynamodb.get("x", "y")
    assert wire.calls == json_protocol.ATTEMPTS


def test_a_refusal_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire((400, b'{"__type":"x#ValidationException","message":"no"}'))
    monkeypatch.setattr(dynamodb.client, "send", wire)
    with pytest.raises(json_protocol.RefusedError, match="ValidationException no"):
        dynamodb.get("x", "y")


def test_what_a_batch_left_over_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = b'{"Responses":{"t":[{"pk":{"S":"a"}}]},"UnprocessedKeys":{"t":{"Keys":[{"pk":{"S":"b"},"sk":{"S":"s"}}]}}}'
    wire = Wire((200, first), (200, b'{"Responses":{"t":[{"pk":{"S":"b"}}]},"UnprocessedKeys":{}}'))
    monkeypatch.setattr(dynamodb.client, "send", wire)
    assert [item["pk"]["S"] for item in dynamodb.get_many([("a", "s"), ("b", "s")])] == ["a", "b"]


def test_a_repeated_transaction_carries_one_token(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []

    def send(operation: str, body: bytes) -> Reply:
        sent.append(body)
        return Reply(500 if len(sent) < 3 else 200, b"{}")

    monkeypatch.setattr(dynamodb.client, "send", send)
    assert dynamodb.transact([]) is None
    assert len(set(sent)) == 1


FAILED = (400, b'{"__type":"x#ConditionalCheckFailedException"}')


@pytest.mark.parametrize(("trouble", "is_repeated"), [(BROKEN, True), (LOST, True), (THROTTLED, False)])
def test_a_failed_condition_says_whether_an_earlier_try_may_have_been_done(
    trouble: Any, is_repeated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dynamodb.client, "send", Wire(trouble, FAILED))
    assert dynamodb.write("DeleteItem") == dynamodb.Written(False, None, is_repeated)
