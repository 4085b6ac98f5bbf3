"""/v1/openapi.json: the OpenAPI document, public."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response

from clientela.web import etags, problems, response_language, responses
from clientela.web.http_errors import MethodUnknownError
from clientela.web.responses import ProxyResponse

PATH = "/v1/openapi.json"
FILE = Path(__file__).parents[1] / "openapi.json"
# Any page may read it: it contains no data of any store.
_PUBLIC = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
_ALLOWED = {"Allow": "GET, HEAD, OPTIONS"}


def respond(event: Mapping[str, Any]) -> ProxyResponse:
    """Return the document, or 304 if If-None-Match names its version."""
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    response_language.choose(headers.get("accept-language"))
    match event["requestContext"]["http"]["method"]:
        case "GET" | "HEAD" as method:
            return responses.cacheable(_document(method, headers), _PUBLIC)
        case "OPTIONS":
            return responses.cacheable(Response(status_code=204), _PUBLIC | _ALLOWED)
        case _:
            return responses.cacheable(problems.problem(MethodUnknownError()), _ALLOWED)


def _document(method: str, headers: Mapping[str, str]) -> Response[Any]:
    text, tag = _text()
    if etags.matches(headers.get("if-none-match"), tag):
        return Response(status_code=304, headers={"ETag": tag}, body="")
    body = "" if method == "HEAD" else text
    return Response(status_code=200, content_type="application/json", body=body, headers={"ETag": tag})


@cache
def _text() -> tuple[str, str]:
    text = FILE.read_text("utf-8")
    return text, etags.etag_of(text)
