"""The OpenAPI 3.1 document of all HTTP functions."""

from importlib.metadata import version
from typing import Any

from pydantic import BaseModel, TypeAdapter

import customers_api
import storefront_api
from clientela.stores.stores import StoreId
from clientela.web import http_errors, openapi_responses
from tools.openapi.examples import Examples
from tools.openapi.operation_responses import HEADERS, Responses, is_idempotent
from tools.openapi.operations import Operation, operations
from tools.openapi.schemas import Mode, Schemas

_SECURITY = {
    "api_key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "ck_…",
        "description": "An API key of the store with the scope of the operation.",
    },
    "session": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "cs_…",
        "description": "The `session_token` of a sign-in.",
    },
    "session_cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-clientela_session_{store_id}",
        "description": "The session in a cookie with the store's id in its name. Changes are accepted only"
        " from the store's own pages.",
    },
}
_TAGS = {
    "customers": "Customers of the store.",
    "groups": "Groups of customers.",
    "imports": "Imports of CSV files.",
    "exports": "Exports to CSV files.",
    "reports": "Figures of customers and orders.",
    "settings": "Settings of the store.",
    "keys": "API keys.",
    "audit": "What staff, API keys and operators did.",
    "sign-in": "Sign-in of shoppers.",
    "account": "The shopper's own account.",
    "document": "This document.",
}
_ABOUT = """Customer accounts for online stores.

Every list accepts `cursor`, and returns `next_cursor` and a `Link` header. Errors are problem details (RFC 9457) with a
stable `code`. HEAD works for every GET. OPTIONS answers browsers on the store's own origins. Unknown fields and
parameters are errors. PATCH also accepts `application/json`. A POST with an `Idempotency-Key` is processed once."""
_ANY_OBJECT = {"content": {"application/json": {"schema": {"type": "object"}}}}
_ETAG = {"ETag": {"$ref": "#/components/headers/ETag"}}
_ITSELF: dict[str, Any] = {
    "operationId": "getOpenApi",
    "tags": ["document"],
    "summary": "Get this document",
    "description": "Get this document. Anybody may read it.",
    "security": [],
    "responses": {
        "200": {"description": "OpenAPI 3.1", "headers": _ETAG, **_ANY_OBJECT},
        "304": {"description": "Not modified since `If-None-Match`."},
    },
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A key of the client's choice. If a request is repeated with it, the first response is returned again.",
    "example": "3f1c2a9e-5b7d-4c1e-9a53-0d7e1b6f2c48",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


def document() -> dict[str, Any]:
    """Return the whole document."""
    all_operations = [*operations(customers_api.app), *operations(storefront_api.app)]
    hidden = [model for operation in all_operations for model in operation.parameters.values()]
    schemas = Schemas(_models(all_operations))
    paths: dict[str, dict[str, Any]] = {}
    examples = Examples(schemas.components(hidden))
    examples.complete()
    responses = Responses(schemas, examples)
    for operation in all_operations:
        shared = paths.setdefault(operation.path, {"parameters": [{"$ref": "#/components/parameters/store_id"}]})
        shared[operation.method.lower()] = _describe(operation, schemas, responses, examples)
    method_unknown = responses.refusal(405, [http_errors.MethodUnknownError])
    itself = {**_ITSELF, "responses": {**_ITSELF["responses"], "405": method_unknown}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Clientela",
            "version": version("clientela"),
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "The deployment's own address"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": {**dict(sorted(paths.items())), "/v1/openapi.json": {"get": itself}},
        "components": {
            "parameters": {
                "store_id": {
                    "name": "store_id",
                    "in": "path",
                    "required": True,
                    "description": "The id of the store.",
                    "example": "demo",
                    "schema": TypeAdapter(StoreId).json_schema(),
                }
            },
            "headers": HEADERS,
            "responses": dict(sorted(responses.shared.items())),
            "securitySchemes": _SECURITY,
            "schemas": schemas.components(hidden),
        },
    }


def _models(all_operations: list[Operation]) -> list[tuple[type[BaseModel], Mode]]:
    models: list[tuple[type[BaseModel], Mode]] = [(openapi_responses.Problem, "serialization")]
    for operation in all_operations:
        models += [(model, "validation") for model in operation.parameters.values()]
        models += [(operation.body, "validation")] if operation.body else []
        bodies = [answer.get("model") for answer in operation.responses.values()]
        models += [(model, "serialization") for model in bodies if model]
    return models


def _describe(operation: Operation, schemas: Schemas, responses: Responses, examples: Examples) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": operation.tags,
        "summary": operation.summary,
        "description": operation.description,
    }
    parameters = _parameters(operation, schemas, examples)
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": _content(operation, schemas.of(operation.body, "validation"), examples),
        }
    return {**described, "responses": responses.of(operation), "security": operation.security}


def _parameters(operation: Operation, schemas: Schemas, examples: Examples) -> list[dict[str, Any]]:
    parameters = [
        {"name": name, "in": place, "required": required}
        | {"description": schema.pop("description", ""), "example": examples.of_parameter(schema), "schema": schema}
        | _style(schema)
        for place, model in operation.parameters.items()
        for name, (schema, required) in schemas.fields(model).items()
    ]
    names = {parameter["name"] for parameter in parameters}
    return parameters + ([_IDEMPOTENCY_KEY] if is_idempotent(operation) and "Idempotency-Key" not in names else [])


def _style(schema: dict[str, Any]) -> dict[str, Any]:
    """Lists are comma-separated.

    API Gateway passes repeated parameters to the functions in the same way.
    """
    return {"style": "form", "explode": False} if schema.get("type") == "array" else {}


def _content(operation: Operation, schema: dict[str, Any], examples: Examples) -> dict[str, Any]:
    media_type = "application/merge-patch+json" if operation.method == "PATCH" else "application/json"
    return {media_type: {"schema": schema, "example": examples.of(schema)}}
