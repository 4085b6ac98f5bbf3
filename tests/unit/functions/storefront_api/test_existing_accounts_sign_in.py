"""An existing account must sign in to order, and strangers do not learn which addresses have one."""

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.support.storefront import NOW, call

from clientela import clock
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.notifications import sign_in_mail
from clientela.stores import api_keys, stores
from clientela.stores.api_keys import NewKey, Scope
from clientela.stores.stores import Store, StoreSettings

CONFIRM = {"policy": "confirm_email", "guest_allowed": False, "sign_in": "needed", "account": "on_request"}
GUEST = {"policy": "guest_allowed", "guest_allowed": True, "sign_in": "offered", "account": "automatic"}
SIGN_IN = {"policy": "sign_in_needed", "guest_allowed": False, "sign_in": "needed", "account": "none"}
REGISTERED, GUEST_EMAIL, UNKNOWN, LOCKED = (f"{name}@example.com" for name in ("ana", "gil", "new", "loc"))


@pytest.fixture
def shop(store: Store) -> Store:
    return store_settings.change_settings(store.id, {"existing_accounts_sign_in": True}, NOW)


@pytest.fixture
def people(shop: Store) -> dict[str, Customer]:
    ana = customers.create(shop, NewCustomer(email=REGISTERED, name="Ana"), NOW)
    gil = customers.create(shop, NewCustomer(email=GUEST_EMAIL, name="Gil"), NOW, source="order")
    customers.create(shop, NewCustomer(email=LOCKED, status="disabled"), NOW, source="order")
    return {REGISTERED: ana, GUEST_EMAIL: gil}


def policy(email: str | None = None, headers: dict[str, str] | None = None, **question: str) -> Any:
    answer = call("POST", "/checkout-policy", question | ({"email": email} if email else {}), headers=headers or {})
    return answer["json"] if answer["statusCode"] == 200 else answer["json"]["code"]


def key(*scopes: Scope, store_id: str = "demo") -> dict[str, str]:
    issued = api_keys.create(store_id, NewKey(name="back end", scopes=list(scopes)), NOW)
    return {"authorization": f"Bearer {issued.key}"}


def test_everybody_is_asked_to_confirm_the_email(people: dict[str, Customer]) -> None:
    for email in (REGISTERED, GUEST_EMAIL, UNKNOWN, LOCKED, None):
        assert policy(email) == CONFIRM
        assert policy(email, country="ES") == CONFIRM


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"existing_accounts_sign_in": False}, "guest_allowed"),
        ({"login_mode": "disabled"}, "guest_allowed"),
        ({"login_mode": "required"}, "sign_in_needed"),
        ({"approve_new_accounts": True}, "approval_needed"),
    ],
)
def test_the_setting_is_one_of_the_optional_mode_alone(
    people: dict[str, Customer], settings: dict[str, Any], expected: str
) -> None:
    store_settings.change_settings("demo", settings, NOW)
    for headers in ({}, key("customers:read")):
        assert {policy(email, headers)["policy"] for email in (REGISTERED, GUEST_EMAIL, UNKNOWN)} == {expected}


def test_a_store_allows_guests_unless_it_says_otherwise() -> None:
    assert StoreSettings(name="Shop").existing_accounts_sign_in is False


def test_a_back_end_with_a_key_gets_the_plain_answer(people: dict[str, Customer]) -> None:
    headers = key("customers:read")
    assert {email: policy(email, headers) for email in (REGISTERED, GUEST_EMAIL, UNKNOWN, LOCKED)} == {
        REGISTERED: SIGN_IN,
        GUEST_EMAIL: GUEST,
        UNKNOWN: GUEST,
        LOCKED: SIGN_IN,
    }
    assert policy("ANA@Example.com\u200b", headers) == SIGN_IN
    assert policy(None, headers) == CONFIRM
    own = {"clientela-api-key": headers["authorization"].removeprefix("Bearer ")}
    assert policy(UNKNOWN, own | {"authorization": "Bearer cs_x"}) == GUEST
    store_settings.change_settings("demo", {"country_rules": {"no_automatic_account": ["DE"]}}, NOW)
    assert policy(UNKNOWN, headers, country="DE") == GUEST | {"account": "on_request"}


def test_nobody_else_gets_it(people: dict[str, Customer]) -> None:
    stores.create("other", StoreSettings(name="Other"), NOW)
    early = NOW - timedelta(days=1)
    old = NewKey(name="old", scopes=["customers:read"], expires_at=early + timedelta(hours=1))
    expired = {"authorization": f"Bearer {api_keys.create('demo', old, early).key}"}
    forged = {"authorization": key("customers:read")["authorization"][:-1] + "_"}
    for headers in (key("customers:read", store_id="other"), expired, forged, {"clientela-api-key": "x"}):
        assert {policy(email, headers) for email in (REGISTERED, UNKNOWN)} == {"api_key_invalid"}
    for scope in ("customers:write", "settings:read"):
        assert {policy(email, key(scope)) for email in (REGISTERED, UNKNOWN)} == {"scope_missing"}
    for headers in ({"authorization": "Bearer cs_x"}, {"authorization": "Basic ck_x"}, {"cookie": "x"}):
        assert [policy(email, headers) for email in (REGISTERED, UNKNOWN)] == [CONFIRM, CONFIRM]


@pytest.mark.parametrize("by", ["link", "code"])
def test_owner_guest_and_newcomer_go_on_alike(
    shop: Store, people: dict[str, Customer], monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    mails: list[Any] = []
    monkeypatch.setattr("clientela.mail.mail_delivery._send", lambda store, mail: mails.append(mail) or "sent")
    shapes = []
    for email in (REGISTERED, GUEST_EMAIL, UNKNOWN):
        asked = call("POST", "/login-links", {"email": email, "return_to": "/checkout"})["json"]
        assert sign_in_mail.deliver(shop, asked["request_id"], clock.now()) == "sent"
        context = mails[-1].mail.context
        token = context["link"].partition("#token=")[2]
        code = {"request_id": asked["request_id"], "code": context["code"]}
        opened = call("POST", "/sessions", {"token": token, "nonce": asked["nonce"]} if by == "link" else code)
        session = opened["json"]
        checkout = call("GET", "/account/checkout", headers={"authorization": f"Bearer {session['session_token']}"})
        assert (session["return_to"], session["customer"]["email"]) == ("/checkout", email)
        assert (checkout["json"]["may_order"], checkout["json"]["refusal"]) == (True, None)
        names = sorted(opened["headers"]), sorted(session), sorted(session["customer"])
        shapes.append(json.dumps([opened["statusCode"], mails[-1].mail.name, names]))
    assert len(set(shapes)) == 1
    for email, before in people.items():
        after = customers.find(shop, email, clock.now())
        assert after is not None
        assert (after.id, after.name, after.type) == (before.id, before.name, "registered")
