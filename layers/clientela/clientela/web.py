"""The HTTP edge that both APIs share: the resolver, who may call, problem details, headers.

Routes have no try/except: what the domain refuses becomes `application/problem+json` (RFC 9457) here, with the status
that STATUS gives each error. The caller is known before anything of the request is looked at.
"""

import base64
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent
from pydantic import BaseModel, Field

from clientela import errors, pages, stores
from clientela.errors import ClientelaError
from clientela.invalid_input import field_errors
from clientela.stores import Store

logger = Logger()

STATUS: dict[type[ClientelaError], HTTPStatus] = {
    errors.InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.KeyMissingError: HTTPStatus.UNAUTHORIZED,
    errors.ScopeMissingError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.StoreExistsError: HTTPStatus.CONFLICT,
    errors.EmailTakenError: HTTPStatus.CONFLICT,
    errors.VersionConflictError: HTTPStatus.PRECONDITION_FAILED,
    errors.BusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.TooManyRequestsError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.LoginDisabledError: HTTPStatus.FORBIDDEN,
    errors.LinkExpiredError: HTTPStatus.GONE,
    errors.LinkUsedError: HTTPStatus.GONE,
    errors.LinkUnknownError: HTTPStatus.NOT_FOUND,
    errors.BrowserMismatchError: HTTPStatus.FORBIDDEN,
    errors.CodeWrongError: HTTPStatus.FORBIDDEN,
    errors.CodeLockedError: HTTPStatus.FORBIDDEN,
    errors.AccountDisabledError: HTTPStatus.FORBIDDEN,
    errors.SessionInvalidError: HTTPStatus.UNAUTHORIZED,
    errors.OriginNotAllowedError: HTTPStatus.FORBIDDEN,
    errors.StoreNotFoundError: HTTPStatus.NOT_FOUND,
    errors.CustomerNotFoundError: HTTPStatus.NOT_FOUND,
    errors.ImportNotFoundError: HTTPStatus.NOT_FOUND,
    errors.OrderNotFoundError: HTTPStatus.NOT_FOUND,
    errors.ExportNotFoundError: HTTPStatus.NOT_FOUND,
    errors.ExportUnfinishedError: HTTPStatus.CONFLICT,
    errors.GroupNotFoundError: HTTPStatus.NOT_FOUND,
    errors.KeyNotFoundError: HTTPStatus.NOT_FOUND,
    errors.BulkJobNotFoundError: HTTPStatus.NOT_FOUND,
    errors.GroupUnknownError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.GroupCodeTakenError: HTTPStatus.CONFLICT,
    errors.RouteUnknownError: HTTPStatus.NOT_FOUND,
    errors.ContentTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.UnexpectedError: HTTPStatus.INTERNAL_SERVER_ERROR,
}

JSON_TYPES = ("application/json", "application/merge-patch+json")
PROBLEM = "application/problem+json"
PROBLEM_BASE = "urn:clientela:problem:"

# OWASP's REST security cheat sheet; `no-store` because every answer is somebody's.
SECURITY_HEADERS = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
CORS_METHODS = "GET, HEAD, POST, PATCH, PUT, DELETE"
CORS_HEADERS = "authorization, content-type, if-match, idempotency-key"
CORS_EXPOSED = "etag, link, location, retry-after, ratelimit, ratelimit-policy"


class ProblemField(BaseModel):
    """One bad field."""

    pointer: str
    message: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    errors: list[ProblemField] | None = None


Limit = Annotated[int, Field(ge=1, le=100)]
Cursor = Annotated[str, Field(max_length=1000)] | None

type Guard = Callable[[Store, Mapping[str, Any]], Any]
type Answer = dict[str, Any]


def resolver() -> APIGatewayHttpResolver:
    """An empty API, validated against its own OpenAPI, whose refusals are problem details."""
    app = APIGatewayHttpResolver(enable_validation=True, serializer=lambda body: orjson.dumps(body).decode())
    app.exception_handler(ClientelaError)(problem)
    app.exception_handler(RequestValidationError)(_unreadable)
    app.not_found(lambda error: problem(errors.RouteUnknownError()))
    return app


def respond(app: APIGatewayHttpResolver, event: Mapping[str, Any], context: Any, guard: Guard) -> Answer:
    """Answer one HTTP API event (payload 2.0).

    The store of the path is read, then `guard(store, headers)` says who calls or raises; the routes find both in
    `app.context` as `store` and `caller`. HEAD is GET without its body; OPTIONS is answered for the store's origins.
    """
    method = event["requestContext"]["http"]["method"]
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    origin_headers: dict[str, str] = {}
    try:
        store = stores.get((event.get("pathParameters") or {}).get("store_id", ""))
        origin_headers = cors(store, headers.get("origin"))
        if method == "OPTIONS":
            return _with_headers(_proxy(Response(status_code=204)), origin_headers)
        app.context.update(store=store, caller=guard(store, headers))
        answer = app.resolve(_readable(event, headers), context)
    except ClientelaError as error:
        answer = _proxy(problem(error))
    except Exception:
        logger.exception("unhandled")
        answer = _proxy(problem(errors.UnexpectedError()))
    if method == "HEAD":
        answer["body"] = ""
    return _with_headers(answer, origin_headers)


