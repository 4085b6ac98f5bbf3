"""A DynamoDB under overload, and a clock on which its answers and all pauses take their time.

Errors have the form and the meaning that DynamoDB's guide documents: a throttled call has done
nothing, a transaction that conflicts is cancelled as a whole, and a lost reply says nothing.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from clientela import clock, deadlines
from clientela.aws.http_connections import Broken, Reply
from clientela.table import dynamodb

READS = {"GetItem", "BatchGetItem", "Query", "Scan"}
SLOW = 0.2  # seconds: a throttled call, with its way there and back
LATENCY = 0.01

type Fault = Callable[[str, dict[str, Any]], Reply | None]


class World:
    """The clock, and what DynamoDB does instead of answering: `fault` returns its reply, or None."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        self.calls = 0
        self.fault: Fault = lambda operation, request: None
        send = dynamodb.client.send
        patch.setattr(clock, "elapsed", lambda: self.seconds)
        patch.setattr(clock, "pause", self._pass)

        def send_or_fail(operation: str, body: bytes) -> Reply:
            self.calls += 1
            allowed = deadlines.call_seconds(5)
            reply = self.fault(operation, json.loads(body))
            if reply is None:
                self._pass(LATENCY)
                return send(operation, body)
            if reply.status == 0:  # it never comes
                self._pass(allowed)
                raise Broken[0]
            self._pass(SLOW)
            return reply

        patch.setattr(dynamodb.client, "send", send_or_fail)

    def context(self, milliseconds: int) -> Any:
        """The context of an invocation that begins now and that Lambda ends after so much time."""
        end = self.seconds + milliseconds / 1000

        class Context:
            function_name, memory_limit_in_mb, aws_request_id = "function", 512, "request"
            invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"

            def get_remaining_time_in_millis(_) -> int:  # noqa: N805
                return int((end - self.seconds) * 1000)

        return Context()

    def _pass(self, seconds: float) -> None:
        self.seconds += seconds


SILENCE = Reply(0, b"")


def throttled(operation: str, request: dict[str, Any]) -> Reply:
    """Every call is throttled."""
    return _refused("ThrottlingException")


def writes_throttled(operation: str, request: dict[str, Any]) -> Reply | None:
    """Writes are throttled: alone, in batches and in transactions, each in its own words."""
    match operation:
        case "TransactWriteItems":
            return _cancelled(request, "ThrottlingError")
        case "BatchWriteItem":
            return Reply(200, json.dumps({"UnprocessedItems": request["RequestItems"]}).encode())
        case "BatchExecuteStatement":
            errors = [{"Error": {"Code": "ThrottlingError"}} for _ in request["Statements"]]
            return Reply(200, json.dumps({"Responses": errors}).encode())
        case _ if operation in READS:
            return None
        case _:
            return _refused("ProvisionedThroughputExceededException")


def conflicting(operation: str, request: dict[str, Any]) -> Reply | None:
    """Every write meets another transaction on its item."""
    if operation == "TransactWriteItems":
        return _cancelled(request, "TransactionConflict")
    return None if operation in READS else _refused("TransactionConflictException")


def silent(operation: str, request: dict[str, Any]) -> Reply:
    """Connections are open, and nothing comes."""
    return SILENCE


def _refused(code: str) -> Reply:
    return Reply(400, json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}"}).encode())


def _cancelled(request: dict[str, Any], code: str) -> Reply:
    reasons = [{"Code": code}, *({"Code": "None"} for _ in request["TransactItems"][1:])]
    body = {"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "CancellationReasons": reasons}
    return Reply(400, json.dumps(body).encode())
