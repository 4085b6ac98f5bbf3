"""Errors that only the HTTP edge raises, such as unknown paths and server errors."""

from clientela.errors import ClientelaError


class RouteUnknownError(ClientelaError):
    """The path is unknown."""

    code = "route_unknown"
    title = "Path not found"


class MethodUnknownError(ClientelaError):
    """The path does not have this method."""

    code = "method_unknown"
    title = "Method not allowed"


class ContentTypeError(ClientelaError):
    """The body is not JSON by its Content-Type."""

    code = "content_type"
    title = "The body must be JSON"


class UnexpectedError(ClientelaError):
    """The server failed. The log has the error under the request id of the response's headers."""

    code = "unexpected"
    title = "Internal server error"


class OriginNotAllowedError(ClientelaError):
    """A request that is signed in by cookie came from a page of another site."""

    code = "origin_not_allowed"
    title = "Origin not allowed"
