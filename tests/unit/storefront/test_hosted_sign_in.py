"""The sign-in page over HTTP: caching, Content-Security-Policy and language."""

import base64
import gzip
import json
import re
from typing import Any

import pytest
from tests.support.http_events import http_event

import storefront_api
from clientela import clock
from clientela.customers import store_settings
from clientela.storefront import hosted_sign_in
from clientela.stores.stores import Store

TEXTS: dict[str, dict[str, str]] = json.loads(hosted_sign_in.file("texts.json"))
NAMES = ["sign-in", "sign-in/settings", "sign-in/script.js", "sign-in/style.css"]


def get(name: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    """Return the response to one request."""
    return storefront_api.handler(http_event(method, f"demo/{name}", **more), None)


def changed(store: Store, **settings: Any) -> Store:
    return store_settings.change_settings(store.id, settings, clock.now())


@pytest.mark.parametrize("name", NAMES)
def test_browsers_may_keep_it_and_ask_by_its_tag(store: Store, name: str) -> None:
    first = get(name)
    assert (first["statusCode"], first["headers"]["Cache-Control"]) == (200, "public, max-age=300")
    again = get(name, headers={"if-none-match": first["headers"]["ETag"], "accept-encoding": "gzip"})
    assert (again["statusCode"], again["body"]) == (304, "")
    assert get(name, "HEAD", headers={"accept-encoding": "gzip"})["body"] == ""
    packed = get(name, headers={"accept-encoding": "gzip, br"})
    assert packed["headers"]["Content-Encoding"] == "gzip"
    assert gzip.decompress(base64.b64decode(packed["body"])).decode() == first["body"]
    assert "Accept-Encoding" in packed["headers"]["Vary"]


@pytest.mark.parametrize("name", NAMES[1:])
def test_only_pages_of_the_store_may_embed_it(store: Store, name: str) -> None:
    own, other = (
        get(name, headers={"origin": origin}) for origin in ("https://shop.example.com", "https://evil.example")
    )
    assert own["headers"]["Access-Control-Allow-Origin"] == "https://shop.example.com"
    assert "Access-Control-Allow-Origin" not in other["headers"]


def test_nothing_but_our_script_and_style_runs_on_the_page(store: Store) -> None:
    changed(store, branding={"logo_url": "https://cdn.example.com/logo.png"})
    page = get("sign-in")
    policy = page["headers"]["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ")
    assert "img-src https://cdn.example.com;" in policy
    assert "unsafe" not in policy
    assert page["headers"]["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=|https?:", page["body"])


def test_name_of_a_store_is_text_and_nothing_else(store: Store) -> None:
    changed(store, name="<script>$language</script> & {Söhne}")
    body = get("sign-in", language="en")["body"]
    assert "<title>Sign in to &lt;script&gt;$language&lt;/script&gt; &amp; {Söhne}</title>" in body


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", None, "it"),
        ("", "fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("", "en;q=0.5, xx, de;q=0.9", "de"),
        ("pt-BR", "fr", "pt"),
        ("pt_BR,es", None, "pt"),
        ("xx,es", "fr", "es"),
        ("", "fr;q=0, es", "es"),
        ("", ";;q=,;q=x,*", "it"),
    ],
)
def test_language_is_the_one_wanted_most(store: Store, query: str, accepted: str | None, language: str) -> None:
    changed(store, language="it")
    headers = {"accept-language": accepted} if accepted else {}
    assert f'<html lang="{language}">' in get("sign-in", headers=headers, language=query)["body"]


def test_store_says_which_languages_its_page_has(store: Store) -> None:
    changed(store, language="it", languages=["it", "de"])
    shown = {
        wanted: json.loads(get("sign-in/settings", language=wanted)["body"]) for wanted in ("de-AT", "fr", "fr,de")
    }
    assert {wanted: page["language"] for wanted, page in shown.items()} == {"de-AT": "de", "fr": "it", "fr,de": "de"}
    assert shown["fr"]["texts"] == TEXTS["it"]


def test_settings_tell_what_the_element_needs(store: Store) -> None:
    changed(store, branding={"colour": "#f2c14e"}, allowed_origins=["https://www.example.com"])
    page = json.loads(get("sign-in/settings")["body"])
    del page["texts"]
    assert page == {
        "store": "Demo",
        "open": True,
        "password": True,
        "language": "en",
        "colour": "#f2c14e",
        "ink": "#1a1a1a",
        "logo_url": None,
        "home": "https://shop.example.com",
        "origins": ["https://shop.example.com", "https://www.example.com"],
    }


def test_every_language_has_the_same_texts_with_the_same_gaps() -> None:
    gaps = {
        language: {key: set(re.findall(r"\{\w+\}", text)) for key, text in texts.items()}
        for language, texts in TEXTS.items()
    }
    assert all(found == gaps["en"] for found in gaps.values())
    assert all(text.strip() for texts in TEXTS.values() for text in texts.values())


def test_script_speaks_of_texts_that_are_there() -> None:
    script = hosted_sign_in.script()
    named = re.findall(r'#(?:t|ask|show|minor|form|countDown)\("(\w+)"(?:, "(\w+)")?', script)
    keys = {key for pair in named for key in pair if key}
    assert len(keys) > 15
    assert keys <= set(TEXTS["en"])


def test_script_and_style_stay_small() -> None:
    files = [hosted_sign_in.script().encode(), hosted_sign_in.file("style.css").encode()]
    assert sum(len(gzip.compress(file)) for file in files) < 8_000
    assert sum(map(len, files)) < 21_000
