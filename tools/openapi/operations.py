"""Operations read from the functions' routes: parameters, body and responses as pydantic models."""

import inspect
import re
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from pydantic import BaseModel, Field, create_model

from clientela.web import powertools_routes
from tools.openapi import field_docs

PLACES = {Path: "path", Query: "query", Header: "header"}


class Operation(NamedTuple):
    """A method of a path.

    `parameters` has a model for each place (path, query, header), with a field per parameter.
    """

    method: str
    path: str
    id: str
    tags: list[str]
    security: list[dict[str, list[str]]]
    summary: str
    description: str
    parameters: dict[str, type[BaseModel]]
    body: type[BaseModel] | None
    responses: dict[int, Any]


def operations(app: APIGatewayHttpResolver) -> Iterator[Operation]:
    """Yield the operations of an app in the order of its code."""
    for route in powertools_routes.registered(app):
        description = _docstring(route.func)
        parameters, body = _inputs(route.func, route.operation_id)
        yield Operation(
            route.method,
            re.sub(r"<(\w+)>", r"{\1}", route.path),
            route.operation_id,
            list(route.tags),
            route.security or [],
            _summary(route.operation_id),
            description,
            parameters,
            body,
            {**(route.responses or {})},
        )


def _docstring(function: Any) -> str:
    """Return the description of a route: its docstring, as paragraphs without line breaks."""
    text = inspect.getdoc(function)
    if not text:
        raise ValueError(f"{function.__module__}.{function.__name__} needs a docstring")
    return field_docs.unwrap(text)


def _summary(operation_id: str) -> str:
    """Return `List API keys` for `listApiKeys`: a menu of operations needs few words."""
    return re.sub(r"(?<!^)([A-Z])", r" \1", operation_id).capitalize().replace("api", "API")


def _inputs(function: Any, name: str) -> tuple[dict[str, type[BaseModel]], type[BaseModel] | None]:
    """Return the models of the parameters by place, and the model of the body."""
    fields: dict[str, dict[str, Any]] = {}
    body = None
    hints = get_type_hints(function, include_extras=True)
    for parameter in inspect.signature(function).parameters.values():
        hint = hints[parameter.name]
        kind, *_ = [value for value in get_args(hint)[1:] if isinstance(value, Path | Query | Header | Body)]
        model = _bare(hint)
        if isinstance(kind, Body):
            body = model
            continue
        place = next(name for class_, name in PLACES.items() if isinstance(kind, class_))
        if isinstance(model, type) and issubclass(model, BaseModel):
            fields.setdefault(place, {}).update(_fields(model))
        else:
            default = ... if parameter.default is parameter.empty else parameter.default
            about = Field(description=_description(hint))
            fields.setdefault(place, {})[_header(kind, parameter.name)] = (Annotated[hint, about], default)
    models = {place: create_model(f"{name}_{place}", **by_name) for place, by_name in fields.items()}
    return models, body


def _description(hint: Any) -> str | None:
    """Return the description of a parameter; `Query()` hides that of its type."""
    return next((part.description for part in get_args(hint)[1:] if getattr(part, "description", None)), None)


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """Return the fields of a model of parameters, with their documentation."""
    hints, documents = get_type_hints(model, include_extras=True), field_docs.of_model(model)
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        add = documents[name].add_to if name in documents else None
        fields[name] = (Annotated[hints[name], Field(json_schema_extra=add)], field.default)
    return fields


def _header(kind: Any, name: str) -> str:
    """Return `If-Match` for a header, which Powertools stores in lower case."""
    alias = kind.alias or name
    return "-".join(part.title() for part in alias.split("-")) if isinstance(kind, Header) else alias
