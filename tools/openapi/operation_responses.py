"""Responses of an operation: those that its route declares, and the errors of every route."""

from typing import Any

from clientela import errors
from clientela.errors import ClientelaError
from clientela.sign_in import sign_in_errors
from clientela.web import http_errors
from clientela.web.openapi_responses import Problem
from clientela.web.problems import PROBLEM, STATUS
from clientela.web.responses import Listing
from tools.openapi.examples import Examples, of_errors
from tools.openapi.operations import Operation
from tools.openapi.schemas import Schemas

_TEXT = {"type": "string"}
HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "The version of the resource, for If-Match.", "required": True, "schema": _TEXT},
    "Cache-Control": {
        "description": "Who may cache the response, and for how long.",
        "required": True,
        "schema": _TEXT,
    },
    "Location": {"description": "The address of the resource.", "required": True, "schema": _TEXT},
    "Link": {"description": "The next page, if there is one (RFC 8288).", "schema": _TEXT},
    "Set-Cookie": {"description": "Sets or deletes the session cookie in a browser.", "schema": _TEXT},
    "Idempotency-Replayed": {
        "description": "`true` if this repeats the first response to the Idempotency-Key. Errors may have it, too.",
        "schema": {"type": "string", "const": "true"},
    },
    "Content-Language": {
        "description": "The language of title, detail and messages: one of `Accept-Language`, else the store's.",
        "required": True,
        "schema": _TEXT,
    },
    "Allow": {"description": "The methods that the path allows.", "schema": _TEXT},
    "Retry-After": {
        "description": "Seconds to wait before the next attempt.",
        "required": True,
        "schema": {"type": "integer"},
    },
    "WWW-Authenticate": {"description": "How to authenticate.", "required": True, "schema": _TEXT},
    "RateLimit": {
        "description": "`r` calls left; all are available again in `t` seconds.",
        "schema": _TEXT,
    },
    "RateLimit-Policy": {
        "description": "`q` calls in `w` seconds, for each key and function instance.",
        "schema": _TEXT,
    },
}
_LIMITED = ["RateLimit", "RateLimit-Policy"]
_REPLAYED = ["Idempotency-Replayed"]
_MAX_NAMED = 2  # errors in the name of a component
_STATUS_HEADERS = {
    308: ["Location"],
    405: ["Allow"],
    401: ["WWW-Authenticate"],
    429: ["Retry-After", *_LIMITED],
    503: ["Retry-After"],
}


class Responses:
    """Responses of operations. `shared` collects the components of error responses."""

    def __init__(self, schemas: Schemas, examples: Examples) -> None:
        self._schemas = schemas
        self._examples = examples
        self.shared: dict[str, Any] = {}

    def of(self, operation: Operation) -> dict[str, Any]:
        """Return the `responses` of an operation, by status."""
        always = [*(_LIMITED if _takes_key(operation) else []), *(_REPLAYED if is_idempotent(operation) else [])]
        by_status: dict[int, Any] = {
            status: self._success(answer, always)
            for status, answer in operation.responses.items()
            if "raises" not in answer
        }
        by_status |= {status: self.refusal(status, errors) for status, errors in _errors(operation).items()}
        return {str(status): by_status[status] for status in sorted(by_status)}

    def _success(self, answer: dict[str, Any], always: list[str]) -> dict[str, Any]:
        model = answer["model"]
        names = [*answer["headers"], *(["Link"] if model and issubclass(model, Listing) else []), *always]
        described = {"description": answer["description"], **_headers(list(dict.fromkeys(names)))}
        if model:
            schema = self._schemas.of(model, "serialization")
            content = {"application/json": {"schema": schema, "example": self._examples.of(schema)}}
            return {**described, "content": content}
        if "media_type" in answer:
            return {**described, "content": {answer["media_type"]: {"schema": _TEXT}}}
        return described

    def refusal(self, status: int, errors: list[type[ClientelaError]]) -> dict[str, Any]:
        """Return a reference to these errors' component, or the response if they are many.

        The component's name is that of its errors in the order of the alphabet.
        """
        errors = sorted(errors, key=lambda error: error.__name__)
        described = {
            "description": "; ".join(f"`{error.code}`: {error.title}" for error in errors),
            **_headers(["Content-Language", *_STATUS_HEADERS.get(status, [])]),
            "content": {PROBLEM: {"schema": self._schemas.of(Problem, "serialization"), "examples": of_errors(errors)}},
        }
        if len(errors) > _MAX_NAMED:
            return described
        name = "Or".join(error.__name__.removesuffix("Error") for error in errors)
        self.shared[name] = described
        return {"$ref": f"#/components/responses/{name}"}


def is_idempotent(operation: Operation) -> bool:
    """Return whether an Idempotency-Key works. Responses with a secret are never stored."""
    return _takes_key(operation) and operation.method == "POST" and "/api-keys" not in operation.path


def _errors(operation: Operation) -> dict[int, list[type[ClientelaError]]]:
    found: list[type[ClientelaError]] = [errors.InvalidInputError, errors.StoreNotFoundError]
    if _takes_key(operation):
        found += [errors.KeyMissingError, errors.ScopeMissingError]
    elif operation.security:
        found += [sign_in_errors.SessionInvalidError, http_errors.OriginNotAllowedError]
    if operation.method in {"POST", "PATCH", "PUT"}:
        found += [http_errors.ContentTypeError]
    if is_idempotent(operation):
        found += [errors.RequestInFlightError, errors.RequestKeyReusedError]
    for answer in operation.responses.values():
        found += answer.get("raises", [])
    found += [errors.TooManyRequestsError, http_errors.UnexpectedError, errors.BusyError]
    by_status: dict[int, list[type[ClientelaError]]] = {}
    for error in dict.fromkeys(found):
        by_status.setdefault(int(STATUS[error]), []).append(error)
    return by_status


def _headers(names: list[str]) -> dict[str, Any]:
    return {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names}} if names else {}


def _takes_key(operation: Operation) -> bool:
    return any("api_key" in scheme for scheme in operation.security)
