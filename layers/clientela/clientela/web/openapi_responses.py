"""What a route answers, for the OpenAPI document that tools/openapi writes. Nothing of it works at run time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from clientela.errors import ClientelaError, CustomerMergedError, CustomerNotFoundError
from clientela.web.http_app import STATUS


class ProblemField(BaseModel):
    """One bad field: `pointer` is an RFC 6901 JSON pointer into the body, or the name of a parameter."""

    pointer: str
    message: str


class Problem(BaseModel):
    """RFC 9457 problem details. `code` is stable: rely on it, not on the words."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    errors: list[ProblemField] | None = None


def responses(
    models: Mapping[int, type[BaseModel] | None],
    raises: Sequence[type[ClientelaError]] = (),
    headers: Sequence[str] = (),
) -> dict[int, Any]:
    """A route's `responses`: the body of each good status with the headers it carries, and what its verb raises.

    What every route may refuse (no store, bad input, too many calls) need not be named.
    """
    good = {status: {"description": "Done", "model": model, "headers": headers} for status, model in models.items()}
    refused: dict[int, list[type[ClientelaError]]] = defaultdict(list)
    for error in [*raises, *([CustomerMergedError] if CustomerNotFoundError in raises else [])]:
        refused[STATUS[error]].append(error)
    return {**good, **{status: {"description": "Refused", "raises": errors} for status, errors in refused.items()}}


def cacheable(media_type: str, model: type[BaseModel] | None = None) -> dict[int, Any]:
    """The `responses` of a route whose text, or JSON of a model, may be kept, and asked after by its ETag."""
    text = {"description": "Done", "model": model, "media_type": media_type, "headers": ["ETag", "Cache-Control"]}
    return {200: text, 304: {"description": "It is as `If-None-Match` says.", "model": None, "headers": ["ETag"]}}
