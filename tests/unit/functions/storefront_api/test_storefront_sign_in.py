"""Signing in over HTTP: links, codes, limits and the cookie."""

import json
from typing import Any

import pytest
from tests.support.counts import counted
from tests.support.http_events import http_event
from tests.support.storefront import NOW, ORIGIN, call

import storefront_api
from clientela import clock
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.mail import mail_texts
from clientela.sign_in import link_requests, sign_in_limits
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table.rate_limits import Rule

TEXTS = json.loads((mail_texts.TEMPLATES / "sign_in_link" / "texts.json").read_text("utf-8"))
# The line above the code in each language's mail and the code, and what people write before a code.
PASTED = [f"{texts['code_elsewhere']}\n\n    {{a}} {{b}}\n" for texts in TEXTS.values()] + [
    "Code: {a} {b}", "Código: {a} {b}", "Codice: {a} {b}", "Code\u00a0: {a}\u202f{b}", "Ihr Code: {a} {b}",
    "O código é {a}{b}.", "It works for 10 minutes: {a} {b}",
]  # fmt: skip
UNUSUAL_LANGUAGES = [
    "de_DE_formal",
    "en-US@posix",
    "es_ES.UTF-8",
    "",
    " ",
    "garbage",
    "x" * 300,
    "\u0000",
    None,
    5,
    ["es"],
]


def test_link_opens_a_session_and_the_same_link_again_is_refused(
    ana: Customer, link: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    proof, _ = link()
    opened = call("POST", "/sessions", proof)
    assert opened["statusCode"] == 201
    assert opened["json"]["customer"]["email"] == "ana@example.com"
    assert opened["json"]["return_to"] == "/account"
    again = call("POST", "/sessions", proof)
    assert (again["statusCode"], again["json"]["code"]) == (410, "link_used")
    assert again["headers"]["Content-Type"] == "application/problem+json"
    assert counted(capsys) == {"SignInLinksAsked": 1, "SignInLinksUsed": 1, "SignInsRefused": 1}


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
    "typed",
    [
        "{fullwidth}",
        "{a}\u00a0{b}",
        "{a}\u2009{b}",
        "{a}\u2013{b}",
        "{a}.{b}",
        "{a}_{b}",
        "\u200b{a}{b}\u200b",
        *PASTED,
    ],
)
def test_code_is_taken_as_people_paste_it(ana: Customer, link: Any, typed: str) -> None:
    proof, code = link()
    a, b = code.split()
    fullwidth = "".join(chr(ord(digit) + 0xFEE0) for digit in a + b)
    pasted = typed.replace("{fullwidth}", fullwidth).replace("{a}", a).replace("{b}", b)
    opened = call("POST", "/sessions", {"token": proof["token"], "code": pasted})
    assert opened["statusCode"] == 201, opened


@pytest.mark.parametrize("language", UNUSUAL_LANGUAGES)
def test_language_keeps_nobody_out(store: Store, bearer: dict[str, str], language: Any) -> None:
    for method, path, body, status in (
        ("POST", "/login-links", {"email": "bea@example.com"}, 202),
        ("POST", "/account/email-change", {"email": "eva@example.com"}, 202),
        ("PATCH", "/account", {"name": "Ana"}, 200),
    ):
        answer = call(method, path, body | {"language": language}, headers=bearer)
        assert answer["statusCode"] == status, (path, answer)
    texts = str(language) if isinstance(language, str) else "5"
    for path in ("/sign-in", "/sign-in/settings"):
        event = http_event("GET", f"demo{path}", headers={"accept-language": texts}, language=texts)
        assert storefront_api.handler(event, None)["statusCode"] == 200, path


def test_language_falls_back_to_the_stores(store: Store, link: Any) -> None:
    for language, stored in (("de_DE_formal", "de-DE"), ("garbage", None)):
        email = f"{stored}@example.com".lower()
        asked = call("POST", "/login-links", {"email": email, "language": language})["json"]
        request = link_requests.find(store, asked["request_id"])
        assert request is not None
        assert request.language == stored


