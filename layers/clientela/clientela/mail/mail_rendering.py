"""The mails: each is a function that returns its context, and a folder of mail_templates with its texts and templates.

A new mail: a function here, a folder with texts.json (one table per language), subject.txt, text.txt and body.html.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2

from clientela.schema import languages
from clientela.stores import branding, store_urls
from clientela.stores.stores import Store

TEMPLATES = Path(__file__).parent / "mail_templates"


@dataclass(frozen=True)
class Mail:
    """A mail before it is written: the name of its folder, and what its templates may use."""

    name: str
    context: dict[str, Any]


@dataclass(frozen=True)
class RenderedMail:
    """A mail as it goes out."""

    subject: str
    text: str
    html: str


def render(store: Store, mail: Mail, language: str | None) -> RenderedMail:
    """The mail in the best of our languages, with the store's name, colour and logo."""
    chosen = languages.best_supported(language, store.language, store.languages)
    style, name = store.branding, " ".join(store.name.split())
    given = mail.context | {"store": name, "address": store_urls.storefront_host(store)}
    # The texts name their gaps, e.g. {store}. Templates escape what they print, so a filled text is escaped as a whole.
    texts = {key: text.format(**given) for key, text in _texts(mail.name)[chosen].items()}
    look = {"colour": style.colour, "ink": branding.contrast_colour(style.colour), "logo_url": style.logo_url}
    context = {**given, **look, "t": SimpleNamespace(**texts), "language": chosen, "direction": "ltr"}
    subject, text, html = (
        _template(f"{mail.name}/{part}").render(context) for part in ("subject.txt", "text.txt", "body.html")
    )
    return RenderedMail(" ".join(subject.split()), text, html)


@cache
def _texts(name: str) -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = json.loads((TEMPLATES / name / "texts.json").read_text("utf-8"))
    return texts


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(path: str) -> jinja2.Template:
    return _environment().get_template(path)
