"""The answers of an operation: what its route promises, and what the edge may refuse for every route."""

from typing import Any

from clientela import errors
from clientela.errors import ClientelaError
from clientela.sign_in import sign_in_errors
from clientela.web import http_errors
from clientela.web.http_app import PROBLEM, STATUS, Listing
from clientela.web.openapi_responses import Problem
from tools.openapi.routes import Operation
from tools.openapi.schemas import Schemas

_TEXT = {"type": "string"}
HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "The version of what is answered, for If-Match.", "required": True, "schema": _TEXT},
    "Cache-Control": {"description": "Who may keep the answer, and how long.", "required": True, "schema": _TEXT},
    "Location": {"description": "Where it is.", "required": True, "schema": _TEXT},
    "Link": {"description": "RFC 8288: the next page, where there is one.", "schema": _TEXT},
    "Set-Cookie": {"description": "Keeps or drops the session in a browser.", "schema": _TEXT},
    "Idempotency-Replayed": {
        "description": "`true` where this is the first answer to the Idempotency-Key, told again. Refusals may have it, too.",
        "schema": {"type": "string", "const": "true"},
    },
    "Allow": {"description": "The methods that the path takes.", "schema": _TEXT},
    "Retry-After": {
        "description": "In how many seconds to try again.",
        "required": True,
        "schema": {"type": "integer"},
    },
    "WWW-Authenticate": {"description": "How to prove who calls.", "required": True, "schema": _TEXT},
    "RateLimit": {"description": "What is left of the policy: `r` calls, whole again in `t` seconds.", "schema": _TEXT},
    "RateLimit-Policy": {
        "description": "`q` calls in `w` seconds for each key and function instance.",
        "schema": _TEXT,
    },
}
_LIMITED = ["RateLimit", "RateLimit-Policy"]
_REPLAYED = ["Idempotency-Replayed"]
_MOST_NAMED = 2  # errors in the name of one component
_OF_STATUS = {308: ["Location"], 401: ["WWW-Authenticate"], 429: ["Retry-After", *_LIMITED], 503: ["Retry-After"]}


class Answers:
    """The answers of operations; `shared` are the components of those that refuse."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self.shared: dict[str, Any] = {}

    def of(self, operation: Operation) -> dict[str, Any]:
        """The `responses` of an operation, by status."""
        always = [*(_LIMITED if _takes_key(operation) else []), *(_REPLAYED if is_done_once(operation) else [])]
        found: dict[int, Any] = {
            status: _good(answer, self._schemas, always)
            for status, answer in operation.responses.items()
            if "raises" not in answer
        }
        found |= {status: self._refusal(status, errors) for status, errors in _refused(operation).items()}
        return {str(status): found[status] for status in sorted(found)}

    def _refusal(self, status: int, found: list[type[ClientelaError]]) -> dict[str, Any]:
        """A reference to the component of these errors, which is made when they first come together.

        What only one route can refuse so is said there.
        """
        described = {
            "description": "; ".join(f"`{error.code}`: {error.title}" for error in found),
            **_headers(_OF_STATUS.get(status, [])),
            "content": {PROBLEM: {"schema": self._schemas.of(Problem, "serialization")}},
        }
        if len(found) > _MOST_NAMED:
            return described
        name = "Or".join(error.__name__.removesuffix("Error") for error in found)
        self.shared[name] = described
        return {"$ref": f"#/components/responses/{name}"}


def is_done_once(operation: Operation) -> bool:
    """Whether an Idempotency-Key works: not where the answer holds a secret, which is kept nowhere."""
    return _takes_key(operation) and operation.method == "POST" and "/api-keys" not in operation.path


def _good(answer: dict[str, Any], schemas: Schemas, always: list[str]) -> dict[str, Any]:
    model = answer["model"]
    names = [*answer["headers"], *(["Link"] if model and issubclass(model, Listing) else []), *always]
    content = {"application/json": {"schema": schemas.of(model, "serialization")}} if model else None
    if "media_type" in answer and model is None:
        content = {answer["media_type"]: {"schema": _TEXT}}
    described = {"description": answer["description"], **_headers(list(dict.fromkeys(names)))}
    return described | ({"content": content} if content else {})


def _refused(operation: Operation) -> dict[int, list[type[ClientelaError]]]:
    found: list[type[ClientelaError]] = [errors.InvalidInputError, errors.StoreNotFoundError]
    if _takes_key(operation):
        found += [errors.KeyMissingError, errors.ScopeMissingError]
    elif operation.security:
        found += [sign_in_errors.SessionInvalidError, http_errors.OriginNotAllowedError]
    if operation.method in {"POST", "PATCH", "PUT"}:
        found += [http_errors.ContentTypeError]
    if is_done_once(operation):
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
    return any("api_key" in way for way in operation.security)
