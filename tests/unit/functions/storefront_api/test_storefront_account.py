"""The own account over HTTP: its fields, orders, password and e-mail."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.support.storefront import NOW, ORIGIN, call

from clientela import clock
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import Customer
from clientela.notifications import account_notices, email_change_mail
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.sign_in import sessions
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction
from storefront_routes import access


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


def test_account_shows_the_owner_what_is_theirs(bearer: dict[str, str]) -> None:
    answer = call("GET", "/account", headers=bearer)
    assert answer["json"]["name"] == "Ana"
    assert answer["headers"]["ETag"]
    hidden = {"note", "tags", "groups", "primary_group", "source", "custom_fields", "status", "version"}
    assert not hidden & answer["json"].keys()


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
    assert state == {"is_set": False, "changed_at": None, "fresh_sign_in_needed": False}
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


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/account/password", {"password": "correct horse battery"}),
        ("DELETE", "/account/password", None),
        ("POST", "/account/email-change", {"email": "eve@example.com"}),
        ("DELETE", "/account", None),
    ],
)
def test_what_takes_an_account_away_needs_a_fresh_sign_in_by_mail(
    store: Store, ana: Customer, link: Any, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: Any
) -> None:
    opened = call("POST", "/sessions", link()[0])["json"]["session_token"]
    headers, start = {"authorization": f"Bearer {opened}"}, clock.now()
    call("POST", "/account/password", {"password": "an early horse battery"}, headers=headers)
    typed = {"email": "ana@example.com", "password": "an early horse battery"}
    by_password = call("POST", "/sessions", typed)["json"]["session_token"]
    monkeypatch.setattr(clock, "now", lambda: start + sessions.RECENT)
    for token in (opened, by_password):
        stale = call(method, path, body, headers={"authorization": f"Bearer {token}"})
        assert (stale["statusCode"], stale["json"]["code"]) == (403, "fresh_sign_in_needed")
    assert customers.get(store, ana.id).email == "ana@example.com"
    fresh = call("POST", "/sessions", link()[0])["json"]["session_token"]
    assert call(method, path, body, headers={"authorization": f"Bearer {fresh}"})["statusCode"] < 300


def test_store_without_passwords_names_them_and_not_sign_in_as_a_whole(store: Store, bearer: dict[str, str]) -> None:
    store_settings.change_settings("demo", {"password_sign_in": False}, NOW)
    typed = {"email": "ana@example.com", "password": "correct horse battery"}
    for path, body, headers in (
        ("/sessions", typed, {}),
        ("/account/password", {"password": typed["password"]}, bearer),
    ):
        answer = call("POST", path, body, headers=headers)
        assert (answer["statusCode"], answer["json"]["code"]) == (403, "password_sign_in_disabled")
    store_settings.change_settings("demo", {"login_mode": "disabled"}, NOW)
    assert call("POST", "/sessions", typed)["json"]["code"] == "login_disabled"


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
