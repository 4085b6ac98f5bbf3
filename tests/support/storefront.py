"""Requests to the storefront API."""

import json
from typing import Any

from tests.support.template_file import PROJECT

import storefront_api
from clientela import clock

NOW = clock.now()


EVENT = json.loads((PROJECT / "events" / "storefront_login_link.json").read_text())


ORIGIN = "https://shop.example.com"


def call(method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
    """One HTTP API event, answered. `more`: headers, cookies, query."""
    store_id = more.pop("store_id", "demo")
    path = f"/v1/stores/{store_id}{path}"
    http = EVENT["requestContext"]["http"] | {"method": method, "path": path}
    event = {
        **EVENT,
        "rawPath": path,
        "pathParameters": {"store_id": store_id},
        "requestContext": {**EVENT["requestContext"], "http": http},
        "headers": {"content-type": "application/json"} | more.pop("headers", {}),
        "cookies": more.pop("cookies", []),
        "queryStringParameters": more.pop("query", None),
        "body": None if body is None else json.dumps(body),
    }
    assert not more
    answer = storefront_api.handler(event, None)
    return answer | {"json": json.loads(answer["body"]) if answer.get("body") else None}
