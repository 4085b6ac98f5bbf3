"""Responses of routes, and their form for API Gateway with the security headers."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent
from pydantic import BaseModel, Field

# OWASP's REST security cheat sheet; `no-store` because responses contain personal data.
SECURITY_HEADERS = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

type ProxyResponse = dict[str, Any]  # a response as a function returns it to API Gateway


class Listing[T](BaseModel):
    """One page of a list."""

    items: list[T]
    """The entries of this page."""
    next_cursor: str | None
    """The cursor of the next page; null on the last one. Example: null"""
    limit: int
    """The greatest number of entries in a page. Example: 50"""
    total: Annotated[int | None, Field(exclude_if=lambda total: total is None)] = None
    """The number of all entries, if `count` asks for it. Example: 59"""


def json(body: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Any]:
    """Return a model as JSON.

    The route's `responses` document its type. Tests check the type; nothing does at run time.
    """
    return Response(
        status_code=status, content_type="application/json", body=body.model_dump_json(), headers=dict(headers or {})
    )


def listing(
    event: BaseProxyEvent, items: list[Any], next_cursor: str | None, limit: int, total: int | None = None
) -> Response[Any]:
    """Return one page with the Link header of the next one. Items are models or JSON values."""
    body = {"items": items, "next_cursor": next_cursor, "limit": limit} | ({} if total is None else {"total": total})
    text = orjson.dumps(body, default=lambda model: model.model_dump(mode="json")).decode()
    return Response(
        status_code=200, content_type="application/json", body=text, headers=link_to_next(event, next_cursor)
    )


def link_to_next(event: BaseProxyEvent, cursor: str | None) -> dict[str, str]:
    """Return the Link header (RFC 8288) of the next page: the same URL with the next cursor."""
    if cursor is None:
        return {}
    query = {name: value for name, value in (event.query_string_parameters or {}).items() if name != "cursor"}
    return {"Link": f'<{event.path}?{urlencode(query | {"cursor": cursor})}>; rel="next"'}


def etag(version: int) -> dict[str, str]:
    """Return the ETag header of a version (RFC 9110 section 8.8.3)."""
    return {"ETag": f'"{version}"'}


def no_content(headers: Mapping[str, str] | None = None) -> Response[Any]:
    """Return 204, without a body."""
    return Response(status_code=204, headers=dict(headers or {}), body="")


def redirect(url: str) -> Response[Any]:
    """Return 303 See Other with the URL of a file, which expires soon."""
    return Response(status_code=303, headers={"Location": url}, body="")


def cacheable(response: Response[Any], headers: Mapping[str, str]) -> ProxyResponse:
    """Return a public response for API Gateway; `headers` say how long it may be cached."""
    return with_headers(to_proxy(response), headers)


def to_proxy(response: Response[Any]) -> ProxyResponse:
    """Return a response in API Gateway's form."""
    return {
        "statusCode": response.status_code,
        "headers": response.headers,
        "body": response.body or "",
        "isBase64Encoded": response.base64_encoded,
    }


def with_headers(response: ProxyResponse, headers: Mapping[str, str]) -> ProxyResponse:
    """Add the security headers and `headers` to a response. Headers it has already win."""
    response["headers"] = {**SECURITY_HEADERS, **headers, **response.get("headers", {})}
    return response
