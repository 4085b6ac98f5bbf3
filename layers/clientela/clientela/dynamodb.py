"""A lean client for DynamoDB's hot reads: the JSON protocol, signed, over one pool of kept-alive connections.

botocore spends about 10 ms of CPU to parse a page of 100 items; this spends what orjson needs. Credentials, region and
endpoint are those of botocore's client, so that every way to configure them works. Only idempotent operations are
sent: throttling, faults and broken connections are retried with jitter. Measured in benchmarks/.

Protocol: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
Signature: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlsplit

import orjson
import urllib3

from clientela import settings, table
from clientela.errors import BusyError

type Item = dict[str, dict[str, Any]]  # attribute name → DynamoDB attribute value, e.g. {"pk": {"S": "STORE#demo"}}

ATTEMPTS = 5
BATCH_READ = 100  # keys: DynamoDB's limit for one BatchGetItem
_TEMPORARY = (
    "ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "InternalServerError",
)  # fmt: skip


class DynamoDBError(RuntimeError):
    """DynamoDB refused a call in a way that repeating cannot cure: a fault of ours."""


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


def query_all(**request: Any) -> Iterator[Item]:
    """Every item of a Query, page after page."""
    while True:
        answer = query(**request)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def key(pk: str, sk: str) -> Item:
    """The table's key as DynamoDB wants it."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    body = orjson.dumps(request)
    for attempt in range(ATTEMPTS):
        try:
            response = _send(operation, body)
        except urllib3.exceptions.HTTPError:
            _wait(attempt)
            continue
        if response.status == 200:
            answer: dict[str, Any] = orjson.loads(response.data)
            return answer
        if response.status < 500 and not any(name in response.data.decode() for name in _TEMPORARY):
            raise DynamoDBError(f"{operation}: {response.status} {response.data.decode()[:500]}")
        _wait(attempt)
    raise BusyError


def _send(operation: str, body: bytes) -> urllib3.BaseHTTPResponse:
    client = table.connection().client
    credentials = client._request_signer._credentials.get_frozen_credentials()  # noqa: SLF001 - no public way to them
    headers = signed_headers(
        operation, body, urlsplit(client.meta.endpoint_url).netloc, client.meta.region_name, credentials, datetime.now(UTC)
    )
    return _pool().request("POST", f"{client.meta.endpoint_url}/", body=body, headers=headers, retries=False)


def signed_headers(operation: str, body: bytes, host: str, region: str, credentials: Any, now: datetime) -> dict[str, str]:
    """The headers of one call, signed with Signature Version 4."""
    moment, target = now.strftime("%Y%m%dT%H%M%SZ"), f"DynamoDB_20120810.{operation}"
    signed = {"host": host, "x-amz-date": moment, "x-amz-target": target}
    if credentials.token:
        signed["x-amz-security-token"] = credentials.token
    names = sorted(signed)
    canonical = "\n".join(
        ["POST", "/", "", *(f"{name}:{signed[name]}" for name in names), "", ";".join(names), hashlib.sha256(body).hexdigest()]
    )
    scope = f"{moment[:8]}/{region}/dynamodb/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(_signing_key(credentials.secret_key, moment[:8], region), text.encode(), hashlib.sha256).hexdigest()
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return signed | {"authorization": authorization, "content-type": "application/x-amz-json-1.0"}


@lru_cache(maxsize=4)
def _signing_key(secret: str, day: str, region: str) -> bytes:
    signing_key = f"AWS4{secret}".encode()
    for part in (day, region, "dynamodb", "aws4_request"):
        signing_key = hmac.new(signing_key, part.encode(), hashlib.sha256).digest()
    return signing_key


@cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(maxsize=16, timeout=urllib3.Timeout(connect=2, read=5))


def _wait(attempt: int) -> None:
    time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, nothing secret
