"""HTTP API events (payload 2.0) as API Gateway sends them, for tests that call a handler."""

import json
from typing import Any
from urllib.parse import urlencode


def http_event(
    method: str,
    path: str,
    body: Any = None,
    *,
    key: str | None = None,
    headers: dict[str, str] | None = None,
    **query: object,
) -> dict[str, Any]:
    """One request. `path` starts behind /v1/stores/, e.g. `demo/customers`; `key` is sent as the bearer token."""
    store_id, _, rest = path.partition("/")
    sent = {"host": "api.example.com", **({"authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
    if body is not None:
        sent.setdefault("content-type", "application/json")
    parameters = {name: str(value) for name, value in query.items()}
    return {
        "version": "2.0",
        "routeKey": "ANY /v1/stores/{store_id}/{proxy+}",
        "rawPath": f"/v1/stores/{path}",
        "rawQueryString": urlencode(parameters),
        "headers": sent,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "stage": "$default",
            "requestId": "r-1",
            "domainName": "api.example.com",
            "http": {
                "method": method,
                "path": f"/v1/stores/{path}",
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "pytest",
            },
        },
        "pathParameters": {"store_id": store_id, "proxy": rest},
        "isBase64Encoded": False,
        **({"queryStringParameters": parameters} if parameters else {}),
        **({"body": body if isinstance(body, str) else json.dumps(body)} if body is not None else {}),
    }


def answered(response: dict[str, Any]) -> Any:
    """The JSON body of an answer, or None."""
    return json.loads(response["body"]) if response["body"] else None
