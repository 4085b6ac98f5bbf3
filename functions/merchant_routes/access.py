"""Who calls the merchant API: an API key of the store, with the scope that the route demands."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from pydantic import BaseModel

from clientela import clock
from clientela.customers.customer_history import Actor
from clientela.errors import ClientelaError, CustomerMergedError, FieldError, InvalidInputError
from clientela.stores import api_keys
from clientela.stores.api_keys import Key, Scope
from clientela.stores.stores import Store
from clientela.table import idempotency, keys
from clientela.web import http_app, key_throttle, openapi_responses
from clientela.web.key_throttle import Allowance

ID_LENGTH = 64  # what is longer names nothing, and would be too long for a key of the table
SECONDS = 10  # that a removal may take while the caller waits: the rest is done by the queue
MADE = ("ETag", "Location")  # headers of an answer to what was created


def key_of_store(store: Store, headers: Mapping[str, Any]) -> Key:
    """The guard of all merchant routes: the API key of the Authorization header. KeyMissingError."""
    return api_keys.authenticate(store.id, http_app.bearer(headers), clock.now())


def allowance(key: Key) -> Allowance:
    """What is left to the key after this call."""
    return key_throttle.take(key.id)


def require_scope(app: APIGatewayHttpResolver) -> None:
    """Raise ScopeMissingError unless the calling key has the scope of the route, which is that of its documentation."""
    for demanded in app.context["_route"].security or []:
        for scope in demanded["api_key"]:
            api_keys.require_scope(app.context["caller"], scope)


def idempotent(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Middleware of all merchant routes: a POST with an Idempotency-Key is done once, whatever is repeated.

    Not where the answer holds a secret: that is kept nowhere. A fault of ours, and "try again", give the key back.
    """
    event = app.current_event
    key = event.headers.get("idempotency-key")
    if key is None or event.http_method != "POST" or "/api-keys" in event.path:
        return next_middleware(app)
    if not 1 <= len(key) <= 255:
        raise InvalidInputError(fields=[FieldError("Idempotency-Key", "must have 1 to 255 characters")])
    caller, request = keys.caller(app.context["store"].id, app.context["caller"].id), f"{event.path}\n{event.body}"
    known = idempotency.begin(caller, key, request, clock.now())
    if known:
        return Response(known.status, headers=known.headers | {"Idempotency-Replayed": "true"}, body=known.body)
    try:
        answer = next_middleware(app)
    except CustomerMergedError:  # asked again elsewhere, the request is another one
        idempotency.release(caller, key)
        raise
    except ClientelaError as error:
        answer = http_app.problem(error)
    except Exception:
        idempotency.release(caller, key)
        raise
    if answer.status_code >= http_app.FAULT:
        idempotency.release(caller, key)
    else:
        headers = {name: str(value) for name, value in answer.headers.items()}
        kept = idempotency.Answer(answer.status_code, headers, str(answer.body or ""))
        idempotency.finish(caller, key, request, kept, clock.now())
    return answer


def actor(router: Router) -> Actor:
    """The calling key, as the history names it."""
    return Actor("api_key", router.context["caller"].id)


def route(
    operation_id: str,
    scope: Scope,
    model: type[BaseModel] | None = None,
    status: int = 200,
    also: Mapping[int, type[BaseModel]] = MappingProxyType({}),
    raises: Sequence[type[ClientelaError]] = (),
    headers: Sequence[str] = (),
) -> dict[str, Any]:
    """A route's options: the scope that it demands of the key, and its part of the OpenAPI document.

    `also` are answers besides `model` with `status`, by their status; `raises` what the verb refuses; `headers` those that
    the answer carries.
    """
    return {
        "operation_id": operation_id,
        "tags": [scope.partition(":")[0]],
        "security": [{"api_key": [scope]}],
        "responses": openapi_responses.responses({status: model, **also}, raises, headers),
    }
