"""deploy/edge.yaml: what its two functions make of requests and of API Gateway's errors."""

import json
import subprocess
from typing import Any

import pytest
from tests.support.template_file import load

from clientela.web import problems
from clientela.web.responses import SECURITY_HEADERS

RESOURCES: dict[str, Any] = load("deploy/edge.yaml")["Resources"]
CODES = {kind.code: (int(status), kind.title) for kind, status in problems.STATUS.items()}
ORIGIN = "https://shop.example.com"


def handled(status: int, headers: dict[str, str], origin: str | None = None) -> dict[str, Any]:
    """Return a response of the API as CloudFront sends it on."""
    code: dict[str, Any] = {}
    exec(RESOURCES["GatewayErrors"]["Properties"]["Code"]["ZipFile"], code)
    request = {"headers": {"origin": [{"key": "Origin", "value": origin}]} if origin else {}}
    given = {name.lower(): [{"key": name, "value": value}] for name, value in headers.items()}
    cf = {"request": request, "response": {"status": str(status), "statusDescription": "", "headers": given}}
    response: dict[str, Any] = code["handler"]({"Records": [{"cf": cf}]}, None)
    return response


def sent(response: dict[str, Any]) -> dict[str, str]:
    return {name: values[0]["value"] for name, values in response["headers"].items()}


@pytest.mark.parametrize("status", [403, 404, 413, 429, 500, 502, 503, 504])
def test_an_error_of_the_gateway_gets_problem_details_that_a_page_can_read(status: int) -> None:
    response = handled(status, {"Content-Type": "application/json", "Apigw-Requestid": "x"}, ORIGIN)
    headers, problem = sent(response), json.loads(response["body"])
    assert headers["content-type"] == "application/problem+json"
    assert (headers["access-control-allow-origin"], headers["access-control-allow-credentials"]) == (ORIGIN, "true")
    assert (headers["vary"], headers["apigw-requestid"]) == ("Origin", "x")
    assert (problem["status"], problem["type"]) == (status, problems.PROBLEM_BASE + problem["code"])
    assert CODES.get(problem["code"], (0, problem["title"]))[1] == problem["title"]
    assert ("retry-after" in headers) == (status in (429, 503, 504))


@pytest.mark.parametrize(
    ("status", "code"), [(404, "route_unknown"), (429, "too_many_requests"), (503, "busy"), (500, "unexpected")]
)
def test_it_has_the_code_that_the_api_has_for_the_same(status: int, code: str) -> None:
    assert json.loads(handled(status, {})["body"])["code"] == code
    assert CODES[code][0] == status


@pytest.mark.parametrize("status", [200, 304, 404, 429, 500])
def test_a_response_of_a_function_passes_unchanged(status: int) -> None:
    assert "X-Content-Type-Options" in SECURITY_HEADERS  # by which it is told from the gateway's
    response = handled(status, SECURITY_HEADERS, ORIGIN)
    assert "body" not in response
    assert sent(response) == {name.lower(): value for name, value in SECURITY_HEADERS.items()}


def test_the_shoppers_address_is_what_cloudfront_saw() -> None:
    code = RESOURCES["ViewerAddress"]["Properties"]["FunctionCode"]
    forged = {"clientela-viewer-address": {"value": "192.0.2.9"}, "accept": {"value": "*/*"}}
    event = {"request": {"headers": forged}, "viewer": {"ip": "2001:db8::1"}}
    script = f"{code}\nconsole.log(JSON.stringify(handler({json.dumps(event)})))"
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout)["headers"] == forged | {"clientela-viewer-address": {"value": "2001:db8::1"}}
    assert load("deploy/edge.yaml")["Outputs"]["TrustedProxyHeader"]["Value"].lower() == "clientela-viewer-address"


def test_the_api_knows_the_secret_by_the_header_that_cloudfront_sends() -> None:
    (origin,) = RESOURCES["Distribution"]["Properties"]["DistributionConfig"]["Origins"]
    assert origin["OriginCustomHeaders"] == [
        {"HeaderName": "Clientela-Proxy-Secret", "HeaderValue": {"Ref": "ProxySecret"}}
    ]


def test_what_waf_answers_is_json_with_the_apis_code() -> None:
    acl = RESOURCES["WebAcl"]["Properties"]
    problem = json.loads(acl["CustomResponseBodies"]["TooMany"]["Content"])
    assert CODES[problem["code"]] == (problem["status"], problem["title"])
    assert problem["type"] == problems.PROBLEM_BASE + problem["code"]
