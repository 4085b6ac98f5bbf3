"""A lean client for hot reads, hot writes and transactions: DynamoDB's JSON protocol.

botocore spends about 10 ms of CPU to parse a page of 100 items and 2 ms to send a transaction; this spends what orjson
needs. Whatever is sent may be repeated, and a count may then count twice. Measured in benchmarks/.

Protocol: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from clientela import settings
from clientela.aws import clients
from clientela.aws.json_protocol import ATTEMPTS, BACKOFF_SECONDS, CallError, JsonClient, RefusedError, Service
from clientela.concurrency import back_off
from clientela.errors import BusyError

type Write = Literal["PutItem", "UpdateItem", "DeleteItem"]
type Item = dict[str, dict[str, Any]]  # attribute name → DynamoDB attribute value, e.g. {"pk": {"S": "STORE#demo"}}

client = JsonClient(Service("dynamodb", "DynamoDB_20120810"), clients.dynamodb)
BATCH_READ = 100  # keys: DynamoDB's limit for one BatchGetItem
BATCH_WRITE = 25  # puts and deletes: DynamoDB's limit for one BatchWriteItem


class DynamoDBError(CallError):
    """DynamoDB refused a call in a way that repeating cannot cure: a fault of ours."""


class Written(NamedTuple):
    """What came of a conditional write: whether it was done, and the item that it left or that was in its way, if asked."""

    done: bool
    item: Item | None


def get(pk: str, sk: str, *, consistent: bool = True) -> Item | None:
    """The item at these keys, or None. 1 read unit per 4 KB, half of it where `consistent` is False."""
    answer = client.call(
        "GetItem", {"TableName": settings.table_name(), "Key": key(pk, sk), "ConsistentRead": consistent}
    )
    item: Item | None = answer.get("Item")
    return item


def get_many(keys: Sequence[tuple[str, str]], projection: str | None = None) -> list[Item]:
    """The items at these keys, as many as exist, in any order. Half a read unit per 4 KB of each item."""
    found: list[Item] = []
    for start in range(0, len(keys), BATCH_READ):
        pending = [key(pk, sk) for pk, sk in keys[start : start + BATCH_READ]]
        for attempt in range(ATTEMPTS):
            request: dict[str, Any] = {"Keys": pending} | ({"ProjectionExpression": projection} if projection else {})
            answer = client.call("BatchGetItem", {"RequestItems": {settings.table_name(): request}})
            found += answer["Responses"].get(settings.table_name(), [])
            pending = answer.get("UnprocessedKeys", {}).get(settings.table_name(), {}).get("Keys", [])
            if not pending:
                break
            back_off(attempt, BACKOFF_SECONDS)
        else:
            raise BusyError
    return found


def query(**request: Any) -> dict[str, Any]:
    """One page of a Query, as DynamoDB answers it: Items, Count, ScannedCount, LastEvaluatedKey."""
    return client.call("Query", {"TableName": settings.table_name()} | request)


def query_pages(**request: Any) -> Iterator[dict[str, Any]]:
    """Every page of a Query, as DynamoDB answers them."""
    while True:
        answer = query(**request)
        yield answer
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def scan_pages(**request: Any) -> Iterator[dict[str, Any]]:
    """Every page of a Scan, as DynamoDB answers them: all of the table, half a read unit per 4 KB of it."""
    while True:
        answer = client.call("Scan", {"TableName": settings.table_name()} | request)
        yield answer
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def write(operation: Write, **request: Any) -> Written:
    """One write with a condition. It may be sent twice where a reply is lost: a count may be too high by one.

    1 write unit per KB, also where the condition fails.
    """
    try:
        answer = client.call(operation, {"TableName": settings.table_name()} | request)
    except RefusedError as refused:
        if refused.code == "ConditionalCheckFailedException":
            return Written(False, refused.body.get("Item"))
        raise
    return Written(True, answer.get("Attributes"))


def put_all(items: list[Item]) -> None:
    """Put up to 25 items, unconditionally and each for itself: for what is new or may be put again. BusyError."""
    _write_all([{"PutRequest": {"Item": item}} for item in items])


def delete_all(item_keys: list[Item]) -> None:
    """Delete up to 25 items by their keys, each for itself. BusyError. 1 write unit per KB deleted."""
    _write_all([{"DeleteRequest": {"Key": item_key}} for item_key in item_keys])


def _write_all(pending: list[dict[str, Any]]) -> None:
    for attempt in range(ATTEMPTS):
        answer = client.call("BatchWriteItem", {"RequestItems": {settings.table_name(): pending}})
        pending = answer.get("UnprocessedItems", {}).get(settings.table_name(), [])
        if not pending:
            return
        back_off(attempt, BACKOFF_SECONDS)
    raise BusyError


def transact(writes: list[dict[str, Any]]) -> list[str] | None:
    """TransactWriteItems. None when it is done; else the reason of each write, `None` as text where it was not at fault.

    The request token is made here, once for all attempts: DynamoDB does the work of repeated requests once.
    """
    try:
        client.call("TransactWriteItems", {"TransactItems": writes, "ClientRequestToken": str(uuid.uuid4())})
    except RefusedError as refused:
        if refused.code == "TransactionCanceledException":
            return [reason.get("Code", "None") for reason in refused.body["CancellationReasons"]]
        raise
    return None


def key(pk: str, sk: str) -> Item:
    """The table's key as DynamoDB wants it."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}
