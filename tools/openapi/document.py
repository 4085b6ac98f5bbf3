"""The OpenAPI 3.1 document over all functions that answer HTTP."""

from importlib.metadata import version
from typing import Any

from pydantic import BaseModel, TypeAdapter

import customers_api
import storefront_api
from clientela.stores.stores import StoreId
from clientela.web import openapi_responses as promised
from tools.openapi.answers import HEADERS, Answers, is_done_once
from tools.openapi.routes import Operation, operations
from tools.openapi.schemas import Mode, Schemas

_SECURITY = {
    "api_key": {"type": "http", "scheme": "bearer", "bearerFormat": "ck_…",
                "description": "An API key of the store, with the scope that the operation names."},
    "session": {"type": "http", "scheme": "bearer", "bearerFormat": "cs_…",
                "description": "The `session_token` of a sign-in."},
    "session_cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-clientela_session",
                       "description": "The session in a cookie. Changes are taken from the store's own pages only."},
}  # fmt: skip
_TAGS = {
    "customers": "The store's customers.", "groups": "What customers are sorted into.", "imports": "CSV files that came in.",
    "exports": "CSV files that go out.", "settings": "How the store's accounts behave.", "keys": "Who may call this API.",
    "sign-in": "The shopper's way in.", "account": "The shopper's own account.", "document": "This document.",
}  # fmt: skip
_ABOUT = """Customer accounts for online stores.

Every list takes `cursor` and answers `next_cursor` and a `Link` header. Every error is RFC 9457 problem details with a
stable `code`. HEAD works wherever GET does; OPTIONS answers browsers of the store's own origins. Unknown fields and
parameters are refused. A POST with an `Idempotency-Key` is done once."""
_ANY_OBJECT = {"content": {"application/json": {"schema": {"type": "object"}}}}
_ETAG = {"ETag": {"$ref": "#/components/headers/ETag"}}
_ITSELF = {
    "operationId": "getOpenApi", "tags": ["document"], "summary": "This document", "security": [],
    "responses": {"200": {"description": "OpenAPI 3.1", "headers": _ETAG, **_ANY_OBJECT},
                  "304": {"description": "It is as `If-None-Match` says."}},
}  # fmt: skip
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "description": "Of the client's choice: a repeated request with it is not done again, its first answer is repeated.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}  # fmt: skip


def document() -> dict[str, Any]:
    """The whole document."""
    found = [*operations(customers_api.app), *operations(storefront_api.app)]
    hidden = [model for operation in found for model in operation.parameters.values()]
    schemas = Schemas(_models(found))
    answers = Answers(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for operation in found:
        shared = paths.setdefault(operation.path, {"parameters": [{"$ref": "#/components/parameters/store_id"}]})
        shared[operation.method.lower()] = _described(operation, schemas, answers)
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
        "paths": {**dict(sorted(paths.items())), "/v1/openapi.json": {"get": _ITSELF}},
        "components": {
            "parameters": {
                "store_id": {
                    "name": "store_id",
                    "in": "path",
                    "required": True,
                    "example": "demo",
                    "schema": TypeAdapter(StoreId).json_schema(),
                }
            },
            "headers": HEADERS,
            "responses": dict(sorted(answers.shared.items())),
            "securitySchemes": _SECURITY,
            "schemas": schemas.components(hidden),
        },
    }


def _models(found: list[Operation]) -> list[tuple[type[BaseModel], Mode]]:
    models: list[tuple[type[BaseModel], Mode]] = [(promised.Problem, "serialization")]
    for operation in found:
        models += [(model, "validation") for model in operation.parameters.values()]
        models += [(operation.body, "validation")] if operation.body else []
        bodies = [answer.get("model") for answer in operation.responses.values()]
        models += [(model, "serialization") for model in bodies if model]
    return models


def _described(operation: Operation, schemas: Schemas, answers: Answers) -> dict[str, Any]:
    described: dict[str, Any] = {"operationId": operation.id, "tags": operation.tags, "summary": operation.summary}
    if operation.description:
        described["description"] = operation.description
    parameters = _parameters(operation, schemas)
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": _content(operation, schemas.of(operation.body, "validation")),
        }
    return {**described, "responses": answers.of(operation), "security": operation.security}


def _parameters(operation: Operation, schemas: Schemas) -> list[dict[str, Any]]:
    parameters = [
        {"name": name, "in": place, "required": required, "schema": schema} | _style(schema)
        for place, model in operation.parameters.items()
        for name, (schema, required) in schemas.fields(model).items()
    ]
    names = {parameter["name"] for parameter in parameters}
    return parameters + ([_IDEMPOTENCY_KEY] if is_done_once(operation) and "Idempotency-Key" not in names else [])


def _style(schema: dict[str, Any]) -> dict[str, Any]:
    """Lists go comma-separated; repeated parameters come to the functions as that as well."""
    return {"style": "form", "explode": False} if schema.get("type") == "array" else {}


def _content(operation: Operation, schema: dict[str, Any]) -> dict[str, Any]:
    types = ["application/merge-patch+json"] if operation.method == "PATCH" else []
    return {media_type: {"schema": schema} for media_type in [*types, "application/json"]}
