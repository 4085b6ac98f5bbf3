"""Requests: normalized for the resolver, their headers and parameters parsed and checked."""

import base64
import re
from collections.abc import Mapping
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Header
from pydantic import BaseModel, Field

from clientela.errors import FieldError, InvalidInputError
from clientela.web import powertools_routes
from clientela.web.http_errors import ContentTypeError

JSON_TYPES = ("application/json", "application/merge-patch+json")
Limit = Annotated[int, Field(ge=1, le=100, description="The greatest number of entries in a page.", examples=[50])]
Cursor = Annotated[
    Annotated[str, Field(max_length=1000)] | None,
    Field(description="`next_cursor` of the previous page.", examples=["WyJjdXJzb3IiXQ.x1Y2"]),
]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The ETag of the version to change; another version is refused (412)."),
    Field(examples=['"7"']),
]
IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="The ETag of the version that the client has; 304 if it is current."),
    Field(examples=['"0f343b0931126a20"']),
]

# The body of any other method has no meaning (RFC 9110 section 9.3) and is ignored.
_METHODS_WITH_BODY = ("POST", "PATCH", "PUT")
_ENTITY_TAG = re.compile(r'(W/)?"[!#-~]*"')


def normalize(event: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the event as the resolver expects it.

    HEAD becomes GET, the body text, and `application/merge-patch+json` plain JSON.

    Raises:
        ContentTypeError: the body is not JSON by its header.
        InvalidInputError: the body is not UTF-8.
    """
    http = event["requestContext"]["http"]
    method = "GET" if http["method"] == "HEAD" else http["method"]
    request = {**event, "requestContext": {**event["requestContext"], "http": {**http, "method": method}}}
    if method not in _METHODS_WITH_BODY:
        return {**request, "body": None}
    request |= {"headers": {**headers, "content-type": "application/json"}}
    if not event.get("body"):
        return request  # the Content-Type of an empty body does not matter
    if headers.get("content-type", "application/json").split(";")[0].strip().lower() not in JSON_TYPES:
        raise ContentTypeError("Send application/json.")
    return request | {"body": _text(event), "isBase64Encoded": False}


def bearer_token(headers: Mapping[str, str]) -> str:
    """Return the token of the Authorization header, or an empty string."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def expected_version(if_match: str | None) -> int | None:
    """Return the version in an If-Match header; None for `*` or without a header.

    A well-formed tag that we never issued returns -1, which no version equals: the change fails
    with 412.

    Raises:
        InvalidInputError: the header is not an entity tag.
    """
    if if_match in (None, "*"):
        return None
    tag = if_match.strip().removeprefix('"').removesuffix('"')
    if tag.isascii() and tag.isdigit() and len(tag) < 16:
        return int(tag)
    if _ENTITY_TAG.fullmatch(if_match.strip()):
        return -1
    raise InvalidInputError(fields=[FieldError("If-Match", "Send the ETag of the version you read.")])


def require_known_parameters(app: APIGatewayHttpResolver) -> None:
    """Raise InvalidInputError for a query parameter that the route does not have.

    A misspelt filter would otherwise be ignored and everything returned.
    """
    known = _names(powertools_routes.matched(app).dependant.query_params)
    unknown = [name for name in app.current_event.query_string_parameters or {} if name not in known]
    if unknown:
        fields = [FieldError(name, "This request has no such parameter.") for name in unknown]
        raise InvalidInputError("Unknown parameters.", fields=fields)


def methods(app: APIGatewayHttpResolver, path: str) -> list[str]:
    """Return the methods of a path, sorted; an empty list for an unknown path."""
    routed = {route.method for route in powertools_routes.registered(app) if route.rule.match(path)}
    return sorted(routed | ({"HEAD"} if "GET" in routed else set()) | ({"OPTIONS"} if routed else set()))


def _names(parameters: list[Any]) -> set[str]:
    """Return the parameters' names; a model of parameters has those of its fields."""
    names = set()
    for parameter in parameters:
        model = parameter.field_info.annotation
        is_model = isinstance(model, type) and issubclass(model, BaseModel)
        names |= {field.alias or name for name, field in model.model_fields.items()} if is_model else {parameter.alias}
    return names


def _text(event: Mapping[str, Any]) -> str:
    try:
        body: str = event["body"]
        return base64.b64decode(body, validate=True).decode() if event.get("isBase64Encoded") else body
    except ValueError:
        raise InvalidInputError("The body is not UTF-8.") from None
