"""A lean client for hot reads and transactions: DynamoDB's JSON protocol, signed, over one pool of kept-alive connections.

botocore spends about 10 ms of CPU to parse a page of 100 items and 2 ms to send a transaction; this spends what orjson
needs. Credentials, region and endpoint are those of botocore's client, so that every way to configure them works. Whatever
is sent may be repeated: throttling, faults and broken connections are retried with jitter. Measured in benchmarks/.

Protocol: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
Signature: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import random
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import orjson

from clientela import clients, settings
from clientela.connections import Broken, Connections, Reply
from clientela.errors import BusyError

type Item = dict[str, dict[str, Any]]  # attribute name → DynamoDB attribute value, e.g. {"pk": {"S": "STORE#demo"}}

ATTEMPTS = 5
BATCH_READ = 100  # keys: DynamoDB's limit for one BatchGetItem
BATCH_WRITE = 25  # puts and deletes: DynamoDB's limit for one BatchWriteItem
TEMPORARY = (
    "ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "InternalServerError",
    "TransactionInProgressException", "TransactionConflictException",
)  # fmt: skip


class DynamoDBError(RuntimeError):
    """DynamoDB refused a call in a way that repeating cannot cure: a fault of ours."""


class RefusedError(DynamoDBError):
    """What DynamoDB answered instead: `code` is the exception's name, `body` all of it."""

    def __init__(self, operation: str, body: dict[str, Any]) -> None:
        self.code = str(body.get("__type", "")).rpartition("#")[2]
        self.body = body
        super().__init__(f"{operation}: {self.code} {body.get('message', body.get('Message', ''))}")


def get(pk: str, sk: str, *, consistent: bool = True) -> Item | None:
    """The item at these keys, or None. 1 read unit per 4 KB, half of it where `consistent` is False."""
    answer = _call("GetItem", {"TableName": settings.table_name(), "Key": key(pk, sk), "ConsistentRead": consistent})
    item: Item | None = answer.get("Item")
    return item


def get_many(keys: Sequence[tuple[str, str]], projection: str | None = None) -> list[Item]:
    """The items at these keys, as many as exist, in any order. Half a read unit per 4 KB of each item."""
    found: list[Item] = []
    for start in range(0, len(keys), BATCH_READ):
        pending = [key(pk, sk) for pk, sk in keys[start : start + BATCH_READ]]
        for attempt in range(ATTEMPTS):
            request: dict[str, Any] = {"Keys": pending} | ({"ProjectionExpression": projection} if projection else {})
            answer = _call("BatchGetItem", {"RequestItems": {settings.table_name(): request}})
            found += answer["Responses"].get(settings.table_name(), [])
            pending = answer.get("UnprocessedKeys", {}).get(settings.table_name(), {}).get("Keys", [])
            if not pending:
                break
            _wait(attempt)
        else:
            raise BusyError
    return found


def query(**request: Any) -> dict[str, Any]:
    """One page of a Query, as DynamoDB answers it: Items, Count, ScannedCount, LastEvaluatedKey."""
    return _call("Query", {"TableName": settings.table_name()} | request)


def query_pages(**request: Any) -> Iterator[dict[str, Any]]:
    """Every page of a Query, as DynamoDB answers them."""
    while True:
        answer = query(**request)
        yield answer
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def put(item: Item, condition: str) -> bool:
    """Put an item if the condition holds; whether it did. Where a reply was lost it may say no to what it has put: look.

    1 write unit per KB, and as much per index entry.
    """
    try:
        _call("PutItem", {"TableName": settings.table_name(), "Item": item, "ConditionExpression": condition})
    except RefusedError as refused:
        if refused.code == "ConditionalCheckFailedException":
            return False
        raise
    return True


def put_all(items: list[Item]) -> None:
    """Put up to 25 items, unconditionally and each for itself: for what is new or may be put again. BusyError."""
    _write_all([{"PutRequest": {"Item": item}} for item in items])


