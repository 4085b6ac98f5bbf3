"""A store's hosted sign-in page: its HTML, and the settings that its element loads.

Script, style, HTML and texts are in the folder sign_in_page; docs/sign-in-page.md explains their
use.
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
from clientela.stores.setting_groups import Colour, Url
from clientela.stores.stores import Store

FILES = Path(__file__).parent / "sign_in_page"


class SignInPage(Model):
    """The settings of the sign-in element.

    A shopper may continue to `home` and to pages of `origins`. `open` is false if the store has no
    sign-in; `password` is true if it allows passwords.
    """

    store: str
    """The name of the store. Example: Demo"""
    open: bool
    """Whether the store has sign-in."""
    password: bool
    """Whether the store allows passwords. Example: false"""
    language: str
    """The language of the texts. Example: en"""
    colour: Colour
    """The store's colour. Example: #1f4f46"""
    ink: Colour
    """Black or white: the text colour that is readable on `colour`. Example: #ffffff"""
    logo_url: Url | None
    """The store's logo. Example: https://shop.example.com/logo.png"""
    home: Url | None
    """The storefront. Example: https://shop.example.com"""
    origins: list[str]
    """The origins whose pages a shopper may return to. Example: ["https://shop.example.com"]"""
    texts: dict[str, str]
    """The texts of the element by name. Example: {"title": "Sign in"}"""


def page_settings(store: Store, preferred: Sequence[str]) -> SignInPage:
    """Return the page's settings in the first preferred language that the store offers."""
    language = _language(store, preferred)
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


def html(store: Store, preferred: Sequence[str]) -> str:
    """Return the HTML of the hosted page in the first preferred language that the store offers."""
    language = _language(store, preferred)
    texts = {key: escape(_texts()[language][key].format(store=_name(store))) for key in ("title", "no_script")}
    return Template(file("page.html")).substitute(texts, language=language)


def content_security_policy(store: Store) -> str:
    """Return the page's Content-Security-Policy: its own script and style, and the store's logo."""
    logo = urlsplit(store.branding.logo_url or "")
    images = f"{logo.scheme}://{logo.netloc}" if logo.netloc else "'none'"
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src {images}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@cache
def file(name: str) -> str:
    """Return the text of one of the page's files."""
    return (FILES / name).read_text("utf-8")


def script() -> str:
    """Return the element's script, one ES module of two files: a browser loads it at once."""
    return file("client.js") + "\n" + file("element.js")


def _language(store: Store, preferred: Sequence[str]) -> str:
    offered = store.languages or languages.SUPPORTED
    primaries = ((languages.best_effort(name) or "").split("-")[0] for name in preferred)
    default = languages.best_supported(None, store.language, store.languages)
    return next((primary for primary in primaries if primary in offered), default)


def _name(store: Store) -> str:
    return " ".join(store.name.split())


@cache
def _texts() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = json.loads(file("texts.json"))
    return texts
