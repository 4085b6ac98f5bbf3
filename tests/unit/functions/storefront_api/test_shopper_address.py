"""The network that sign-in limits count: the caller's, or the one that a trusted caller names."""

from typing import Any

import pytest
from tests.support.storefront import NOW, call

from clientela import clock
from clientela.customers import store_settings
from clientela.errors import InvalidInputError
from clientela.sign_in import sign_in_limits
from clientela.sign_in.visitors import Visitor
from clientela.signing import sha256_hex
from clientela.stores import api_keys, stores
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store, StoreSettings
from clientela.web import shoppers

SECRET = "a-secret-of-the-proxy-with-many-random-letters"


@pytest.fixture(autouse=True)
def few(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two links an hour from one network."""
    monkeypatch.setenv("NETWORK_LINKS_PER_HOUR", "2")
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A trusted CloudFront: the headers that it sends."""
    monkeypatch.setenv("TRUSTED_PROXY", sha256_hex(SECRET))
    return {"clientela-proxy-secret": SECRET}


@pytest.fixture
def key(store: Store) -> dict[str, str]:
    issued = api_keys.create(store.id, NewKey(name="storefront", scopes=["groups:read"]), NOW)
    return {"authorization": f"Bearer {issued.key}"}


def ask(number: int, headers: dict[str, str] | None = None, store_id: str = "demo") -> int:
    answer = call("POST", "/login-links", {"email": f"p{number}@example.com"}, headers=headers or {}, store_id=store_id)
    status: int = answer["statusCode"]
    return status


def named(number: int, name: str = "clientela-shopper-address") -> dict[str, str]:
    return {name: f"198.51.100.{number}"}


def test_a_back_end_with_a_key_names_each_shoppers_address(key: dict[str, str]) -> None:
    assert [ask(number, key | named(number)) for number in range(4)] == [202] * 4
    assert [ask(number, key | named(9)) for number in range(4, 7)] == [202, 202, 429]
    beside = {"clientela-api-key": key["authorization"].removeprefix("Bearer "), "authorization": "Bearer cs_x"}
    assert ask(7, beside | named(10)) == 202
    assert [ask(number, key) for number in range(8, 11)] == [202, 202, 429]  # none named: the back end's own


def test_a_trusted_proxy_names_each_shoppers_address(proxy: dict[str, str]) -> None:
    viewer = "cloudfront-viewer-address"
    for number in range(3):
        assert ask(number, proxy | {viewer: f"198.51.100.{number}:46532"}) == 202
        assert ask(10 + number, proxy | {viewer: f"2001:db8:0:{number}::7:46532"}) == 202
    same = [ask(20 + number, proxy | {viewer: f"2001:db8:1:1::{number}:4653{number}"}) for number in range(3)]
    assert same == [202, 202, 429]


def test_a_proxy_of_another_kind_has_a_header_of_its_own(
    proxy: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUSTED_PROXY_HEADER", "X-Real-IP")
    assert [ask(number, proxy | named(number, "x-real-ip")) for number in range(3)] == [202] * 3
    # What the proxy passes on from its clients is not believed.
    assert [ask(10 + number, proxy | named(number, "cloudfront-viewer-address")) for number in range(3)] == [
        202,
        202,
        429,
    ]


@pytest.mark.parametrize(
    "claim",
    [
        {},
        {"clientela-proxy-secret": ""},
        {"clientela-proxy-secret": "wrong"},
        {"clientela-proxy-secret": sha256_hex(SECRET)},
        {"authorization": f"Bearer {SECRET}"},
        {"authorization": "Bearer cs_x"},
    ],
)
@pytest.mark.parametrize(
    "name", ["clientela-shopper-address", "cloudfront-viewer-address", "x-forwarded-for", "x-real-ip", "forwarded"]
)
def test_nobody_else_is_believed(proxy: dict[str, str], claim: dict[str, str], name: str) -> None:
    assert [ask(number, claim | named(number, name)) for number in range(3)] == [202, 202, 429]


def test_without_a_trusted_proxy_no_secret_is_right(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("TRUSTED_PROXY", raising=False)
        else:
            monkeypatch.setenv("TRUSTED_PROXY", unset)
        for secret in ("", sha256_hex("")):
            headers = {"clientela-proxy-secret": secret} | named(1, "cloudfront-viewer-address")
            seen = shoppers.visitor(store, {"sourceIp": "192.0.2.1"}, headers, "198.51.100.1", NOW)
            assert seen.ip == "192.0.2.1"


def test_a_key_of_another_store_and_a_forged_one_are_refused(store: Store, key: dict[str, str]) -> None:
    stores.create("other", StoreSettings(name="Other", login_mode="optional"), NOW)
    assert ask(1, key | named(1), "other") == 401
    assert ask(2, {"authorization": key["authorization"] + "x"} | named(2)) == 401
    assert ask(3, {"clientela-api-key": "ck_x"} | named(3)) == 401


def test_the_attempts_are_counted_by_the_named_address_too(
    key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETWORK_ATTEMPTS_PER_TEN_MINUTES", "2")

    def attempt(headers: dict[str, str]) -> Any:
        return call("POST", "/sessions", {"token": "req_1.x", "nonce": "n"}, headers=headers)["json"]["code"]

    assert [attempt(key | named(number)) for number in range(3)] == ["link_unknown"] * 3
    assert [attempt(key | named(9)) for _ in range(3)] == ["link_unknown", "link_unknown", "too_many_requests"]
    assert [attempt(named(number)) for number in range(3)] == ["link_unknown", "link_unknown", "too_many_requests"]


def test_the_browser_is_named_as_well(store: Store, key: dict[str, str]) -> None:
    browser = {"clientela-shopper-user-agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"}
    http = {"sourceIp": "192.0.2.1", "userAgent": "python-httpx"}
    assert shoppers.visitor(store, http, key | browser, None, NOW).device == "Firefox on Windows"
    assert shoppers.visitor(store, http, browser, None, NOW).device is None


@pytest.mark.parametrize(("sent", "country"), [("es", "ES"), ("XX", None), ("T1", None), ("Spain", None), ("", None)])
def test_the_country_is_named_as_well(
    store: Store, key: dict[str, str], proxy: dict[str, str], sent: str, country: str | None
) -> None:
    named_country, http = {"clientela-shopper-country": sent}, {"sourceIp": "192.0.2.1"}
    assert shoppers.visitor(store, http, key | named_country, "198.51.100.1", NOW) == Visitor(
        "198.51.100.1", None, country
    )
    assert shoppers.visitor(store, http, named_country, None, NOW).country is None
    assert shoppers.visitor(store, http, proxy | named_country, None, NOW).country is None


def test_one_store_uses_up_nothing_of_another(store: Store) -> None:
    stores.create("other", StoreSettings(name="Other", login_mode="optional"), NOW)
    assert [ask(number) for number in range(3)] == [202, 202, 429]
    assert [ask(number, store_id="other") for number in range(3)] == [202, 202, 429]


@pytest.mark.parametrize("most", [3, 150])  # exact, and by the clock
def test_a_store_sets_limits_of_its_own(store: Store, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"network_links_per_hour": most, "network_attempts_per_ten_minutes": 1}
    after = store_settings.change_settings(store.id, {"sign_in_limits": limits}, NOW)
    assert sign_in_limits.links_of_network(after).most == most
    monkeypatch.setattr(sign_in_limits.rate_limits, "EXACT", 100)
    assert [ask(number) for number in range(most + 1)] == [202] * most + [429]
    body = {"token": "req_1.x", "nonce": "n"}
    tried = [call("POST", "/sessions", body)["json"]["code"] for _ in range(2)]
    assert tried == ["link_unknown", "too_many_requests"]


@pytest.mark.parametrize("limits", [{"network_links_per_hour": 0}, {"network_attempts_per_ten_minutes": 10**6}])
def test_a_limit_that_makes_no_sense_is_refused(store: Store, limits: dict[str, int]) -> None:
    with pytest.raises(InvalidInputError):
        store_settings.change_settings(store.id, {"sign_in_limits": limits}, NOW)


@pytest.mark.parametrize(
    ("header", "text", "address"),
    [
        ("Clientela-Shopper-Address", "198.51.100.7", "198.51.100.7"),
        ("Clientela-Shopper-Address", " 198.51.100.7:443 ", "198.51.100.7"),
        ("Clientela-Shopper-Address", "2001:DB8::7", "2001:db8::7"),
        ("Clientela-Shopper-Address", "[2001:db8::7]", "2001:db8::7"),
        ("X-Real-IP", "[2001:db8::7]:443", "2001:db8::7"),
        ("CloudFront-Viewer-Address", "2001:db8::7:46532", "2001:db8::7"),
        ("cloudfront-viewer-address", "198.51.100.7:46532", "198.51.100.7"),
    ],
)
def test_an_address_is_read_with_and_without_its_port(header: str, text: str, address: str) -> None:
    assert shoppers._address(header, text) == address


@pytest.mark.parametrize(
    "text", ["198.51.100.7, 192.0.2.1", "shop.example.com", "198.51.100", "unknown", "::1%eth0/64"]
)
def test_what_is_no_address_is_refused(key: dict[str, str], text: str) -> None:
    answer = call(
        "POST",
        "/login-links",
        {"email": "ana@example.com"},
        headers=key | {"clientela-shopper-address": text},
    )
    assert (answer["statusCode"], answer["json"]["errors"][0]["pointer"]) == (422, "Clientela-Shopper-Address")
