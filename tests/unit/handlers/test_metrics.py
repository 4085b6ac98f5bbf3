"""The figures that functions count, as CloudWatch reads them from the log."""

import json
from typing import Any

import pytest
from tests.support.http_events import http_event
from tests.support.template_file import load

from clientela.handlers import metrics
from storefront_routes import sign_in_metrics


class Context:
    function_name = "clientela-prod-order-intake"


def counted(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "_aws" in line]


def test_a_count_is_a_line_in_the_embedded_metric_format(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "clientela")
    metrics.count(Context(), {"OrdersTaken": 9, "OrdersRepeated": 1})
    [line] = counted(capsys)
    [directive] = line.pop("_aws")["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "Clientela",
        "Dimensions": [["FunctionName", "service"]],
        "Metrics": [{"Name": "OrdersTaken", "Unit": "Count"}, {"Name": "OrdersRepeated", "Unit": "Count"}],
    }
    assert line == {
        "FunctionName": "clientela-prod-order-intake",
        "service": "clientela",
        "OrdersTaken": [9.0],
        "OrdersRepeated": [1.0],
    }


def test_what_did_not_happen_is_not_written_down(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.count(Context(), {"OrdersTaken": 0})
    metrics.count(Context(), {})
    assert counted(capsys) == []


def test_the_alarm_looks_at_the_dimensions_that_the_metric_has() -> None:
    alarm = load("deploy/alarms.yaml")["Resources"]["FilesNotImported"]["Properties"]
    assert alarm["Namespace"] == metrics.NAMESPACE
    assert {each["Name"] for each in alarm["Dimensions"]} == {"FunctionName", "service"}


@pytest.mark.parametrize(
    ("path", "body", "status", "name"),
    [
        ("demo/login-links", {"email": "ana@example.com"}, 202, "SignInLinksAsked"),
        ("demo/login-links", {"email": "ana@example.com"}, 429, "SignInLinksRefused"),
        ("demo/sessions", {"token": "t", "nonce": "n"}, 201, "SignInLinksUsed"),
        ("demo/sessions", {"email": "ana@example.com", "password": "p"}, 201, "PasswordSignIns"),
        ("demo/sessions", {"email": "ana@example.com", "password": "p"}, 401, "SignInsRefused"),
        ("demo/sessions", {"token": "t", "nonce": "n"}, 503, None),
        ("demo/account", {}, 200, None),
    ],
)
def test_a_request_to_sign_in_counts_once(path: str, body: Any, status: int, name: str | None) -> None:
    assert sign_in_metrics.count(http_event("POST", path, body), status) == ({name: 1} if name else {})


def test_a_preflight_request_counts_as_nothing() -> None:
    assert sign_in_metrics.count(http_event("OPTIONS", "demo/login-links"), 204) == {}
