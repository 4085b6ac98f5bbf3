"""Records requests to DynamoDB and SQS, by our client and by botocore, and their units."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.partiql import answered_by_puts

from clientela.aws import clients, sqs
from clientela.aws.json_protocol import RefusedError
from clientela.table import dynamodb

_READS = {"GetItem", "BatchGetItem", "Query"}
_WITH_UNITS = {"ReturnConsumedCapacity": "INDEXES"}  # the table and its indexes, each
_SINGLE = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
}  # the operation for each write of a transaction

type Request = tuple[str, dict[str, Any]]  # operation and parameters


@dataclass
class Traffic:
    """The requests in order, and the sum of their units.

    What AWS charges for the index entries of a transaction is not documented. `write_units` counts
    them twice, as DynamoDB Local does and as the table's part is charged; `write_units_low` once,
    as others have measured on AWS (docs/costs.md).
    """

    requests: list[Request] = field(default_factory=list)
    read_units: float = 0
    write_units: float = 0
    write_units_low: float = 0

    def add(self, operation: str, answer: dict[str, Any], times: int = 1) -> None:
        """Add the units of an answer."""
        consumed = answer.get("ConsumedCapacity", [])
        for part in consumed if isinstance(consumed, list) else [consumed]:
            units, table_units = (
                part["CapacityUnits"],
                part.get("Table", {}).get("CapacityUnits", part["CapacityUnits"]),
            )
            if operation in _READS:
                self.read_units += times * units
            else:
                self.write_units += times * units
                self.write_units_low += times * table_units + units - table_units


@contextmanager
def record_traffic() -> Iterator[Traffic]:
    """Record the domain's requests to DynamoDB and SQS."""
    traffic = Traffic()
    with _record_own_client(traffic), _record_botocore(traffic), _record_sqs(traffic):
        yield traffic


@contextmanager
def _record_own_client(traffic: Traffic) -> Iterator[None]:
    original = dynamodb.client.call

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        traffic.requests.append((operation, dict(request)))
        traffic.write_units += 2 * _count_checks(request)  # for items up to 1 KB
        traffic.write_units_low += 2 * _count_checks(request)
        if operation == "BatchExecuteStatement":
            return answered_by_puts(request, insert)
        for part, part_request, times in _split(operation, request):
            answer = original(part, part_request | _WITH_UNITS)
            traffic.add(part, answer, times)
        return answer

    def insert(put: dict[str, Any]) -> bool:
        """Insert one item: DynamoDB Local does not report the units of PartiQL."""
        try:
            traffic.add("PutItem", original("PutItem", put | _WITH_UNITS))
        except RefusedError as refused:
            if refused.code != "ConditionalCheckFailedException":
                raise
            traffic.write_units += 1
            traffic.write_units_low += 1
            return False
        return True

    dynamodb.client.call = call  # type: ignore[method-assign]
    try:
        yield
    finally:
        dynamodb.client.call = original  # type: ignore[method-assign]


@contextmanager
def _record_sqs(traffic: Traffic) -> Iterator[None]:
    original = sqs.send

    def send(queue_url: str, body: str, delay_seconds: int = 0) -> None:
        traffic.requests.append(("SendMessage", {"QueueUrl": queue_url, "MessageBody": body}))
        original(queue_url, body, delay_seconds)

    sqs.send = send
    try:
        yield
    finally:
        sqs.send = original


def _split(operation: str, request: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Yield the requests to send in place of a request, and how often to count each.

    The writes of a transaction are sent one by one and counted twice, as AWS charges them. DynamoDB
    Local counts only one of several equal writes (3.3.0: 10 units for 99 puts of 33 new customers).
    If a condition fails, a part of the transaction stays written.
    """
    if operation != "TransactWriteItems":
        yield operation, request, 1
    for write in request.get("TransactItems", []):
        for kind, arguments in write.items():
            if kind in _SINGLE:  # a check is not an operation: see `_count_checks`
                yield _SINGLE[kind], arguments, 2


def _count_checks(request: dict[str, Any]) -> int:
    return sum("ConditionCheck" in write for write in request.get("TransactItems", []))


@contextmanager
def _record_botocore(traffic: Traffic) -> Iterator[None]:
    def before(params: dict[str, Any], model: Any, **_: Any) -> None:
        traffic.requests.append((model.name, dict(params)))
        params |= _WITH_UNITS

    def after(model: Any, parsed: dict[str, Any], **_: Any) -> None:
        traffic.add(model.name, parsed)

    events = clients.dynamodb().meta.events
    hooks: dict[str, Callable[..., None]] = {"provide-client-params.dynamodb": before, "after-call.dynamodb": after}
    for event, hook in hooks.items():
        events.register(event, hook)
    try:
        yield
    finally:
        for event, hook in hooks.items():
            events.unregister(event, hook)