@pytest.mark.parametrize("typed", ["ana@example.com\u200b", "\u202aana@example.com\u202c", "ana@exam\u200bple.com"])
def test_invisible_marks_of_an_email_keep_nobody_out(ana: Customer, bearer: dict[str, str], typed: str) -> None:
    asked = call("POST", "/login-links", {"email": typed.replace("ana", "bea")})
    assert asked["statusCode"] == 202
    assert call("POST", "/checkout-policy", {"email": typed})["statusCode"] == 200
    wrong = call("POST", "/sessions", {"email": typed, "password": "wrong-and-long-enough"})
    assert wrong["json"]["code"] != "invalid_input"
    changed = call("POST", "/account/email-change", {"email": typed.replace("ana", "eva")}, headers=bearer)
    assert changed["statusCode"] == 202
    same = call("POST", "/account/email-change", {"email": typed}, headers=bearer)
    assert same["json"]["errors"] == [{"pointer": "/email", "message": "This is already your e-mail."}]


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


@pytest.mark.parametrize(("variable", "shared"), [("STORE_LINKS_PER_DAY", False), ("LINKS_PER_DAY", True)])
def test_mails_are_limited_by_the_day(
    store: Store, monkeypatch: pytest.MonkeyPatch, variable: str, shared: bool
) -> None:
    stores.create("other", StoreSettings(name="Other", login_mode="optional"), NOW)
    monkeypatch.setenv(variable, "2")
    monkeypatch.setattr(clock, "now", lambda: NOW)
    asked = [call("POST", "/login-links", {"email": f"a{number}@example.com"}) for number in range(3)]
    assert [answer["statusCode"] for answer in asked] == [202, 202, 429]
    assert 0 < int(asked[-1]["headers"]["Retry-After"]) <= 86400
    elsewhere = call("POST", "/login-links", {"email": "a@example.com"}, store_id="other")
    assert elsewhere["statusCode"] == (429 if shared else 202)


def test_answers_are_alike_for_everybody(store: Store, ana: Customer) -> None:
    customers.create(store, NewCustomer(email="disabled@example.com", status="disabled"), NOW)
    shapes = set()
    for email in ("ana@example.com", "unknown@example.com", "disabled@example.com"):
        answer = call("POST", "/login-links", {"email": email})
        lengths = tuple((name, len(str(value))) for name, value in answer["json"].items())
        shapes.add((answer["statusCode"], lengths, json.dumps(answer["headers"], sort_keys=True)))
    assert len(shapes) == 1


def test_cookie_lasts_as_long_as_the_session_can(store: Store, ana: Customer, link: Any) -> None:
    store_settings.change_settings("demo", {"sessions": {"absolute_hours": 12}}, NOW)
    opened = call("POST", "/sessions", link()[0] | {"cookie": True}, headers={"origin": ORIGIN})
    assert "Max-Age=43200" in opened["headers"]["Set-Cookie"]


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


def test_our_own_page_is_known_by_what_the_browser_says_of_it(ana: Customer, link: Any) -> None:
    def opened(site: str) -> int:
        headers = {"origin": "https://api.example.com", "sec-fetch-site": site, "host": "api.example.com"}
        return int(call("POST", "/sessions", proof | {"cookie": True}, headers=headers)["statusCode"])

    proof, _ = link()
    assert [opened(site) for site in ("same-site", "cross-site", "none", "", "same-origin")] == [403] * 4 + [201]


def test_no_token_or_address_is_logged(ana: Customer, link: Any, capsys: pytest.CaptureFixture[str]) -> None:
    proof, code = link()
    opened = call("POST", "/sessions", proof)
    call("POST", "/sessions", proof)
    call("GET", "/account", headers={"authorization": f"Bearer {opened['json']['session_token']}"})
    out = "".join(capsys.readouterr())
    for secret in (proof["token"], proof["nonce"], code, opened["json"]["session_token"], "ana@example.com"):
        assert secret not in out
