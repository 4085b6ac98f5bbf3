"""Problem details (RFC 9457): the HTTP status of each error, and the handlers of errors."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from clientela import errors
from clientela.errors import ClientelaError, CustomerMergedError
from clientela.handlers import error_logs
from clientela.schema.validation_errors import field_errors
from clientela.sentences import translated
from clientela.sign_in import sign_in_errors
from clientela.web import http_errors, http_requests, response_language

STATUS: dict[type[ClientelaError], HTTPStatus] = {
    errors.InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.KeyMissingError: HTTPStatus.UNAUTHORIZED,
    errors.ScopeMissingError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.StoreExistsError: HTTPStatus.CONFLICT,
    errors.EmailTakenError: HTTPStatus.CONFLICT,
    errors.ExternalIdTakenError: HTTPStatus.CONFLICT,
    errors.VersionConflictError: HTTPStatus.PRECONDITION_FAILED,
    errors.BusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.TooManyRequestsError: HTTPStatus.TOO_MANY_REQUESTS,
    sign_in_errors.LoginDisabledError: HTTPStatus.FORBIDDEN,
    sign_in_errors.PasswordSignInDisabledError: HTTPStatus.FORBIDDEN,
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
    errors.MergeNotFoundError: HTTPStatus.NOT_FOUND,
    errors.MergeFinalError: HTTPStatus.CONFLICT,
    errors.InvitationRefusedError: HTTPStatus.CONFLICT,
    errors.CustomerMergedError: HTTPStatus.PERMANENT_REDIRECT,
    errors.ImportNotFoundError: HTTPStatus.NOT_FOUND,
    errors.ImportStateError: HTTPStatus.CONFLICT,
    errors.PlanOutdatedError: HTTPStatus.CONFLICT,
    errors.UploadIncompleteError: HTTPStatus.CONFLICT,
    errors.OrderNotFoundError: HTTPStatus.NOT_FOUND,
    errors.OrderRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ExportNotFoundError: HTTPStatus.NOT_FOUND,
    errors.ExportUnfinishedError: HTTPStatus.CONFLICT,
    errors.NoRemovalsError: HTTPStatus.NOT_FOUND,
    errors.ExportFileDeletedError: HTTPStatus.GONE,
    errors.ReportsNotReadyError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ExportLinkInvalidError: HTTPStatus.FORBIDDEN,
    errors.ExportLinkExpiredError: HTTPStatus.GONE,
    errors.ScheduleNotFoundError: HTTPStatus.NOT_FOUND,
    errors.ScheduleLimitError: HTTPStatus.CONFLICT,
    errors.GroupNotFoundError: HTTPStatus.NOT_FOUND,
    errors.KeyNotFoundError: HTTPStatus.NOT_FOUND,
    errors.MailNotFoundError: HTTPStatus.NOT_FOUND,
    errors.MailTestRefusedError: HTTPStatus.CONFLICT,
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
PROBLEM_BASE = "urn:clientela:problem:"
SERVER_ERROR = 500  # this status and above: not the caller's fault


def problem(error: ClientelaError) -> Response[Any]:
    """Return the problem details of an error, in the language of the response."""
    status, language = STATUS[type(error)], response_language.current()
    body: dict[str, Any] = {
        "type": PROBLEM_BASE + error.code,
        "title": translated(error.title, language),
        "status": status,
        "code": error.code,
    }
    if error.detail:
        body["detail"] = translated(error.detail, language)
    if error.fields:
        body["errors"] = [
            {"pointer": field.pointer, "message": translated(field.message, language)} for field in error.fields
        ]
    retry_after = error.retry_after or (1 if status == HTTPStatus.SERVICE_UNAVAILABLE else None)
    headers = {"Content-Language": language} | ({"Retry-After": str(retry_after)} if retry_after else {})
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(status_code=status, content_type=PROBLEM, body=orjson.dumps(body).decode(), headers=headers)


def unexpected(error: Exception) -> Response[Any]:
    """Log an unhandled error and return 500, both without its message."""
    error_logs.log(error)
    return problem(http_errors.UnexpectedError())


def handle_errors(app: APIGatewayHttpResolver, admit: Callable[[APIGatewayHttpResolver], None]) -> None:
    """Register the exception handlers of an API.

    Powertools validates the request before any middleware runs. A request that fails validation is
    therefore passed to `admit` here, so that callers without access learn nothing about the input.
    """

    def invalid(error: RequestValidationError) -> Response[Any]:
        try:
            admit(app)
        except ClientelaError as refusal:
            return problem(refusal)
        return problem(invalid_request(error.errors()))

    app.exception_handler(ClientelaError)(problem)
    app.exception_handler(RequestValidationError)(invalid)
    # Without this handler, Powertools logs the message, which may hold personal data.
    app.exception_handler(Exception)(unexpected)
    app.not_found(lambda error: _no_route(app))


def redirect_merged(app: APIGatewayHttpResolver) -> None:
    """Redirect requests for a merged customer to the customer it was merged into (308)."""

    def redirect(error: CustomerMergedError) -> Response[Any]:
        response, event = problem(error), app.current_event
        query = urlencode(event.query_string_parameters or {})
        response.headers["Location"] = event.path.replace(error.customer_id, error.into_id) + (query and f"?{query}")
        return response

    app.exception_handler(CustomerMergedError)(redirect)


def invalid_request(complaints: Sequence[Any]) -> errors.InvalidInputError:
    """Return the error for pydantic's complaints about a request.

    Body fields are named by JSON pointer, parameters by name.
    """
    if any(complaint["type"] == "json_invalid" for complaint in complaints):
        return errors.InvalidInputError("The body is not JSON.")
    fields = []
    for complaint in complaints:
        source, *location = complaint["loc"]
        (field,) = field_errors([{**complaint, "loc": location}])
        fields.append(field if source == "body" else errors.FieldError(_parameter(location), field.message))
    return errors.InvalidInputError("Some values are invalid.", fields=fields)


def _parameter(location: Sequence[str | int]) -> str:
    """Return a parameter's name: after its model's name, before the index of its value."""
    return [str(part) for part in location[:2] if isinstance(part, str)][-1]


def _no_route(app: APIGatewayHttpResolver) -> Response[Any]:
    """Return 405 with the methods of the path, or 404 for an unknown path."""
    allowed = http_requests.methods(app, app.current_event.path)
    if not allowed:
        return problem(http_errors.RouteUnknownError())
    response = problem(http_errors.MethodUnknownError())
    response.headers["Allow"] = ", ".join(allowed)
    return response
