"""Operations read from the functions' routes: parameters, body and responses as pydantic models."""

import inspect
import re
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from pydantic import BaseModel, create_model

from clientela.web import powertools_routes

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
        summary, description = _docstring(route.func)
        parameters, body = _inputs(route.func, route.operation_id)
        yield Operation(
            route.method,
            re.sub(r"<(\w+)>", r"{\1}", route.path),
            route.operation_id,
            list(route.tags),
            route.security or [],
            summary,
            description,
            parameters,
            body,
            {**(route.responses or {})},
        )


def _docstring(function: Any) -> tuple[str, str]:
    """Return summary and description: the first line of the docstring, and the rest."""
    text = inspect.getdoc(function)
    if not text:
        raise ValueError(f"{function.__module__}.{function.__name__} needs a docstring")
    first, _, rest = text.partition("\n")
    return first.rstrip("."), rest.strip()


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
            fields.setdefault(place, {})[_header(kind, parameter.name)] = (hint, default)
    models = {place: create_model(f"{name}_{place}", **by_name) for place, by_name in fields.items()}
    return models, body


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    hints = get_type_hints(model, include_extras=True)
    return {name: (hints[name], field.default) for name, field in model.model_fields.items()}


def _header(kind: Any, name: str) -> str:
    """Return `If-Match` for a header, which Powertools stores in lower case."""
    alias = kind.alias or name
    return "-".join(part.title() for part in alias.split("-")) if isinstance(kind, Header) else alias
