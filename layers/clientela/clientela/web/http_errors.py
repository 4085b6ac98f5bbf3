"""What only the edge refuses: paths, methods and bodies that no route takes, pages that may not call, and faults of ours."""

from clientela.errors import ClientelaError


class RouteUnknownError(ClientelaError):
    """No such path or method."""

    code = "route_unknown"
    title = "There is no such path here"


class MethodUnknownError(ClientelaError):
    """The path is there, but not for this method."""

    code = "method_unknown"
    title = "This path does not take this method"


class ContentTypeError(ClientelaError):
    """The body is not JSON."""

    code = "content_type"
    title = "The body must be JSON"


class UnexpectedError(ClientelaError):
    """A fault of ours. It is logged; the request id in the answer's headers finds it."""

    code = "unexpected"
    title = "Something went wrong on our side"


class OriginNotAllowedError(ClientelaError):
    """A change signed in by cookie that comes from a page of somebody else's."""

    code = "origin_not_allowed"
    title = "This page may not do that"
