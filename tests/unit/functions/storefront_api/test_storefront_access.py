"""Access to the storefront API: what needs a session, devices and unknown paths."""

import json
import re
from typing import Any

import pytest
from tests.support.http_events import http_event
from tests.support.storefront import EVENT, NOW, call
from tools.openapi.operations import operations

import storefront_api
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.sign_in import sessions
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction
from clientela.web import http_app
from storefront_routes import access


def test_sample_event_is_answered(store: Store) -> None:
    answer = storefront_api.handler(EVENT, None)
    body = json.loads(answer["body"])
    assert answer["statusCode"] == 202
    assert set(body) == {"request_id", "nonce", "expires_at", "resend_after"}
    assert body["resend_after"] == 60


PRIVATE = [
    (operation.method, operation.path.removeprefix("/v1/stores/{store_id}"))
    for operation in operations(storefront_api.app)
    if operation.security
]


@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_what_is_marked_private_needs_a_session(store: Store, method: str, path: str) -> None:
    path = re.sub(r"{\w+}", "x", path)
    for headers in ({}, {"authorization": "Bearer cs_x"}, {"authorization": "Basic eA=="}):
        answer = call(method, path, {} if method == "PATCH" else None, headers=headers)
        assert (answer["statusCode"], answer["json"]["code"]) == (401, "session_invalid")
        assert answer["headers"]["WWW-Authenticate"] == "Bearer"
    if method == "PATCH":
        assert call(method, path, "no object")["statusCode"] == 401
    assert call("HEAD" if method == "GET" else method, path, cookies=[f"{access.cookie_name('demo')}=cs_x"])[
        "statusCode"
    ] in {
        401,
        403,
    }


def test_a_new_route_is_private_by_its_mark_alone(store: Store) -> None:
    app = http_app.resolver(access.require_session)

    @app.get("/v1/stores/<store_id>/wishes", **access.PRIVATE)
    def wishes() -> dict[str, Any]:
        return {}

    assert http_app.respond(app, http_event("GET", "demo/wishes"), None)["statusCode"] == 401


def test_all_of_an_account_is_marked_private() -> None:
    public = {operation.path for operation in operations(storefront_api.app) if not operation.security}
    assert {path.removeprefix("/v1/stores/{store_id}") for path in public} == {
        "/login-links",
        "/sessions",
        "/checkout-policy",
        "/storefront.css",
        "/account/email-change/revert",
        "/sign-in",
        "/sign-in/settings",
        "/sign-in/script.js",
        "/sign-in/style.css",
    }
    assert len(PRIVATE) >= 8


def test_devices_are_listed_and_ended(bearer: dict[str, str], store: Store) -> None:
    (device,) = call("GET", "/account/sessions", headers=bearer)["json"]["items"]
    assert (device["device"], device["current"]) == ("Firefox on Linux", True)
    assert call("DELETE", "/account/sessions/other", headers=bearer)["statusCode"] == 404
    assert call("DELETE", f"/account/sessions/{device['id']}", headers=bearer)["statusCode"] == 204
    assert call("GET", "/account", headers=bearer)["statusCode"] == 401


@pytest.mark.parametrize("path", ["/sessions/current", "/account/sessions"])
def test_signing_out_holds_at_once(bearer: dict[str, str], path: str) -> None:
    answer = call("DELETE", path, headers=bearer)
    assert answer["statusCode"] == 204
    assert "Max-Age=0" in answer["headers"]["Set-Cookie"]
    assert call("GET", "/account", headers=bearer)["statusCode"] == 401


def test_session_of_another_store_opens_nothing(bearer: dict[str, str]) -> None:
    stores.create("other", stores.StoreSettings(name="Other", login_mode="optional"), NOW)
    assert call("GET", "/account", headers=bearer, store_id="other")["statusCode"] == 401


def test_one_browser_is_signed_in_to_two_stores_of_a_host(store: Store, ana: Customer) -> None:
    other = stores.create("other", stores.StoreSettings(name="Other", login_mode="optional"), NOW)
    cookies = {}
    for shop in (store, other):
        shopper = ana if shop is store else customers.create(shop, NewCustomer(email="eva@example.com"), NOW)
        with Transaction() as write:
            token, session = sessions.start(write, shop, shopper, None, NOW)
        cookie = access.set_cookie(shop, token, session)["Set-Cookie"].partition(";")[0]
        cookies[cookie.partition("=")[0]] = cookie
    assert len(cookies) == 2
    for jar in ([*cookies.values()], [*reversed(cookies.values())]):
        seen = [call("GET", "/account", cookies=jar, store_id=shop)["json"]["email"] for shop in ("demo", "other")]
        assert seen == ["ana@example.com", "eva@example.com"]
    own = {"sec-fetch-site": "same-origin"}
    ended = call("DELETE", "/sessions/current", cookies=[*cookies.values()], headers=own, store_id="other")
    assert ended["headers"]["Set-Cookie"].startswith("__Host-clientela_session_other=;")
    assert call("GET", "/account", cookies=[*cookies.values()])["statusCode"] == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/checkout"),
        ("GET", "/social/google/start"),
    ],
)
def test_paths_that_are_not_there_are_problems(store: Store, method: str, path: str) -> None:
    answer = call(method, path)
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (404, "application/problem+json")


def test_store_without_accounts_says_so(store: Store) -> None:
    store_settings.change_settings("demo", {"login_mode": "disabled"}, NOW)
    answer = call("POST", "/login-links", {"email": "ana@example.com"})
    assert (answer["statusCode"], answer["json"]["code"]) == (403, "login_disabled")
