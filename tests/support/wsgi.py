"""The HTTP API as a WSGI application: each request becomes an event for the function that the template routes it to."""

import base64
import itertools
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from importlib import import_module
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from tests.support.template_file import resources

_requests = itertools.count()
_TEXTS = ("application/json", "application/merge-patch+json", "text/")  # what API Gateway hands on without base64

_ALL_OTHERS = "/{proxy+}"  # stands for `$default`, the route of an event without a path


class Route(NamedTuple):
    """A route of the HTTP API: its path as a pattern, and the module of the function behind it."""

    path: str
    pattern: re.Pattern[str]
    module: str


def routes() -> list[Route]:
    """The HTTP API's routes in template.yaml, the most specific first, as API Gateway picks them."""
    found = [
        Route(
            event["Properties"].get("Path", _ALL_OTHERS),
            _pattern(event["Properties"].get("Path", _ALL_OTHERS)),
            function["Properties"]["Handler"].split(".")[0],
        )
        for function in resources("AWS::Serverless::Function").values()
        for event in function["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]
    return sorted(found, key=lambda route: ("+}" in route.path, -len(route.path.split("/")), route.path.count("{")))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request."""
    path = _text(environ.get("PATH_INFO", ""))
    for route in routes():
        if match := route.pattern.fullmatch(path):
            answer = import_module(route.module).handler(_event(environ, path, match.groupdict()), None)
            break
    else:
        answer = {"statusCode": 404, "headers": {"Content-Type": "application/json"}, "body": '{"message":"Not Found"}'}
    status = HTTPStatus(answer["statusCode"])
    start_response(f"{status.value} {status.phrase}", list(answer["headers"].items()))
    return [(answer["body"] or "").encode()]


def _pattern(path: str) -> re.Pattern[str]:
    greedy = re.sub(r"\{(\w+)\\?\+\}", r"(?P<\1>.+)", path.replace(".", r"\."))
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", greedy), re.DOTALL)


def _event(environ: dict[str, Any], path: str, parameters: dict[str, str]) -> dict[str, Any]:
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    content_type = environ.get("CONTENT_TYPE", "")
    cookies = headers.pop("cookie", "")
    headers.pop("accept-encoding", None)  # who calls through WSGI unpacks nothing
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
        query.setdefault(name, []).append(value)
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    # Many callers: the limits of one are not what is tried here.
    http = {
        "method": environ["REQUEST_METHOD"],
        "path": path,
        "protocol": "HTTP/1.1",
        "sourceIp": f"203.0.113.{next(_requests) % 250}",
        "userAgent": "",
    }
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": environ.get("QUERY_STRING", ""),
        "headers": headers | ({"content-type": content_type} if content_type else {}),
        "cookies": [cookie for cookie in cookies.split("; ") if cookie],
        # As API Gateway does: what is repeated comes joined by commas.
        "queryStringParameters": {name: ",".join(values) for name, values in query.items()},
        "pathParameters": parameters,
        "requestContext": {"http": http, "requestId": "r-1", "stage": "$default"},
        **_body(body, content_type),
    }


def _body(body: bytes, content_type: str) -> dict[str, Any]:
    if not body:
        return {"isBase64Encoded": False}
    if content_type.startswith(_TEXTS):
        try:
            return {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def _text(latin: str) -> str:
    """WSGI gives bytes as Latin-1."""
    return latin.encode("latin-1").decode(errors="replace")
