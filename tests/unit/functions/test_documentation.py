"""The API's documentation: its document and the page that shows it, public, compressed and from no other host."""

import base64
import gzip
import json
import re
from typing import Any

import pytest
from tests.support.http_events import answered, http_event
from tests.support.openapi import document_file
from tests.support.template_file import PROJECT

import customers_api
from merchant_routes import documentation


def sent(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    event = http_event(method, "", headers=headers) | {"rawPath": path, "pathParameters": {}}
    return customers_api.handler(event, None)


def test_the_document_is_served_and_may_be_kept() -> None:
    answer = sent("/v1/openapi.json")
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, document_file())
    assert answer["headers"]["Cache-Control"] == "public, max-age=300"
    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"
    again = sent("/v1/openapi.json", **{"if-none-match": answer["headers"]["ETag"]})
    assert (again["statusCode"], again["body"]) == (304, "")
    head = sent("/v1/openapi.json", "HEAD", **{"accept-encoding": "gzip"})
    assert (head["statusCode"], head["body"], head["headers"]["ETag"]) == (200, "", answer["headers"]["ETag"])
    assert head["isBase64Encoded"] is False
    assert sent("/v1/openapi.json", "OPTIONS")["statusCode"] == 204
    wrong = sent("/v1/openapi.json", "POST", **{"accept-language": "de"})
    assert (wrong["statusCode"], wrong["headers"]["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answered(wrong)["title"] == "Methode nicht erlaubt"


def test_the_document_is_compressed_for_those_who_accept_it() -> None:
    answer = sent("/v1/openapi.json", **{"Accept-Encoding": "br, gzip"})
    assert (answer["headers"]["Content-Encoding"], answer["isBase64Encoded"]) == ("gzip", True)
    compressed = base64.b64decode(answer["body"])
    text = gzip.decompress(compressed)
    assert json.loads(text) == document_file()
    assert len(compressed) < len(text) / 8
    assert "Accept-Encoding" in answer["headers"]["Vary"]


@pytest.mark.parametrize("path", [path for path in documentation.FILES if path.startswith("/v1/docs")])
def test_the_page_loads_nothing_from_other_hosts(path: str) -> None:
    answer = sent(path)
    assert answer["statusCode"] == 200
    assert not re.search(r"https?://|//[a-z]|@import|url\(", re.sub(r"^\s*//.*$", "", answer["body"], flags=re.M))
    if path == "/v1/docs":
        policy = dict(part.strip().split(" ", 1) for part in answer["headers"]["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert {policy["script-src"], policy["style-src"], policy["connect-src"]} == {"'self'"}
        linked = re.findall(r'(?:src|href)="([^"]+)"', answer["body"])
        assert {f"/v1/{file}" for file in linked} == documentation.FILES.keys() - {"/v1/docs"}


def test_other_files_are_not_found() -> None:
    for path in ("/v1/docs/page.html", "/v1/docs/..%2fopenapi.json", "/v1/docs/"):
        assert (sent(path)["statusCode"], answered(sent(path))["code"]) == (404, "route_unknown")


def test_the_page_is_small() -> None:
    files = (PROJECT / "functions" / "docs_page").iterdir()
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 15_000


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/v1/stores", "/v1/stores/demo", "/v1/docs/secret.txt"])
def test_a_path_of_no_store_is_answered_with_problem_details_to_any_page(path: str) -> None:
    answer = sent(path)
    assert (answer["statusCode"], answered(answer)["code"]) == (404, "route_unknown")
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"