def delete_all(item_keys: list[Item]) -> None:
    """Delete up to 25 items by their keys, each for itself. BusyError. 1 write unit per KB deleted."""
    _write_all([{"DeleteRequest": {"Key": item_key}} for item_key in item_keys])


def _write_all(pending: list[dict[str, Any]]) -> None:
    for attempt in range(ATTEMPTS):
        answer = _call("BatchWriteItem", {"RequestItems": {settings.table_name(): pending}})
        pending = answer.get("UnprocessedItems", {}).get(settings.table_name(), [])
        if not pending:
            return
        _wait(attempt)
    raise BusyError


def transact(writes: list[dict[str, Any]]) -> list[str] | None:
    """TransactWriteItems. None when it is done; else the reason of each write, `None` as text where it was not at fault.

    The request token is made here, once for all attempts: DynamoDB does the work of repeated requests once.
    """
    try:
        _call("TransactWriteItems", {"TransactItems": writes, "ClientRequestToken": str(uuid.uuid4())})
    except RefusedError as refused:
        if refused.code == "TransactionCanceledException":
            return [reason.get("Code", "None") for reason in refused.body["CancellationReasons"]]
        raise
    return None


def key(pk: str, sk: str) -> Item:
    """The table's key as DynamoDB wants it."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    body = orjson.dumps(request)
    for attempt in range(ATTEMPTS):
        try:
            response = _send(operation, body)
        except Broken:
            _wait(attempt)
            continue
        if response.status == 200:
            answer: dict[str, Any] = orjson.loads(response.data)
            return answer
        refused = RefusedError(operation, _json(response.data))
        if response.status < 500 and refused.code not in TEMPORARY:
            raise refused
        _wait(attempt)
    raise BusyError


def _json(data: bytes) -> dict[str, Any]:
    """The body of a refusal; empty where something on the way answered in DynamoDB's place."""
    try:
        body: dict[str, Any] = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return body


def _send(operation: str, body: bytes) -> Reply:
    client, connections = clients.dynamodb(), _connections()
    credentials = client._request_signer._credentials.get_frozen_credentials()  # type: ignore[attr-defined]
    moment = datetime.now(UTC)
    headers = signed_headers(operation, body, connections.host, client.meta.region_name, credentials, moment)
    return connections.post(body, headers)


def signed_headers(
    operation: str, body: bytes, host: str, region: str, credentials: Any, now: datetime
) -> dict[str, str]:
    """The headers of one call, signed with Signature Version 4."""
    moment, target = now.strftime("%Y%m%dT%H%M%SZ"), f"DynamoDB_20120810.{operation}"
    signed = {"host": host, "x-amz-date": moment, "x-amz-target": target}
    if credentials.token:
        signed["x-amz-security-token"] = credentials.token
    names = sorted(signed)
    canonical = "\n".join(
        [
            "POST",
            "/",
            "",
            *(f"{name}:{signed[name]}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{moment[:8]}/{region}/dynamodb/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(
        _signing_key(credentials.secret_key, moment[:8], region), text.encode(), hashlib.sha256
    ).hexdigest()
    parts = {
        "Credential": f"{credentials.access_key}/{scope}",
        "SignedHeaders": ";".join(names),
        "Signature": signature,
    }
    authorization = "AWS4-HMAC-SHA256 " + ", ".join(f"{name}={value}" for name, value in parts.items())
    return signed | {"authorization": authorization, "content-type": "application/x-amz-json-1.0"}


@lru_cache(maxsize=4)
def _signing_key(secret: str, day: str, region: str) -> bytes:
    signing_key = f"AWS4{secret}".encode()
    for part in (day, region, "dynamodb", "aws4_request"):
        signing_key = hmac.new(signing_key, part.encode(), hashlib.sha256).digest()
    return signing_key


@cache
def _connections() -> Connections:
    return Connections(clients.dynamodb().meta.endpoint_url)


def _wait(attempt: int) -> None:
    time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, nothing secret
