"""Public texts: pages, scripts, styles and documents that browsers and CDNs may cache."""

import base64
import gzip
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response

from clientela.web import etags

CACHE_CONTROL = "public, max-age=300"


def respond(
    text: str, media_type: str, request_headers: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> Response[Any]:
    """Return a text with its ETag, compressed if the client accepts it; 304 if it has it already.

    `request_headers` have names in lower case.
    """
    tag = etags.etag_of(text)
    all_headers = {"ETag": tag, "Cache-Control": CACHE_CONTROL, "Vary": "Origin, Accept-Encoding", **(headers or {})}
    if etags.matches(request_headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=all_headers, body="")
    response = Response(status_code=200, content_type=media_type, headers=all_headers, body=text)
    # HTTP APIs of API Gateway do not compress responses.
    if "gzip" in request_headers.get("accept-encoding", ""):
        response.headers["Content-Encoding"] = "gzip"
        response.body, response.base64_encoded = _compressed(text), True
    return response


@lru_cache(maxsize=64)
def _compressed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
