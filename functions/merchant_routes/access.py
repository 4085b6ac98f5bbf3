"""Who calls the merchant API: an API key of the store, with the scope that the route demands."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from pydantic import BaseModel

from clientela import api_keys, clock, web
from clientela.api_keys import Key, Scope
from clientela.history import Actor
from clientela.stores import Store


def key_of_store(store: Store, headers: Mapping[str, Any]) -> Key:
    """The guard of all merchant routes: the API key of the Authorization header. KeyMissingError."""
    return api_keys.authenticate(store.id, web.bearer(headers), clock.now())


def actor(router: Router) -> Actor:
    """The calling key, as the history names it."""
    return Actor("api_key", router.context["caller"].id)


def route(
    operation_id: str,
    scope: Scope,
    model: type[BaseModel] | None = None,
    status: int = 200,
    also: Mapping[int, type[BaseModel]] = MappingProxyType({}),
) -> dict[str, Any]:
    """A route's options: the scope that it demands of the key, and its part of the OpenAPI document.

    `also` are answers besides `model` with `status`, by their status.
    """
    responses = web.documented(model, status) | {code: web.documented(other, code)[code] for code, other in also.items()}

    def demand(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
        api_keys.demand(app.context["caller"], scope)
        return next_middleware(app)

    return {
        "operation_id": operation_id, "tags": [scope.partition(":")[0]], "responses": responses,
        "middlewares": [demand], "security": [{"api_key": [scope]}],
    }  # fmt: skip
