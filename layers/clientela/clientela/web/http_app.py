"""The HTTP edge that both APIs share: the resolver, who may call, problem details, headers.

Routes have no try/except: what the domain refuses becomes `application/problem+json` (RFC 9457) here, with the status
that STATUS gives each error. Who may not call is told so before anything is said of the input.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent
from pydantic import BaseModel, Field

from clientela import errors
from clientela.errors import ClientelaError
from clientela.handlers import error_logs
from clientela.schema.validation_errors import field_errors
from clientela.sign_in import sign_in_errors
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.web import cors, http_errors, http_requests
from clientela.web.key_throttle import Allowance

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
    sign_in_errors.LoginDisabledError: HTTPStatus.FORBIDDEN,
    sign_in_errors.LinkExpiredError: HTTPStatus.GONE,
    sign_in_errors.LinkUsedError: HTTPStatus.GONE,
    sign_in_errors.LinkUnknownError: HTTPStatus.NOT_FOUND,
    sign_in_errors.BrowserMismatchError: HTTPStatus.FORBIDDEN,
    sign_in_errors.CodeWrongError: HTTPStatus.FORBIDDEN,
    sign_in_errors.CredentialsWrongError: HTTPStatus.FORBIDDEN,
    sign_in_errors.CodeLockedError: HTTPStatus.FORBIDDEN,
    sign_in_errors.AccountDisabledError: HTTPStatus.FORBIDDEN,
    sign_in_errors.SessionInvalidError: HTTPStatus.UNAUTHORIZED,
    sign_in_errors.FreshSignInNeededError: HTTPStatus.FORBIDDEN,
    sign_in_errors.EmailUnprovenError: HTTPStatus.FORBIDDEN,
    http_errors.OriginNotAllowedError: HTTPStatus.FORBIDDEN,
    errors.StoreNotFoundError: HTTPStatus.NOT_FOUND,
    errors.CustomerNotFoundError: HTTPStatus.NOT_FOUND,
    errors.CustomerMergedError: HTTPStatus.PERMANENT_REDIRECT,
    errors.ImportNotFoundError: HTTPStatus.NOT_FOUND,
    errors.OrderNotFoundError: HTTPStatus.NOT_FOUND,
    errors.OrderRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ExportNotFoundError: HTTPStatus.NOT_FOUND,
    errors.ExportUnfinishedError: HTTPStatus.CONFLICT,
    errors.GroupNotFoundError: HTTPStatus.NOT_FOUND,
    errors.KeyNotFoundError: HTTPStatus.NOT_FOUND,
    errors.BulkJobNotFoundError: HTTPStatus.NOT_FOUND,
    errors.ErasureNotFoundError: HTTPStatus.NOT_FOUND,
    errors.GroupUnknownError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.RequestInFlightError: HTTPStatus.CONFLICT,
    errors.RequestKeyReusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.GroupCodeTakenError: HTTPStatus.CONFLICT,
    http_errors.RouteUnknownError: HTTPStatus.NOT_FOUND,
    http_errors.MethodUnknownError: HTTPStatus.METHOD_NOT_ALLOWED,
    http_errors.ContentTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    http_errors.UnexpectedError: HTTPStatus.INTERNAL_SERVER_ERROR,
}

PROBLEM = "application/problem+json"
FAULT = 500  # and above: not the caller's doing
PROBLEM_BASE = "urn:clientela:problem:"

# OWASP's REST security cheat sheet; `no-store` because every answer is somebody's.
SECURITY_HEADERS = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
Limit = Annotated[int, Field(ge=1, le=100)]
Cursor = Annotated[str, Field(max_length=1000)] | None

_ENTITY_TAG = re.compile(r'(W/)?"[!#-~]*"')

type Guard = Callable[[Store, Mapping[str, Any]], Any]
type Admission = Callable[[APIGatewayHttpResolver], None]
type Answer = dict[str, Any]


def resolver(admit: Admission = lambda app: None) -> APIGatewayHttpResolver:
    """An empty API, validated against its routes' types, whose refusals are problem details.

    `admit` says whether the caller may use the route that was found, or raises: before anything is said of the input.
    Where callers are known by their route alone, it says who calls as well.
    """
    app = APIGatewayHttpResolver(
        enable_validation=True,
        serializer=lambda body: orjson.dumps(body).decode(),
        # Strict, unlike json.loads: NaN, Infinity and halves of characters are no JSON.
        json_body_deserializer=orjson.loads,
    )

    def first(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
        admit(app)
        http_requests.require_known_parameters(app)
        return next_middleware(app)

    def unreadable(error: RequestValidationError) -> Response[Any]:
        try:  # the resolver validates before any middleware
            admit(app)
        except ClientelaError as refused:
            return problem(refused)
        return problem(invalid_request(error.errors()))

    def unforeseen(error: Exception) -> Response[Any]:
        # Here, because the resolver would log what nobody handles word by word.
        error_logs.log(error)
        return problem(http_errors.UnexpectedError())

    app.use([first])
    app.exception_handler(ClientelaError)(problem)
    app.exception_handler(RequestValidationError)(unreadable)
    app.exception_handler(Exception)(unforeseen)
    app.not_found(lambda error: _lost(app))
    return app


def respond(
    app: APIGatewayHttpResolver,
    event: Mapping[str, Any],
    context: Any,
    guard: Guard = lambda store, headers: None,
    allow: Callable[[Any], Allowance] | None = None,
) -> Answer:
    """Answer one HTTP API event (payload 2.0).

    The store of the path is read, then `guard(store, headers)` says who calls or raises, and `allow(caller)` whether so
    often; the routes find store and caller in `app.context`. HEAD is GET without its body; OPTIONS is answered for the
    store's origins.
    """
    method = event["requestContext"]["http"]["method"]
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    more: dict[str, str] = {}
    try:
        store = stores.get((event.get("pathParameters") or {}).get("store_id", ""))
        more = cors.headers(store, headers.get("origin"))
        if method == "OPTIONS":
            return _with_headers(_proxy(Response(status_code=204, body="")), more)
        caller = guard(store, headers)
        if allow:
            allowance = allow(caller)
            more |= allowance.headers()
            allowance.demand()
        app.context.update(store=store, caller=caller)
        answer = app.resolve(http_requests.readable(event, headers), context)
    except ClientelaError as error:
        answer = _proxy(problem(error))
    except Exception as error:
        error_logs.log(error)
        answer = _proxy(problem(http_errors.UnexpectedError()))
    if method == "HEAD":
        answer["body"] = ""
    return _with_headers(answer, more)


def json(body: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Any]:
    """An answer of one document. Its form is promised by the route's `responses` and proven by tests, not at run time."""
    return Response(
        status_code=status, content_type="application/json", body=body.model_dump_json(), headers=dict(headers or {})
    )


