"""Input that is too long for a key of the table, or nested too deeply, is refused in words on DynamoDB Local."""

import json
from typing import Any

import pytest
from tests.support.http_events import http_event

import customers_api
import storefront_api
from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.sign_in import sessions
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction

NOW = clock.now()
LONG = "x" * 5000
WIDE = "😀" * 600  # four bytes each
FOLDED = "ﷺ"  # one character that is eighteen when it is folded


@pytest.fixture(autouse=True)
def no_throttle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_PER_SECOND", "1000000")
    monkeypatch.setenv("BULK_FUNCTION_NAME", "bulk-changes")


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email="ana@example.com"), NOW)


def nested(depth: int, text: str = "{}") -> str:
    return '{"a":' * depth + text + "}" * depth


def answer(api: Any, event: dict[str, Any]) -> dict[str, Any]:
    response = api.handler(event, None)
    return response | {"json": json.loads(response["body"]) if response["body"] else {}}


def merchant(store: Store, method: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
    key = api_keys.create(store.id, NewKey(name="test"), NOW).key
    return answer(customers_api, http_event(method, f"{store.id}/{path}", body, key=key, **query))


def refused(response: dict[str, Any]) -> None:
    assert response["statusCode"] in {404, 422}, response
    problem = response["json"]
    sentences = [error["message"] for error in problem.get("errors", [])] or [problem.get("detail") or problem["title"]]
    assert all(sentences), problem


@pytest.mark.parametrize("depth", [100, 1000, 1020, 5000, 100_000])
@pytest.mark.parametrize("path", ["customers/{ana}", "settings", "groups/grp_x", "api-keys/key_x"])
def test_a_deep_patch(store: Store, ana: Customer, path: str, depth: int) -> None:
    for body in (
        nested(depth),
        '{"name":' + "[" * depth + "]" * depth + "}",
        '{"custom_fields":' + nested(depth) + "}",
    ):
        refused(merchant(store, "PATCH", path.format(ana=ana.id), body))


def test_a_deep_body_of_every_other_kind(store: Store, ana: Customer) -> None:
    for path in (
        "customers",
        "customers/bulk",
        f"customers/{ana.id}/merge",
        "groups",
        "api-keys",
    ):
        refused(merchant(store, "POST", path, nested(1000)))
    with Transaction() as write:
        token, _ = sessions.start(write, store, ana, None, NOW)
    for method, path in (
        ("PATCH", "account"),
        ("POST", "sessions"),
        ("POST", "login-links"),
        ("POST", "checkout-policy"),
    ):
        refused(answer(storefront_api, http_event(method, f"{store.id}/{path}", nested(1000), key=token)))
    stranger = answer(storefront_api, http_event("PATCH", f"{store.id}/account", nested(1000)))
    assert stranger["statusCode"] == 401


@pytest.mark.parametrize("long", [LONG, WIDE])
def test_long_ids_in_a_body(store: Store, ana: Customer, long: str) -> None:
    for dry_run in (True, False):
        refused(merchant(store, "POST", f"customers/{ana.id}/merge", {"from_id": long, "dry_run": dry_run}))
    refused(merchant(store, "POST", "customers/bulk", {"ids": [ana.id, long], "changes": {"status": "disabled"}}))
    for change in ({"groups": {"add": [long]}}, {"groups": {"remove": [long]}}, {"tags": {"add": [long]}}):
        refused(merchant(store, "POST", "customers/bulk", {"ids": [ana.id], "changes": change}))
    refused(merchant(store, "POST", "customers", {"email": "eva@example.com", "groups": [long]}))
    refused(merchant(store, "PATCH", f"customers/{ana.id}", {"groups": [long], "primary_group": long}))


@pytest.mark.parametrize("long", [LONG, WIDE])
def test_long_ids_in_a_path_or_query(store: Store, ana: Customer, long: str) -> None:
    for kind in ("customers", "groups", "api-keys", "imports", "exports", "customers/bulk", "erasures"):
        refused(merchant(store, "GET", f"{kind}/{long}"))
    for part in ("sessions", "orders", f"orders/{long}", "history", "consents", "data", "sign-ins"):
        refused(merchant(store, "GET", f"customers/{long}/{part}"))
    refused(merchant(store, "GET", f"customers/{ana.id}/orders/{long}"))
    for name in ("ids", "group", "tag", "cursor", "city", "postal_code", "query", "company", "email"):
        refused(merchant(store, "GET", "customers", **{name: long}))


@pytest.mark.parametrize("long", [LONG, "x" * 1100])
def test_long_secrets(store: Store, ana: Customer, long: str) -> None:
    for token in (
        long,
        f"ck_{long}_x",
        f"cs_{long}_x_y",
        f"cs_{ana.id}_{long}_y",
        f"cs_{ana.id.removeprefix('cus_')}_{long}_y",
    ):
        for api, path in ((customers_api, "customers"), (storefront_api, "account")):
            assert answer(api, http_event("GET", f"{store.id}/{path}", key=token))["statusCode"] == 401
    for body in ({"token": f"{long}.x", "nonce": "y"}, {"request_id": long, "code": "123456"}, {"token": long}):
        refused(answer(storefront_api, http_event("POST", f"{store.id}/sessions", body)))
    refused(
        answer(storefront_api, http_event("POST", f"{store.id}/account/email-change/revert", {"token": f"{long}.x"}))
    )
    for api, path in ((customers_api, "customers"), (storefront_api, "storefront.css")):
        assert answer(api, http_event("GET", f"{long}/{path}"))["statusCode"] in {401, 404}


@pytest.mark.parametrize("count", [1, 20, 60, 100])
def test_text_that_grows_when_it_is_folded(store: Store, ana: Customer, count: int) -> None:
    for name in ("query", "company", "city", "postal_code", "tag"):
        found = merchant(store, "GET", "customers", **{name: FOLDED * count})
        assert found["statusCode"] in {200, 422}, (name, found)
    words = " ".join("ab"[i % 2] for i in range(50))
    assert merchant(store, "GET", "customers", query=words[:100])["statusCode"] == 200
    fields = {"name": FOLDED * count, "company": FOLDED * count, "billing_address": {"city": FOLDED * count}}
    assert merchant(store, "PATCH", f"customers/{ana.id}", fields)["statusCode"] in {200, 422}


def test_a_period_that_ends_before_it_begins_is_an_empty_one(store: Store, ana: Customer) -> None:
    period = {"placed_from": "2026-11-21T10:00:00Z", "placed_to": "2026-11-20T10:00:00Z"}
    for path in (f"customers/{ana.id}/orders", "orders/without-email"):
        found = merchant(store, "GET", path, **period, count="true")
        assert (found["statusCode"], found["json"]["items"], found["json"]["total"]) == (200, [], 0)
    for path, start, end in (("customers", "created_from", "created_to"), ("audit", "from", "to")):
        found = merchant(store, "GET", path, **{start: "2026-11-21T10:00:00Z", end: "2026-11-20T10:00:00Z"})
        assert (found["statusCode"], found["json"]["items"]) == (200, [])
