"""The HTTP edge under what no well-meaning client sends: every request gets an answer of the contract, never a fault."""

import base64
import json
from typing import Any

import pytest
from tests.support.http_events import answered, http_event

import customers_api
import storefront_api
from clientela import clock
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store

ANA = {"email": "ana@example.com"}


@pytest.fixture
def key(store: Store) -> str:
    return api_keys.create(store.id, NewKey(name="test"), clock.now()).key


def call(method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any, dict[str, str]]:
    response = customers_api.handler(http_event(method, path, body, **options), None)
    return response["statusCode"], answered(response), response["headers"]


@pytest.mark.parametrize(
    "body",
    [
        '{"email": "a@example.com", "custom_fields": {"n": NaN}}',
        '{"email": "a@example.com", "custom_fields": {"n": -Infinity}}',
        '{"email": "a@example.com", "custom_fields": {"n": 1e400}}',
        '{"email": "a@example.com", "custom_fields": {"n": 1e200}}',
        '{"email": "a@example.com", "name": "\\ud800"}',
        '{"email": "a@example.com", "name": "\ud800"}',
        '{"email": "a@example.com", "name": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"email": "a@example.com", "marketing_consent": {"state": "unknown", "at": "0001-01-01T00:00:00+14:00"}}',
        '{"email": "a@example.com", "marketing_consent": {"state": "unknown", "at": 5}}',
        '{"email": "a@example.com\\u0000"}',
        '{"email": "a@example.com\\r\\nBcc: b@example.com"}',
    ],
)
def test_values_that_cannot_be_kept_are_refused(key: str, body: str) -> None:
    assert call("POST", "demo/customers", body, key=key)[0] == 422


def test_strange_but_valid_text_is_kept_as_it_is_but_for_nul(key: str) -> None:
    name = "ab \U0001f600 \u202e"
    fields = {"tiny": 1e-300, "small": 1.5e-100, "great": 1e99, "whole": 2**53 - 1}
    new = ANA | {"name": "a\0b \U0001f600 \u202e", "custom_fields": fields}
    status, created, _ = call("POST", "demo/customers", new, key=key)
    assert (status, created["name"]) == (201, name)
    read = call("GET", f"demo/customers/{created['id']}", key=key)[1]
    assert read["custom_fields"] == fields | {"tiny": 0}


def test_a_body_that_is_no_base64_or_no_utf_8_is_refused(key: str) -> None:
    event = http_event("POST", "demo/customers", "{}", key=key)
    for body in ("%%%", "e30", base64.b64encode(b"\xff\xfe{}").decode()):
        answer = customers_api.handler(event | {"body": body, "isBase64Encoded": True}, None)
        assert answer["statusCode"] == 422


@pytest.mark.parametrize(
    "path", ["demo/customers/" + "x" * 5000, "demo/groups/" + "é" * 3000, "demo/imports/" + "x" * 2000]
)
def test_ids_too_long_for_the_table_are_refused(key: str, path: str) -> None:
    assert call("GET", path, key=key)[0] == 422


@pytest.mark.parametrize("store_id", ["x" * 5000, "Demo", "demo#CUSTOMER", "..", "%00"])
def test_what_cannot_be_a_store_is_none(store: Store, store_id: str) -> None:
    assert call("GET", f"{store_id}/customers")[1]["code"] == "store_not_found"


def test_ids_may_come_by_comma_or_repeated(key: str) -> None:
    made = [call("POST", "demo/customers", {"email": f"p{i}@example.com"}, key=key)[1]["id"] for i in range(3)]
    together = call("GET", "demo/customers", key=key, ids=",".join(made[:2]))[1]["items"]
    assert {customer["id"] for customer in together} == set(made[:2])
    event = http_event("GET", "demo/customers", key=key)  # API Gateway joins what is repeated, and keeps the raw query
    repeated = {
        "rawQueryString": f"ids={made[0]}&ids={made[2]}",
        "queryStringParameters": {"ids": f"{made[0]},{made[2]}"},
    }
    assert {each["id"] for each in answered(customers_api.handler(event | repeated, None))["items"]} == {
        made[0],
        made[2],
    }


