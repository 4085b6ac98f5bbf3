"""A lean client of DynamoDB's JSON protocol, for every read and write of the table.

botocore spends about 10 ms of CPU to parse a page of 100 items and 2 ms to send a transaction; this
client spends what orjson needs (measured in benchmarks/). A call whose reply is lost is repeated:
`records` and transactions recognise what the first call has written.

Protocol:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
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
    """DynamoDB refused a call permanently: a fault of this code."""


class Written(NamedTuple):
    """The result of a conditional write.

    `item` is the item after the write, or the one that made the condition fail, if the request
    asked for it. `is_repeated`: an earlier attempt got no response, so it may have been done.
    """

    done: bool
    item: Item | None
    is_repeated: bool = False


def get(pk: str, sk: str, *, consistent: bool = True) -> Item | None:
    """Return the item at these keys, or None.

    Cost: 1 read unit per 4 KB, half of it if `consistent` is False.
    """
    answer = client.call(
        "GetItem", {"TableName": settings.table_name(), "Key": key(pk, sk), "ConsistentRead": consistent}
    )
    item: Item | None = answer.get("Item")
    return item


def get_many(keys: Sequence[tuple[str, str]], projection: str | None = None, *, consistent: bool = False) -> list[Item]:
    """Return the items that exist at these keys, in any order.

    Raises:
        BusyError: DynamoDB left keys unread in every attempt.

    Cost: half a read unit per 4 KB of each item, twice that if `consistent`.
    """
    items: list[Item] = []
    for start in range(0, len(keys), BATCH_READ):
        pending = [key(pk, sk) for pk, sk in keys[start : start + BATCH_READ]]
        for attempt in range(ATTEMPTS):
            request: dict[str, Any] = {"Keys": pending, "ConsistentRead": consistent}
            request |= {"ProjectionExpression": projection} if projection else {}
            answer = client.call("BatchGetItem", {"RequestItems": {settings.table_name(): request}})
            items += answer["Responses"].get(settings.table_name(), [])
            pending = answer.get("UnprocessedKeys", {}).get(settings.table_name(), {}).get("Keys", [])
            if not pending:
                break
            back_off(attempt, BACKOFF_SECONDS)
        else:
            raise BusyError
    return items


def query(**request: Any) -> dict[str, Any]:
    """Return one page of a Query as DynamoDB sends it, with Items, Count and LastEvaluatedKey."""
    return client.call("Query", {"TableName": settings.table_name()} | request)


def query_pages(**request: Any) -> Iterator[dict[str, Any]]:
    """Yield every page of a Query as DynamoDB sends it."""
    while True:
        answer = query(**request)
        yield answer
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def query_partition(pk: str, attributes: str, names: dict[str, str] | None = None) -> Iterator[Item]:
    """Yield these attributes of all items of a partition; `names` stands for reserved words.

    Cost: half a read unit per 4 KB.
    """
    request: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
    pages = query_pages(
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": pk}},
        ProjectionExpression=attributes,
        **request,
    )
    for page in pages:
        yield from page["Items"]


def scan_pages(**request: Any) -> Iterator[dict[str, Any]]:
    """Yield every page of a Scan as DynamoDB sends it.

    Cost: half a read unit per 4 KB of the whole table.
    """
    while True:
        answer = client.call("Scan", {"TableName": settings.table_name()} | request)
        yield answer
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def write(operation: Write, **request: Any) -> Written:
    """Send one write with a condition, and return whether the condition held.

    A lost reply is retried: the condition may then fail because of this call's own write.

    Cost: 1 write unit per KB, also if the condition fails.
    """
    try:
        answer = client.call(operation, {"TableName": settings.table_name()} | request)
    except RefusedError as refused:
        if refused.code == "ConditionalCheckFailedException":
            return Written(False, refused.body.get("Item"), refused.is_repeated)
        raise
    return Written(True, answer.get("Attributes"))


def put_all(items: list[Item]) -> None:
    """Put up to 25 items without conditions, each on its own: only for items that may be put twice.

    Raises:
        BusyError: DynamoDB left items unwritten in every attempt.

    Cost: 1 write unit per KB of each item, and as much per index entry.
    """
    _write_all([{"PutRequest": {"Item": item}} for item in items])


def delete_all(item_keys: list[Item]) -> None:
    """Delete up to 25 items by their keys, each on its own.

    Raises:
        BusyError: DynamoDB left items undeleted in every attempt.

    Cost: 1 write unit per KB deleted.
    """
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
    """Send a TransactWriteItems. Return None if it succeeded, else each write's cancellation code.

    The code of a write that did not cancel the transaction is the text `None`. The request token is
    the same in all attempts, so DynamoDB writes once even if a reply is lost.
    """
    try:
        client.call("TransactWriteItems", {"TransactItems": writes, "ClientRequestToken": str(uuid.uuid4())})
    except RefusedError as refused:
        if refused.code == "TransactionCanceledException":
            return [reason.get("Code", "None") for reason in refused.body["CancellationReasons"]]
        raise
    return None


def key(pk: str, sk: str) -> Item:
    """Return the key of an item in DynamoDB's JSON."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}
