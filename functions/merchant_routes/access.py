"""Access to the merchant API: an API key of the store, with the scope of the route."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel

from clientela import clock
from clientela.errors import ClientelaError
from clientela.schema.actors import Actor
from clientela.stores import api_keys
from clientela.stores.api_keys import Key, Scope
from clientela.stores.stores import Store
from clientela.web import http_requests, key_throttle, openapi_responses, powertools_routes
from clientela.web.key_throttle import Allowance

REMOVAL_SECONDS = 10  # time that a request spends on a removal or merge
CREATED_HEADERS = ("ETag", "Location")


def key_of_store(store: Store, headers: Mapping[str, Any]) -> Key:
    """Return the calling API key: the guard of all merchant routes.

    Raises:
        KeyMissingError: the request has no valid key of the store.
    """
    return api_keys.authenticate(store.id, http_requests.bearer_token(headers), clock.now())


def count_request(key: Key) -> Allowance:
    """Count one request of a key and return its remaining quota."""
    return key_throttle.count(key.id)


def require_scope(app: APIGatewayHttpResolver) -> None:
    """Raise ScopeMissingError unless the calling key has the scope that the route declares."""
    for requirement in powertools_routes.matched(app).security or []:
        for scope in requirement["api_key"]:
            api_keys.require_scope(app.context["caller"], cast("Scope", scope))


def actor(router: Router) -> Actor:
    """Return the calling key as the actor in the customer's history."""
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
    """Return a route's options: the scope that it requires, and its part of the OpenAPI document.

    `also` are further responses by status, `raises` the errors of the verb, `headers` the
    response's headers.
    """
    return {
        "operation_id": operation_id,
        "tags": [scope.partition(":")[0]],
        "security": [{"api_key": [scope]}],
        "responses": openapi_responses.responses({status: model, **also}, raises, headers),
    }