def test_a_comma_in_a_search_is_part_of_it(key: str) -> None:
    call("POST", "demo/customers", ANA | {"company": "Pérez, Sons"}, key=key)
    assert len(call("GET", "demo/customers", key=key, company="Perez, Sons")[1]["items"]) == 1


def test_a_parameter_given_twice_is_refused_where_it_has_one_value(key: str) -> None:
    event = http_event("GET", "demo/groups/x/customers", key=key)
    twice = {"rawQueryString": "limit=1&limit=2", "queryStringParameters": {"limit": "1,2"}}
    assert customers_api.handler(event | twice, None)["statusCode"] == 422


def test_unknown_parameters_are_refused_by_name(key: str) -> None:
    status, problem, _ = call("GET", "demo/customers", key=key, contry="ES")
    assert (status, problem["errors"][0]["pointer"]) == (422, "contry")
    assert call("GET", "demo/settings", key=key, x="1")[0] == 422


def test_bad_parameters_are_named_without_a_slash(key: str) -> None:
    assert call("GET", "demo/customers", key=key, limit="0")[1]["errors"][0]["pointer"] == "limit"
    assert call("GET", "demo/exports", key=key, limit="x")[1]["errors"][0]["pointer"] == "limit"


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        ('"1"', 200),
        ("1", 200),
        ("*", 200),
        ('"2"', 412),
        ('"abc"', 412),
        ('W/"1"', 412),
        ("x", 422),
        ("²", 422),
        ("9" * 5000, 422),
    ],
)
def test_if_match_is_read_as_rfc_9110_says(key: str, tag: str, status: int) -> None:
    path = f"demo/customers/{call('POST', 'demo/customers', ANA, key=key)[1]['id']}"
    assert call("PATCH", path, {"note": "x"}, key=key, headers={"if-match": tag})[0] == status


def test_a_missing_scope_is_told_before_anything_of_the_input(store: Store) -> None:
    reading = api_keys.create(store.id, NewKey(name="r", scopes=["groups:read"]), clock.now()).key
    assert call("POST", "demo/customers", {"bad": 1}, key=reading)[1]["code"] == "scope_missing"
    assert call("GET", "demo/customers", key=reading, limit="x")[1]["code"] == "scope_missing"


def test_a_body_means_nothing_where_there_is_none(key: str) -> None:
    assert call("GET", "demo/groups", "<xml/>", key=key, headers={"content-type": "text/xml"})[0] == 200


def test_a_busy_table_says_when_to_come_again(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from clientela.errors import BusyError

    def busy(*_: Any, **__: Any) -> None:
        raise BusyError

    monkeypatch.setattr("clientela.groups.groups.list_all", busy)
    status, problem, headers = call("GET", "demo/groups", key=key)
    assert (status, problem["code"], headers["Retry-After"]) == (503, "busy", "1")


def test_header_names_are_read_in_any_case(key: str) -> None:
    event = http_event("GET", "demo/groups")
    event["headers"] = {"Authorization": f"bearer {key}"}
    assert customers_api.handler(event, None)["statusCode"] == 200


@pytest.mark.parametrize("body", ["[]", "1", '"x"', "{", '{"email": ["a@example.com"]}', '{"email": {"a": 1}}'])
def test_storefront_refuses_what_is_no_request(store: Store, body: str) -> None:
    answer = storefront_api.handler(http_event("POST", "demo/login-links", body), None)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (422, "invalid_input")


def test_a_path_says_which_methods_it_takes(store: Store) -> None:
    answer = storefront_api.handler(http_event("GET", "demo/login-links"), None)
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "OPTIONS, POST")


@pytest.mark.parametrize("body", [None, "", "x"])
def test_every_refusal_of_a_body_is_a_problem(key: str, body: str | None) -> None:
    for content_type in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
        status, problem, headers = call("POST", "demo/customers", body, key=key, headers={"content-type": content_type})
        assert (status, problem["code"]) in {(415, "content_type"), (422, "invalid_input")}
        assert headers["Content-Type"] == "application/problem+json"