def json(body: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Any]:
    """An answer of one document. Its form is promised by the route's `responses` and proven by tests, not at run time."""
    return Response(
        status_code=status, content_type="application/json", body=body.model_dump_json(), headers=dict(headers or {})
    )


def problem(error: ClientelaError) -> Response[Any]:
    """RFC 9457 problem details of something refused."""
    status = STATUS[type(error)]
    body: dict[str, Any] = {
        "type": PROBLEM_BASE + error.code, "title": error.title, "status": status, "code": error.code,
    }  # fmt: skip
    if error.detail:
        body["detail"] = error.detail
    if error.fields:
        body["errors"] = [{"pointer": field.pointer, "message": field.message} for field in error.fields]
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(status_code=status, content_type=PROBLEM, body=orjson.dumps(body).decode(), headers=headers)


def bearer(headers: Mapping[str, str]) -> str:
    """The token of the Authorization header, or an empty text."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def cors(store: Store, origin: str | None) -> dict[str, str]:
    """CORS headers for a page of the store's own origins; none for anybody else's."""
    if origin is None or origin not in pages.origins(store):
        return {"Vary": "Origin"}
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": CORS_METHODS,
        "Access-Control-Allow-Headers": CORS_HEADERS,
        "Access-Control-Expose-Headers": CORS_EXPOSED,
        "Access-Control-Max-Age": "600",
    }


def _unreadable(error: RequestValidationError) -> Response[Any]:
    found = field_errors(
        [
            e | {"loc": [part for part in e["loc"] if part not in {"body", "query", "path", "header"}]}
            for e in error.errors()
        ]
    )
    return problem(errors.InvalidInputError("Some values cannot be taken.", fields=found))


def _readable(event: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """The event as the resolver takes it: HEAD as GET, the body as text, a merge patch as the JSON that it is."""
    http = event["requestContext"]["http"]
    method = "GET" if http["method"] == "HEAD" else http["method"]
    request = {**event, "requestContext": {**event["requestContext"], "http": {**http, "method": method}}}
    if event.get("body"):
        if headers.get("content-type", "application/json").split(";")[0].strip().lower() not in JSON_TYPES:
            raise errors.ContentTypeError("Send application/json.")
        request |= {
            "headers": {**headers, "content-type": "application/json"},
            "body": _text(event),
            "isBase64Encoded": False,
        }
    return request


def _text(event: Mapping[str, Any]) -> str:
    try:
        return base64.b64decode(event["body"]).decode() if event.get("isBase64Encoded") else event["body"]
    except ValueError:
        raise errors.InvalidInputError("The body is not UTF-8.") from None


def _proxy(response: Response[Any]) -> Answer:
    return {
        "statusCode": response.status_code,
        "headers": response.headers,
        "body": response.body or "",
        "isBase64Encoded": False,
    }


def _with_headers(answer: Answer, more: Mapping[str, str]) -> Answer:
    answer["headers"] = {**SECURITY_HEADERS, **more, **answer.get("headers", {})}
    return answer


def documented(model: type[BaseModel] | None, status: int = 200) -> dict[int, Any]:
    """A route's answers for the OpenAPI document: the good one, and problem details for all others."""
    content = {"content": {"application/json": {"model": model}}} if model else {}
    return {
        status: {"description": "Done"} | content,
        **{code: {"description": "Refused", "content": {PROBLEM: {"model": Problem}}} for code in (401, 403, 404, 422)},
    }


def nothing() -> Response[Any]:
    """Done, with nothing to say: 204."""
    return Response(status_code=204)


def redirect(url: str) -> Response[Any]:
    """See Other: where a file is, for a short time."""
    return Response(status_code=303, headers={"Location": url})


def etag(version: int) -> dict[str, str]:
    """The strong entity tag of a version (RFC 9110 section 8.8.3)."""
    return {"ETag": f'"{version}"'}


def version_wanted(if_match: str | None) -> int | None:
    """The version that an If-Match header demands; None for `*` and where there is none. InvalidInputError."""
    if if_match in (None, "*"):
        return None
    tag = if_match.strip().strip('"')
    if not tag.isdigit():
        raise errors.InvalidInputError(
            fields=[errors.FieldError("If-Match", "Send the ETag of the customer you read.")]
        )
    return int(tag)


class Listing[T](BaseModel):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None
    limit: int
    total: int | None = None


def listing(
    event: BaseProxyEvent, items: list[Any], next_cursor: str | None, limit: int, total: int | None = None
) -> Response[Any]:
    """An answer of one page, with the Link header that leads to the next. Items are documents, or their JSON."""
    body = {"items": items, "next_cursor": next_cursor, "limit": limit} | ({} if total is None else {"total": total})
    text = orjson.dumps(body, default=lambda document: document.model_dump(mode="json")).decode()
    return Response(
        status_code=200, content_type="application/json", body=text, headers=link_to_next(event, next_cursor)
    )


def link_to_next(event: BaseProxyEvent, cursor: str | None) -> dict[str, str]:
    """The RFC 8288 Link header of a page that has a next one: the same address with the next cursor."""
    if cursor is None:
        return {}
    query = {name: value for name, value in (event.query_string_parameters or {}).items() if name != "cursor"}
    return {"Link": f'<{event.path}?{urlencode(query | {"cursor": cursor})}>; rel="next"'}
