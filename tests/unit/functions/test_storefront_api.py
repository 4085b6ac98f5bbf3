"""The storefront API over HTTP: the way in, the account, and what strangers cannot do."""

import json
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.support.http_events import http_event
from tests.support.template_file import PROJECT
from tools.openapi.operations import operations

import storefront_api
from clientela import clock
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.notifications import account_notices, email_change_mail, sign_in_mail
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.sign_in import sessions, sign_in_limits
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table.rate_limits import Rule
from clientela.table.transactions import Transaction
from clientela.web import http_app
from storefront_routes import access

NOW = clock.now()
EVENT = json.loads((PROJECT / "events" / "storefront_login_link.json").read_text())
ORIGIN = "https://shop.example.com"


def call(method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
    """One HTTP API event, answered. `more`: headers, cookies, query."""
    store_id = more.pop("store_id", "demo")
    path = f"/v1/stores/{store_id}{path}"
    http = EVENT["requestContext"]["http"] | {"method": method, "path": path}
    event = {
        **EVENT,
        "rawPath": path,
        "pathParameters": {"store_id": store_id},
        "requestContext": {**EVENT["requestContext"], "http": http},
        "headers": {"content-type": "application/json"} | more.pop("headers", {}),
        "cookies": more.pop("cookies", []),
        "queryStringParameters": more.pop("query", None),
        "body": None if body is None else json.dumps(body),
    }
    assert not more
    answer = storefront_api.handler(event, None)
    return answer | {"json": json.loads(answer["body"]) if answer.get("body") else None}


@pytest.fixture
def link(store: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask for a link and read the mail: the body of POST /sessions, and the code."""
    mails: list[Any] = []

    def take(store: Store, outgoing: Any) -> str:
        mails.append(outgoing)
        return "sent"

    monkeypatch.setattr("clientela.mail.mail_delivery._send", take)

    def ask(email: str = "ana@example.com") -> tuple[dict[str, str], str]:
        forged = {"host": "evil.example", "x-forwarded-host": "evil.example"}  # the link must not lead there
        asked = call("POST", "/login-links", {"email": email, "return_to": "/account"}, headers=forged)
        assert asked["statusCode"] == 202, asked
        sign_in_mail.deliver(store, asked["json"]["request_id"], clock.now())
        context = mails[-1].mail.context
        token = context["link"].removeprefix("https://shop.example.com/account#token=")
        return {"token": token, "nonce": asked["json"]["nonce"]}, context["code"]

    return ask


@pytest.fixture
def ana(store: Store) -> Customer:
    new = NewCustomer(email="ana@example.com", name="Ana", note="pays late", tags=["vip"])
    return customers.create(store, new, NOW)


@pytest.fixture
def bearer(ana: Customer, link: Any) -> dict[str, str]:
    """The headers of Ana, signed in."""
    opened = call("POST", "/sessions", link()[0])
    return {"authorization": f"Bearer {opened['json']['session_token']}"}


def order(order_id: str, email: str = "ana@example.com") -> Order:
    return Order(
        id=order_id,
        version=1,
        placed_at=NOW - timedelta(days=int(order_id)),
        email=email,
        currency="EUR",
        total=Decimal("49.90"),
        payment_status="paid",
        fulfillment_status="shipped",
    )


def test_sample_event_is_answered(store: Store) -> None:
    answer = storefront_api.handler(EVENT, None)
    body = json.loads(answer["body"])
    assert answer["statusCode"] == 202
    assert set(body) == {"request_id", "nonce", "expires_at", "resend_after"}
    assert body["resend_after"] == 60


def test_link_opens_a_session_and_the_same_link_again_is_refused(ana: Customer, link: Any) -> None:
    proof, _ = link()
    opened = call("POST", "/sessions", proof)
    assert opened["statusCode"] == 201
    assert opened["json"]["customer"]["email"] == "ana@example.com"
    assert opened["json"]["return_to"] == "/account"
    again = call("POST", "/sessions", proof)
    assert (again["statusCode"], again["json"]["code"]) == (410, "link_used")
    assert again["headers"]["Content-Type"] == "application/problem+json"


def test_lost_answer_is_repeated_with_the_same_idempotency_key(ana: Customer, link: Any) -> None:
    proof, _ = link()
    key = {"idempotency-key": "6f1ed002-ab5f-4a2b-9d2b-1b2f3c4d5e6f"}
    tokens = [call("POST", "/sessions", proof, headers=key)["json"]["session_token"] for _ in range(2)]
    assert tokens[0] == tokens[1]
    assert call("POST", "/sessions", proof, headers={"idempotency-key": "short"})["statusCode"] == 422


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_at_a_link_does_not_use_it_up(ana: Customer, link: Any, method: str) -> None:
    proof, _ = link()
    call(method, "/sessions", query=proof)
    assert call("POST", "/sessions", proof)["statusCode"] == 201


def test_link_alone_is_told_how_it_is_and_stays_good(ana: Customer, link: Any) -> None:
    proof, _ = link()
    visit = {"token": proof["token"]}
    assert call("POST", "/sessions", visit)["json"]["code"] == "browser_mismatch"
    assert call("POST", "/sessions", {"token": f"{proof['token']}x"})["json"]["code"] == "link_unknown"
    assert call("POST", "/sessions", proof)["statusCode"] == 201
    assert call("POST", "/sessions", visit)["json"]["code"] == "link_used"


def test_code_is_taken_as_people_type_it(ana: Customer, link: Any) -> None:
    proof, code = link()
    assert call("POST", "/sessions", {"token": proof["token"], "nonce": "other"})["json"]["code"] == "browser_mismatch"
    assert call("POST", "/sessions", {"token": proof["token"], "code": f" {code} "})["statusCode"] == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"nonce": "x"},
        {"code": "123456"},
        {"token": "x", "nonce": "y", "code": "123456"},
        {"request_id": "x", "code": "12345"},
        {"request_id": "x", "code": "abcdef"},
        {"token": ["x"], "nonce": "y"},
        {"token": "x", "nonce": "y", "admin": True},
        {"email": "a@example.com"},
        {"password": "x"},
        {"email": "a@example.com", "password": "x", "code": "123456"},
        {"token": "x" * 201, "nonce": "y"},
        [],
        "x",
    ],
)
def test_half_a_proof_is_not_taken(store: Store, body: Any) -> None:
    answer = call("POST", "/sessions", body)
    assert (answer["statusCode"], answer["json"]["code"]) == (422, "invalid_input")


@pytest.mark.parametrize(
    "email",
    [
        "ana@example.com,eve@example.com",
        "ana@example.com\r\nBcc: eve@example.com",
        ["ana@example.com"],
        "Ana <ana@example.com>",
        "",
        None,
        "ana",
        {"a": 1},
    ],
)
def test_several_addresses_in_one_send_nothing(store: Store, email: Any) -> None:
    assert call("POST", "/login-links", {"email": email})["statusCode"] == 422


def test_second_link_within_a_minute_is_refused_with_the_time_to_wait(store: Store) -> None:
    call("POST", "/login-links", {"email": "ana@example.com"})
    forged = {"x-forwarded-for": "198.51.100.7"}
    answer = call("POST", "/login-links", {"email": "ANA@example.com"}, headers=forged)
    assert (answer["statusCode"], answer["json"]["code"]) == (429, "too_many_requests")
    assert 0 < int(answer["headers"]["Retry-After"]) <= 60


@pytest.mark.parametrize(
    ("limit", "path", "body"),
    [
        ("LINKS_OF_STORE", "/login-links", {"email": "a{}@example.com"}),
        ("TRIES_OF_NETWORK", "/sessions", {"token": "req_{}.x", "nonce": "n"}),
        ("GUESSES_OF_STORE", "/sessions", {"email": "a{}@example.com", "password": "wrong-and-long-enough"}),
    ],
)
def test_limits_say_when_to_come_back_whatever_headers_claim(
    store: Store, monkeypatch: pytest.MonkeyPatch, limit: str, path: str, body: dict[str, str]
) -> None:
    monkeypatch.setattr(sign_in_limits, limit, Rule(2, 600))
    monkeypatch.setattr(clock, "now", lambda: NOW)
    for number in range(3):
        written = {name: value.format(number) for name, value in body.items()}
        headers = {"x-forwarded-for": f"198.51.100.{number}", "forwarded": f"for=198.51.100.{number}"}
        answer = call("POST", path, written, headers=headers)
        assert (answer["json"].get("code") == "too_many_requests") is (number == 2)
    assert answer["statusCode"] == 429
    assert 0 < int(answer["headers"]["Retry-After"]) <= 600


def test_answers_are_alike_for_everybody(store: Store, ana: Customer) -> None:
    customers.create(store, NewCustomer(email="disabled@example.com", status="disabled"), NOW)
    shapes = set()
    for email in ("ana@example.com", "unknown@example.com", "disabled@example.com"):
        answer = call("POST", "/login-links", {"email": email})
        lengths = tuple((name, len(str(value))) for name, value in answer["json"].items())
        shapes.add((answer["statusCode"], lengths, json.dumps(answer["headers"], sort_keys=True)))
    assert len(shapes) == 1


def test_account_shows_the_owner_what_is_theirs(bearer: dict[str, str]) -> None:
    answer = call("GET", "/account", headers=bearer)
    assert answer["json"]["name"] == "Ana"
    assert answer["headers"]["ETag"]
    hidden = {"note", "tags", "groups", "primary_group", "source", "custom_fields", "status", "version"}
    assert not hidden & answer["json"].keys()


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


def test_owner_changes_what_is_theirs(store: Store, ana: Customer, bearer: dict[str, str]) -> None:
    changes = {
        "name": "Ana Pérez",
        "accepts_marketing": True,
        "billing_address": {"country": "ES", "phone": "911 222 333"},
    }
    answer = call("PATCH", "/account", changes, headers=bearer)
    assert answer["statusCode"] == 200, answer
    assert answer["json"]["billing_address"]["phone"] == "+34911222333"
    stored = customers.get(store, ana.id)
    assert stored.marketing_consent
    assert (stored.marketing_consent.state, stored.marketing_consent.source) == ("subscribed", "account")
    assert (stored.note, stored.tags) == ("pays late", ["vip"])


@pytest.mark.parametrize(
    "field", ["email", "note", "status", "groups", "tax_exempt", "tags", "orders_count", "id", "x"]
)
def test_owner_changes_nothing_else(bearer: dict[str, str], field: str) -> None:
    answer = call("PATCH", "/account", {field: "x"}, headers=bearer)
    assert (answer["statusCode"], answer["json"]["errors"][0]["pointer"]) == (422, f"/{field}")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": "x" * 201}, "/name"),
        ({"first_name": 5}, "/first_name"),
        ({"last_name": ["x"]}, "/last_name"),
        ({"company": "x" * 201}, "/company"),
        ({"phone": "call me"}, "/phone"),
        ({"language": "klingon!"}, "/language"),
        ({"vat_id": "ESB12345670"}, "/vat_id"),
        ({"accepts_marketing": "yes"}, "/accepts_marketing"),
        ({"marketing_wording": "v1"}, "/marketing_wording"),
        ({"billing_address": "Vigo"}, "/billing_address"),
        ({"billing_address": {"country": "Nowhere"}}, "/billing_address/country"),
        ({"billing_address": {"postal_code": "1" * 21}}, "/billing_address/postal_code"),
        ({"shipping_addresses": [{"country": "ES", "phone": "1"}]}, "/shipping_addresses/0/phone"),
        ({"shipping_addresses": [{"city": "Vigo"}, {"city": "Vigo"}]}, "/shipping_addresses"),
        ({"shipping_addresses": [{"city": f"{n}"} for n in range(51)]}, "/shipping_addresses"),
        ({"shipping_addresses": [{"city": "Vigo", "planet": "Mars"}]}, "/shipping_addresses/0/planet"),
    ],
)
def test_a_bad_field_is_named_and_changes_nothing(bearer: dict[str, str], changes: Any, pointer: str) -> None:
    before = call("GET", "/account", headers=bearer)["json"]
    answer = call("PATCH", "/account", {"name": "Else"} | changes, headers=bearer)
    assert (answer["statusCode"], answer["json"]["errors"][0]["pointer"]) == (422, pointer)
    assert answer["json"]["errors"][0]["message"]
    assert call("GET", "/account", headers=bearer)["json"] == before


def test_null_empties_and_absent_stays(bearer: dict[str, str]) -> None:
    full = {
        "company": "JetBrains",
        "phone": "+34911222333",
        "language": "es",
        "vat_id": "ESB12345674",
        "billing_address": {"street": "Calle 1", "city": "Vigo", "country": "ES"},
        "shipping_addresses": [{"city": "Vigo", "country": "ES"}, {"city": "Lugo", "country": "ES"}],
    }
    first = call("PATCH", "/account", full, headers=bearer)
    assert first["statusCode"] == 200, first["body"]
    assert first["json"]["vat_id_status"] == "pending"
    assert [address["is_default"] for address in first["json"]["shipping_addresses"]] == [True, False]
    patch = {"company": None, "vat_id": None, "billing_address": {"street": None}, "shipping_addresses": None}
    tag = {"if-match": first["headers"]["ETag"]}
    second = call("PATCH", "/account", patch, headers=bearer | tag)["json"]
    assert (second["company"], second["vat_id"], second["vat_id_status"], second["shipping_addresses"]) == (
        None,
        None,
        "none",
        [],
    )
    assert (second["phone"], second["language"], second["billing_address"]["city"]) == ("+34911222333", "es", "Vigo")
    assert second["billing_address"]["street"] is None


def test_change_of_an_old_version_is_refused(bearer: dict[str, str]) -> None:
    answer = call("PATCH", "/account", {"name": "X"}, headers=bearer | {"if-match": '"1"'})
    assert answer["json"]["code"] == "version_conflict"


def test_account_holds_the_orders_of_its_address_and_no_others(store: Store, bearer: dict[str, str]) -> None:
    for number in ("1", "2", "3"):
        orders.record_version(store, order(number), NOW)
    orders.record_version(store, order("4", "eve@example.com"), NOW)
    first = call("GET", "/account/orders", headers=bearer, query={"limit": "2"})
    rest = call("GET", "/account/orders", headers=bearer, query={"limit": "2", "cursor": first["json"]["next_cursor"]})
    assert [item["id"] for item in first["json"]["items"] + rest["json"]["items"]] == ["1", "2", "3"]
    assert 'rel="next"' in first["headers"]["Link"]
    assert rest["json"]["next_cursor"] is None
    one = call("GET", "/account/orders/2", headers=bearer)["json"]
    assert (one["payment_status"], one["fulfillment_status"], one["total"]) == ("paid", "shipped", "49.90")
    assert call("GET", "/account/orders/4", headers=bearer)["statusCode"] == 404


@pytest.mark.parametrize("word", [0, 1, "yes", "true", "false"])
def test_yes_and_no_are_json_booleans(bearer: dict[str, str], word: Any) -> None:
    answer = call("PATCH", "/account", {"accepts_marketing": word}, headers=bearer)
    assert (answer["statusCode"], answer["json"]["errors"][0]["pointer"]) == (422, "/accepts_marketing")
    address = {"street": "Calle 1", "is_default": word}
    assert call("PATCH", "/account", {"shipping_addresses": [address]}, headers=bearer)["statusCode"] == 422
    proof = {"token": "x", "nonce": "y", "cookie": word}
    assert call("POST", "/sessions", proof)["json"]["errors"][0]["pointer"] == "/cookie"


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


def test_cookie_lasts_as_long_as_the_session_can(store: Store, ana: Customer, link: Any) -> None:
    store_settings.change_settings("demo", {"sessions": {"absolute_hours": 12}}, NOW)
    opened = call("POST", "/sessions", link()[0] | {"cookie": True}, headers={"origin": ORIGIN})
    assert "Max-Age=43200" in opened["headers"]["Set-Cookie"]


def test_session_without_proof_of_the_email_sees_nothing_of_the_orders(store: Store, ana: Customer) -> None:
    lives = {"street": "Calle Mayor 1", "city": "Madrid", "postal_code": "28013", "country": "ES"}
    told = {"phone": "+34911222333", "vat_id": "ESB12345674", "billing_address": lives, "shipping_address": lives}
    orders.record_version(store, Order.model_validate(order("1").model_dump() | told), NOW)
    with Transaction() as write:
        token, _ = sessions.start(write, store, ana, None, NOW, way="password", email_proven=False)
    assert customers.get(store, ana.id).billing_address
    unproven = {"authorization": f"Bearer {token}"}
    account = call("GET", "/account", headers=unproven)["json"]
    assert (account["name"], account["orders_count"], account["total_spent"]) == ("Ana", 0, [])
    assert call("PATCH", "/account", {"name": "A"}, headers=unproven)["json"]["last_order_at"] is None
    for hidden in ({"shipping_addresses": [lives]}, {"billing_address": None}, {"phone": None}, {"vat_id": None}):
        assert call("PATCH", "/account", hidden, headers=unproven)["json"]["code"] == "email_unproven"
    for path in ("/account", "/account/checkout"):
        answer = call("GET", path, headers=unproven)
        assert answer["statusCode"] == 200
        assert not [secret for secret in ("Mayor", "Madrid", "911222333", "B12345674") if secret in answer["body"]]
    for path in ("/account/orders", "/account/orders/1"):
        answer = call("GET", path, headers=unproven)
        assert (answer["statusCode"], answer["json"]["code"]) == (403, "email_unproven")


def test_password_is_set_used_and_taken_away(store: Store, bearer: dict[str, str]) -> None:
    passphrase = "  correct horse battery  "  # whose blanks count
    state = call("GET", "/account/password", headers=bearer)["json"]
    assert state == {"is_set": False, "changed_at": None, "current_password_needed": False}
    weak = call("POST", "/account/password", {"password": "password"}, headers=bearer)
    assert (weak["statusCode"], weak["json"]["errors"][0]["pointer"]) == (422, "/password")
    assert call("POST", "/account/password", {"password": passphrase}, headers=bearer)["statusCode"] == 204
    given = {"email": "ana@example.com", "password": passphrase}
    opened = call("POST", "/sessions", given | {"cookie": True}, headers={"origin": ORIGIN})
    assert (opened["statusCode"], opened["json"]["session_token"], opened["json"]["return_to"]) == (201, None, None)
    assert opened["headers"]["Set-Cookie"].startswith(access.cookie_name("demo") + "=")
    wrong = call("POST", "/sessions", given | {"password": passphrase.strip()})
    assert (wrong["statusCode"], wrong["json"]["code"]) == (403, "credentials_wrong")
    assert wrong["json"].keys() == {"type", "title", "status", "code"}
    by_password = {"authorization": f"Bearer {call('POST', '/sessions', given)['json']['session_token']}"}
    assert call("DELETE", "/account/password", headers=by_password)["json"]["code"] == "fresh_sign_in_needed"
    assert call("DELETE", "/account/password", headers=bearer)["statusCode"] == 204
    assert call("POST", "/sessions", given)["statusCode"] == 403


@pytest.mark.parametrize("password", ["", "x" * 257, ["x"], None])
def test_password_of_another_form_is_not_taken(store: Store, password: Any) -> None:
    answer = call("POST", "/sessions", {"email": "ana@example.com", "password": password})
    assert answer["statusCode"] == 422


def test_email_is_changed_by_the_code_of_the_mail_and_changed_back_without_a_session(
    store: Store, ana: Customer, bearer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr("clientela.mail.mail_delivery._send", lambda store, outgoing: sent.append(outgoing) or "sent")
    asked = call("POST", "/account/email-change", {"email": "new@example.org"}, headers=bearer)
    assert (asked["statusCode"], asked["json"].keys()) == (202, {"request_id", "expires_at", "resend_after"})
    email_change_mail.deliver(store, ana.id, asked["json"]["request_id"], clock.now())
    proof = {"request_id": asked["json"]["request_id"], "code": sent[-1].mail.context["code"]}
    assert call("POST", "/account/email-change/confirm", proof)["statusCode"] == 401
    answer = call("POST", "/account/email-change/confirm", proof, headers=bearer)
    assert (answer["statusCode"], answer["json"]["email"]) == (200, "new@example.org")
    version = answer["headers"]["ETag"].strip('"')
    assert call("GET", "/account", headers=bearer)["statusCode"] == 200
    account_notices.email_changed(store, ana.id, version, clock.now())
    token = sent[-1].mail.context["link"].partition("#email_revert=")[2]
    for method in ("GET", "HEAD", "OPTIONS"):  # what a mail scanner does
        assert call(method, "/account/email-change/revert")["statusCode"] != 204 or method == "OPTIONS"
    assert call("POST", "/account/email-change/revert", {"token": token})["statusCode"] == 204
    assert call("GET", "/account", headers=bearer)["statusCode"] == 401
    assert customers.get(store, ana.id).email == "ana@example.com"


def test_session_without_proof_changes_no_email(store: Store, ana: Customer) -> None:
    with Transaction() as write:
        token, _ = sessions.start(write, store, ana, None, NOW, way="password", email_proven=False)
    headers = {"authorization": f"Bearer {token}"}
    answer = call("POST", "/account/email-change", {"email": "new@example.org"}, headers=headers)
    assert (answer["statusCode"], answer["json"]["code"]) == (403, "email_unproven")


def test_session_of_another_store_opens_nothing(bearer: dict[str, str]) -> None:
    stores.create("other", stores.StoreSettings(name="Other", login_mode="optional"), NOW)
    assert call("GET", "/account", headers=bearer, store_id="other")["statusCode"] == 401


def test_cookie_keeps_the_session_from_scripts_and_foreign_pages(ana: Customer, link: Any) -> None:
    proof, _ = link()
    foreign = call("POST", "/sessions", proof | {"cookie": True}, headers={"origin": "https://evil.example"})
    assert (foreign["statusCode"], foreign["json"]["code"]) == (403, "origin_not_allowed")
    opened = call("POST", "/sessions", proof | {"cookie": True}, headers={"origin": ORIGIN})
    assert opened["json"]["session_token"] is None
    name, _, attributes = opened["headers"]["Set-Cookie"].partition("=")
    value, *flags = attributes.split("; ")
    assert (name, set(flags)) == (
        "__Host-clientela_session_demo",
        {"Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"},
    )
    cookies = ["other=1", f"{name}={value}"]
    assert call("GET", "/account", cookies=cookies)["statusCode"] == 200
    for headers in ({}, {"origin": "https://evil.example"}, {"origin": "null"}):
        assert call("PATCH", "/account", {"name": "X"}, cookies=cookies, headers=headers)["statusCode"] == 403
    assert call("PATCH", "/account", {"name": "X"}, cookies=cookies, headers={"origin": ORIGIN})["statusCode"] == 200


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


def test_our_own_page_is_known_by_what_the_browser_says_of_it(ana: Customer, link: Any) -> None:
    def opened(site: str) -> int:
        headers = {"origin": "https://api.example.com", "sec-fetch-site": site, "host": "api.example.com"}
        return int(call("POST", "/sessions", proof | {"cookie": True}, headers=headers)["statusCode"])

    proof, _ = link()
    assert [opened(site) for site in ("same-site", "cross-site", "none", "", "same-origin")] == [403] * 4 + [201]


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


def test_no_token_or_address_is_logged(ana: Customer, link: Any, capsys: pytest.CaptureFixture[str]) -> None:
    proof, code = link()
    opened = call("POST", "/sessions", proof)
    call("POST", "/sessions", proof)
    call("GET", "/account", headers={"authorization": f"Bearer {opened['json']['session_token']}"})
    out = "".join(capsys.readouterr())
    for secret in (proof["token"], proof["nonce"], code, opened["json"]["session_token"], "ana@example.com"):
        assert secret not in out
