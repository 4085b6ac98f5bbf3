"""A store's sign-in page: the document that we host, and what its element needs to know of the store.

Script, style, document and texts are files of the folder sign_in_page; docs/sign-in-page.md tells how to use them.
"""

import json
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from clientela.schema import languages
from clientela.schema.documents import Model
from clientela.stores import branding, store_urls
from clientela.stores.stores import Colour, Store, Url

FILES = Path(__file__).parent / "sign_in_page"


class SignInPage(Model):
    """What the sign-in element shows. `home` and `origins` are where a shopper may go on to; `open` says whether anybody
    can sign in at all, `password` whether by a password, too."""

    store: str
    open: bool
    password: bool
    language: str
    colour: Colour
    ink: Colour
    logo_url: Url | None
    home: Url | None
    origins: list[str]
    texts: dict[str, str]


def page_settings(store: Store, wanted: Sequence[str]) -> SignInPage:
    """The page of a store in the first of the wanted languages that the store offers."""
    language = _language(store, wanted)
    return SignInPage(
        store=_name(store),
        open=store.login_mode != "disabled",
        password=store.password_sign_in,
        language=language,
        colour=store.branding.colour,
        ink=branding.contrast_colour(store.branding.colour),
        logo_url=store.branding.logo_url,
        home=store.storefront_url,
        origins=sorted(store_urls.origins(store)),
        texts=_texts()[language],
    )


def html(store: Store, wanted: Sequence[str]) -> str:
    """The HTML of the hosted page."""
    language = _language(store, wanted)
    texts = {key: escape(text.format(store=_name(store))) for key, text in _shown_at_once(language).items()}
    return Template(file("page.html")).substitute(texts, language=language)


def content_security_policy(store: Store) -> str:
    """The Content-Security-Policy of the hosted page: our own script and style, and the store's logo."""
    logo = urlsplit(store.branding.logo_url or "")
    pictures = f"{logo.scheme}://{logo.netloc}" if logo.netloc else "'none'"
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src {pictures}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@cache
def file(name: str) -> str:
    """The text of one of the page's files."""
    return (FILES / name).read_text("utf-8")


def accepted_languages(header: str | None) -> list[str]:
    """The languages of an Accept-Language header, the one liked most first (RFC 9110 section 12.5.4)."""
    liked = []
    for part in (header or "").split(","):
        name, _, weight = part.strip().partition(";q=")
        liked.append((float(weight) if weight.replace(".", "", 1).isdecimal() else 1.0, name))
    return [name for weight, name in sorted(liked, key=lambda one: -one[0]) if name and weight]


def _language(store: Store, wanted: Sequence[str]) -> str:
    offered = store.languages or languages.SUPPORTED
    primaries = (name.strip().replace("_", "-").split("-")[0].lower() for name in wanted)
    by_default = languages.best_supported(None, store.language, store.languages)
    return next((primary for primary in primaries if primary in offered), by_default)


def _shown_at_once(language: str) -> dict[str, str]:
    return {key: _texts()[language][key] for key in ("title", "no_script")}


def _name(store: Store) -> str:
    return " ".join(store.name.split())


@cache
def _texts() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = json.loads(file("texts.json"))
    return texts
