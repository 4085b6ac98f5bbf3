"""/v1/openapi.json: the OpenAPI document, for everybody."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response

from clientela.web import etags, http_app
from clientela.web.http_errors import MethodUnknownError

PATH = "/v1/openapi.json"
FILE = Path(__file__).parents[1] / "openapi.json"
# Any page may read it: it holds nothing of any store.
_PUBLIC = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
_ALLOWED = {"Allow": "GET, HEAD, OPTIONS"}


def answer(event: Mapping[str, Any]) -> http_app.Answer:
    """The document, or 304 to who has it already."""
    match event["requestContext"]["http"]["method"]:
        case "GET" | "HEAD" as method:
            return http_app.cacheable(_document(method, event), _PUBLIC)
        case "OPTIONS":
            return http_app.cacheable(Response(status_code=204), _PUBLIC | _ALLOWED)
        case _:
            return http_app.cacheable(http_app.problem(MethodUnknownError()), _ALLOWED)


def _document(method: str, event: Mapping[str, Any]) -> Response[Any]:
    text, tag = _text()
    known = {name.lower(): value for name, value in event.get("headers", {}).items()}.get("if-none-match")
    if etags.matches(known, tag):
        return Response(status_code=304, headers={"ETag": tag}, body="")
    body = "" if method == "HEAD" else text
    return Response(status_code=200, content_type="application/json", body=body, headers={"ETag": tag})


@cache
def _text() -> tuple[str, str]:
    text = FILE.read_text("utf-8")
    return text, etags.etag_of(text)
