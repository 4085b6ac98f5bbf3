"""What is asked of DynamoDB, and the units that it says it charged: by the lean client and by botocore; and of SQS."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from clientela.aws import clients, sqs
from clientela.table import dynamodb

_READS = {"GetItem", "BatchGetItem", "Query"}
_ASKED = {"ReturnConsumedCapacity": "TOTAL"}  # the table and its indexes together
_SINGLE = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}  # what a transaction's writes are alone

type Request = tuple[str, dict[str, Any]]  # operation, its parameters


@dataclass
class Traffic:
    """The requests in their order, and what all of them came to."""

    requests: list[Request] = field(default_factory=list)
    read_units: float = 0
    write_units: float = 0

    def add(self, operation: str, answer: dict[str, Any], times: int = 1) -> None:
        """Count what one answer says."""
        consumed = answer.get("ConsumedCapacity", [])
        units = times * sum(part["CapacityUnits"] for part in (consumed if isinstance(consumed, list) else [consumed]))
        if operation in _READS:
            self.read_units += units
        else:
            self.write_units += units


@contextmanager
def watched() -> Iterator[Traffic]:
    """Watch all that the domain asks of DynamoDB meanwhile."""
    traffic = Traffic()
    with _lean_client(traffic), _botocore(traffic), _queue(traffic):
        yield traffic


@contextmanager
def _lean_client(traffic: Traffic) -> Iterator[None]:
    plain = dynamodb.client.call

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        traffic.requests.append((operation, dict(request)))
        traffic.write_units += 2 * _checks(request)  # of items of up to 1 KB
        for part, part_request, times in _parts(operation, request):
            answer = plain(part, part_request | _ASKED)
            traffic.add(part, answer, times)
        return answer

    dynamodb.client.call = call  # type: ignore[method-assign]
    try:
        yield
    finally:
        dynamodb.client.call = plain  # type: ignore[method-assign]


@contextmanager
def _queue(traffic: Traffic) -> Iterator[None]:
    plain = sqs.send

    def send(queue_url: str, body: str) -> None:
        traffic.requests.append(("SendMessage", {"QueueUrl": queue_url, "MessageBody": body}))
        plain(queue_url, body)

    sqs.send = send
    try:
        yield
    finally:
        sqs.send = plain


def _parts(operation: str, request: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], int]]:
    """What to send for a request, and how often to count it.

    The writes of a transaction one by one, twice each, as AWS charges them: DynamoDB Local counts only one of several
    alike (3.3.0: 10 units for the 99 puts of 33 new customers). Conditions must hold, or a part of it is written.
    """
    if operation != "TransactWriteItems":
        yield operation, request, 1
    for write in request.get("TransactItems", []):
        for kind, arguments in write.items():
            if kind in _SINGLE:  # a check has no operation of its own: see `_checks`
                yield _SINGLE[kind], arguments, 2


def _checks(request: dict[str, Any]) -> int:
    return sum("ConditionCheck" in write for write in request.get("TransactItems", []))


@contextmanager
def _botocore(traffic: Traffic) -> Iterator[None]:
    def ask(params: dict[str, Any], model: Any, **_: Any) -> None:
        traffic.requests.append((model.name, dict(params)))
        params |= _ASKED

    def count(model: Any, parsed: dict[str, Any], **_: Any) -> None:
        traffic.add(model.name, parsed)

    events = clients.dynamodb().meta.events
    hooks: dict[str, Callable[..., None]] = {"provide-client-params.dynamodb": ask, "after-call.dynamodb": count}
    for event, hook in hooks.items():
        events.register(event, hook)
    try:
        yield
    finally:
        for event, hook in hooks.items():
            events.unregister(event, hook)