def problem(error: ClientelaError) -> Response[Any]:
    """RFC 9457 problem details of something refused."""
    status = STATUS[type(error)]
    body: dict[str, Any] = {
        "type": PROBLEM_BASE + error.code,
        "title": error.title,
        "status": status,
        "code": error.code,
    }
    if error.detail:
        body["detail"] = error.detail
    if error.fields:
        body["errors"] = [{"pointer": field.pointer, "message": field.message} for field in error.fields]
    retry_after = error.retry_after or (1 if status == HTTPStatus.SERVICE_UNAVAILABLE else None)
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(status_code=status, content_type=PROBLEM, body=orjson.dumps(body).decode(), headers=headers)


def bearer(headers: Mapping[str, str]) -> str:
    """The token of the Authorization header, or an empty text."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def cacheable(response: Response[Any], headers: Mapping[str, str]) -> Answer:
    """An answer that is nobody's own: `headers` say how long it may be kept."""
    return _with_headers(_proxy(response), headers)


def invalid_request(complaints: Sequence[Any]) -> errors.InvalidInputError:
    """What pydantic says of a request: a field of the body by its JSON pointer, a parameter by its name."""
    if any(complaint["type"] == "json_invalid" for complaint in complaints):
        return errors.InvalidInputError("The body is not JSON.")
    fields = []
    for complaint in complaints:
        place, *rest = complaint["loc"]
        (field,) = field_errors([{**complaint, "loc": rest}])
        fields.append(field if place == "body" else errors.FieldError(_parameter(rest), field.message))
    return errors.InvalidInputError("Some values cannot be taken.", fields=fields)


def _parameter(location: Sequence[str | int]) -> str:
    """The name of a parameter; it stands behind that of its model, and before the number of its value."""
    return [str(part) for part in location[:2] if isinstance(part, str)][-1]


def _lost(app: APIGatewayHttpResolver) -> Response[Any]:
    """No route: 405 with what the path takes, or 404."""
    allowed = http_requests.methods(app, app.current_event.path)
    if not allowed:
        return problem(http_errors.RouteUnknownError())
    answer = problem(http_errors.MethodUnknownError())
    answer.headers["Allow"] = ", ".join(allowed)
    return answer


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


def no_content() -> Response[Any]:
    """Done, with nothing to say: 204."""
    return Response(status_code=204, body="")


def redirect(url: str) -> Response[Any]:
    """See Other: where a file is, for a short time."""
    return Response(status_code=303, headers={"Location": url}, body="")


def etag(version: int) -> dict[str, str]:
    """The strong entity tag of a version (RFC 9110 section 8.8.3)."""
    return {"ETag": f'"{version}"'}


def version_wanted(if_match: str | None) -> int | None:
    """The version that an If-Match header demands; None for `*` and where there is none. InvalidInputError.

    A tag that none of ours can be is a version that never was: the change is refused with 412.
    """
    if if_match in (None, "*"):
        return None
    tag = if_match.strip().removeprefix('"').removesuffix('"')
    if tag.isascii() and tag.isdigit() and len(tag) < 16:
        return int(tag)
    if _ENTITY_TAG.fullmatch(if_match.strip()):
        return -1
    raise errors.InvalidInputError(fields=[errors.FieldError("If-Match", "Send the ETag of what you read.")])


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
