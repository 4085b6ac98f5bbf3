"""A request as the routes take it: its body as text, its parameters all known, its path and method looked up."""

import base64
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel

from clientela.errors import FieldError, InvalidInputError
from clientela.web.http_errors import ContentTypeError

JSON_TYPES = ("application/json", "application/merge-patch+json")
_BODIES = ("POST", "PATCH", "PUT")  # of the others a body means nothing (RFC 9110 section 9.3) and is not looked at


def readable(event: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """The event as the resolver takes it: HEAD as GET, the body as text, a merge patch as the JSON that it is.

    ContentTypeError, InvalidInputError.
    """
    http = event["requestContext"]["http"]
    method = "GET" if http["method"] == "HEAD" else http["method"]
    request = {**event, "requestContext": {**event["requestContext"], "http": {**http, "method": method}}}
    if method not in _BODIES:
        return {**request, "body": None}
    request |= {"headers": {**headers, "content-type": "application/json"}}
    if not event.get("body"):
        return request  # of no type, whatever its header says
    if headers.get("content-type", "application/json").split(";")[0].strip().lower() not in JSON_TYPES:
        raise ContentTypeError("Send application/json.")
    return request | {"body": _text(event), "isBase64Encoded": False}


def require_known_parameters(app: APIGatewayHttpResolver) -> None:
    """Raise InvalidInputError for a query parameter that the route does not have: a filter misspelt must not show all."""
    known = _parameters(app.context["_route"].dependant.query_params)
    unknown = [name for name in app.current_event.query_string_parameters or {} if name not in known]
    if unknown:
        fields = [FieldError(name, "is not a parameter of this request") for name in unknown]
        raise InvalidInputError("Some parameters are not known.", fields=fields)


def methods(app: APIGatewayHttpResolver, path: str) -> list[str]:
    """The methods that a path takes, none where there is no such path."""
    routes = app._static_routes + app._dynamic_routes
    found = {route.method for route in routes if route.rule.match(path)}
    return sorted(found | ({"HEAD"} if "GET" in found else set()) | ({"OPTIONS"} if found else set()))


def _parameters(fields: list[Any]) -> set[str]:
    """The names of parameters, those of a model by its fields."""
    names = set()
    for field in fields:
        model = field.field_info.annotation
        is_model = isinstance(model, type) and issubclass(model, BaseModel)
        names |= set(model.model_fields) if is_model else {field.alias}
    return names


def _text(event: Mapping[str, Any]) -> str:
    try:
        body: str = event["body"]
        return base64.b64decode(body, validate=True).decode() if event.get("isBase64Encoded") else body
    except ValueError:
        raise InvalidInputError("The body is not UTF-8.") from None
