"""Calls of AWS's JSON protocols, signed, over kept-alive connections: for the few that botocore makes too dear.

Credentials, region and endpoint are those of botocore's client of the service, so that every way to configure them works.
Throttling, faults and broken connections are retried with jitter: whatever is sent must bear being done twice.

Signature: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from clientela.aws.http_connections import Broken, Connections, Reply
from clientela.errors import BusyError

ATTEMPTS = 5
TEMPORARY = (
    "ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "InternalServerError",
    "TransactionInProgressException", "TransactionConflictException", "RequestThrottled", "ServiceUnavailable",
)  # fmt: skip


class Service(NamedTuple):
    """A service by its name in signatures and the prefix of its operations, and the version of its JSON."""

    name: str
    target: str
    json: str = "1.0"


class CallError(RuntimeError):
    """AWS refused a call in a way that repeating cannot cure: a fault of ours."""


class RefusedError(CallError):
    """What AWS answered instead: `code` is the exception's name, `body` all of it."""

    def __init__(self, operation: str, body: dict[str, Any]) -> None:
        self.code = str(body.get("__type", "")).rpartition("#")[2]
        self.body = body
        super().__init__(f"{operation}: {self.code} {body.get('message', body.get('Message', ''))}")


def call(
    send: Callable[[str, bytes], Reply], operation: str, request: dict[str, Any], wait: Callable[[int], None]
) -> dict[str, Any]:
    """What AWS answers to a request, after as many attempts as it takes. RefusedError; BusyError after ATTEMPTS."""
    body = orjson.dumps(request)
    for attempt in range(ATTEMPTS):
        try:
            response = send(operation, body)
        except Broken:
            wait(attempt)
            continue
        if response.status == 200:
            answer: dict[str, Any] = orjson.loads(response.data)
            return answer
        refused = RefusedError(operation, _json(response.data))
        if response.status < 500 and refused.code not in TEMPORARY:
            raise refused
        wait(attempt)
    raise BusyError


def send(service: Service, client: Any, connections: Connections, operation: str, body: bytes) -> Reply:
    """Sign a body with the credentials of botocore's client, and send it once. Raises one of `Broken`."""
    credentials = client._request_signer._credentials.get_frozen_credentials()
    signed = headers(
        service, operation, body, connections.host, client.meta.region_name, credentials, datetime.now(UTC)
    )
    return connections.post(body, signed)


def headers(
    service: Service, operation: str, body: bytes, host: str, region: str, credentials: Any, now: datetime
) -> dict[str, str]:
    """The headers of one call, signed with Signature Version 4."""
    moment, target = now.strftime("%Y%m%dT%H%M%SZ"), f"{service.target}.{operation}"
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
    scope = f"{moment[:8]}/{region}/{service.name}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = _signing_key(credentials.secret_key, moment[:8], region, service.name)
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    parts = {
        "Credential": f"{credentials.access_key}/{scope}",
        "SignedHeaders": ";".join(names),
        "Signature": signature,
    }
    authorization = "AWS4-HMAC-SHA256 " + ", ".join(f"{name}={value}" for name, value in parts.items())
    return signed | {"authorization": authorization, "content-type": f"application/x-amz-json-{service.json}"}


def wait(attempt: int) -> None:
    """Wait before the next attempt, longer each time, and never as long as another process does."""
    time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, nothing secret


@lru_cache(maxsize=8)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    signing_key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        signing_key = hmac.new(signing_key, part.encode(), hashlib.sha256).digest()
    return signing_key


def _json(data: bytes) -> dict[str, Any]:
    """The body of a refusal; empty where something on the way answered in AWS's place."""
    try:
        body: dict[str, Any] = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return body
