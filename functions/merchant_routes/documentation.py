"""/v1/openapi.json, the OpenAPI document, and /v1/docs, the page that shows it. Both are public.

Any other path that belongs to no store is unknown.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from aws_lambda_powertools.event_handler.api_gateway import Response

from clientela.web import problems, public_texts, response_language, responses
from clientela.web.http_errors import MethodUnknownError, RouteUnknownError
from clientela.web.responses import ProxyResponse


class PublicFile(NamedTuple):
    """A file that is served as it is, and its headers."""

    path: Path
    media_type: str
    headers: Mapping[str, str]


_FOLDER = Path(__file__).parents[1]
# Any page may read it: it contains no data of any store.
_DOCUMENT_HEADERS = {"Access-Control-Allow-Origin": "*"}
# The page loads nothing from other hosts.
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
FILES = {
    "/v1/openapi.json": PublicFile(_FOLDER / "openapi.json", "application/json", _DOCUMENT_HEADERS),
    "/v1/docs": PublicFile(_FOLDER / "docs_page" / "page.html", "text/html; charset=utf-8", _PAGE_HEADERS),
    "/v1/docs/script.js": PublicFile(_FOLDER / "docs_page" / "script.js", "text/javascript; charset=utf-8", {}),
    "/v1/docs/style.css": PublicFile(_FOLDER / "docs_page" / "style.css", "text/css; charset=utf-8", {}),
}
_OF_STORE = re.compile(r"/v1/stores/[^/]+/.")
_ALLOWED = {"Allow": "GET, HEAD, OPTIONS"}


def is_documentation(path: str) -> bool:
    """Return whether a path belongs to no store, but to the API's documentation."""
    return not _OF_STORE.match(path)


def respond(event: Mapping[str, Any]) -> ProxyResponse:
    """Return a file of the documentation, or 304 if If-None-Match names its version."""
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    response_language.choose(headers.get("accept-language"))
    file = FILES.get(event["rawPath"])
    if file is None:
        return responses.cacheable(problems.problem(RouteUnknownError()), _DOCUMENT_HEADERS)
    match event["requestContext"]["http"]["method"]:
        case "GET" | "HEAD" as method:
            response = public_texts.respond(_text(file.path), file.media_type, headers, file.headers)
            return responses.cacheable(_without_body(response) if method == "HEAD" else response, {})
        case "OPTIONS":
            return responses.cacheable(Response(status_code=204), {**file.headers, **_ALLOWED})
        case _:
            return responses.cacheable(problems.problem(MethodUnknownError()), {**file.headers, **_ALLOWED})


def _without_body(response: Response[Any]) -> Response[Any]:
    response.body, response.base64_encoded = "", False
    return response


@cache
def _text(path: Path) -> str:
    return path.read_text("utf-8")
