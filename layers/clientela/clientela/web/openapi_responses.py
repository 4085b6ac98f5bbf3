"""Responses of routes as the OpenAPI document shows them. Used only to generate it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

from clientela.errors import ClientelaError, CustomerMergedError, CustomerNotFoundError
from clientela.web.problems import STATUS

_UNLESS_NONE = Field(exclude_if=lambda value: value is None)


class ProblemField(BaseModel):
    """One invalid field: `pointer` is a parameter's name or the body's JSON pointer (RFC 6901)."""

    pointer: str
    """The field in the body as a JSON pointer, or the name of the parameter. Example: /email"""
    message: str
    """What is wrong, and how to write it. Example: This field is required."""


class Problem(BaseModel):
    """RFC 9457 problem details. `code` is stable: rely on it, not on the texts."""

    type: str
    """The URI of the problem: `urn:clientela:problem:` and the code. Example:
    urn:clientela:problem:invalid_input"""
    title: str
    """The problem in a few words. Example: Invalid request"""
    status: int
    """The HTTP status. Example: 422"""
    code: str
    """The stable code of the problem. Example: invalid_input"""
    detail: Annotated[str | None, _UNLESS_NONE] = None
    """What happened this time. Example: Some fields are invalid."""
    errors: Annotated[list[ProblemField] | None, _UNLESS_NONE] = None
    """The invalid fields."""


NOT_MODIFIED: Mapping[str, Any] = {
    "description": "Not modified: `If-None-Match` names this version.",
    "model": None,
    "headers": ["ETag"],
}


def responses(
    models: Mapping[int, type[BaseModel] | None],
    raises: Sequence[type[ClientelaError]] = (),
    headers: Sequence[str] = (),
) -> dict[int, Any]:
    """Return a route's `responses`: its successes with body and headers, and its errors.

    Errors that every route may return (unknown store, invalid input, too many requests) are not
    listed.
    """
    successes = {
        status: {"description": "Done", "model": model, "headers": headers} for status, model in models.items()
    }
    errors: dict[int, list[type[ClientelaError]]] = defaultdict(list)
    for error in [*raises, *([CustomerMergedError] if CustomerNotFoundError in raises else [])]:
        errors[STATUS[error]].append(error)
    return {**successes, **{status: {"description": "Refused", "raises": raised} for status, raised in errors.items()}}


def cacheable(media_type: str, model: type[BaseModel] | None = None) -> dict[int, Any]:
    """Return the `responses` of a public route: a text, or a model as JSON, with ETag and 304."""
    success = {"description": "Done", "model": model, "media_type": media_type, "headers": ["ETag", "Cache-Control"]}
    return {200: success, 304: NOT_MODIFIED}
