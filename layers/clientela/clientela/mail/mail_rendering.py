"""Mails as subject, text and HTML, from a folder of mail_templates.

To add a mail: a module of `notifications` that returns its MailContent, and a folder with
texts.json (one table per language), subject.txt, text.txt and body.html.
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
class MailContent:
    """A mail before it is rendered: the name of its folder, and the values for its templates."""

    name: str
    context: dict[str, Any]


@dataclass(frozen=True)
class RenderedMail:
    """A mail as it is sent."""

    subject: str
    text: str
    html: str


def render(store: Store, mail: MailContent, language: str | None) -> RenderedMail:
    """Render a mail in `language`, else in the store's, with the store's name, colour and logo."""
    chosen = languages.best_supported(language, store.language, store.languages)
    name, colour = " ".join(store.name.split()), store.branding.colour
    values = mail.context | {"store": name, "address": store_urls.storefront_host(store)}
    # The texts have placeholders, e.g. {store}; templates escape the texts after filling them in.
    texts = {key: text.format(**values) for key, text in _texts(mail.name)[chosen].items()}
    look = {"colour": colour, "ink": branding.contrast_colour(colour), "logo_url": store.branding.logo_url}
    context = {**values, **look, "t": SimpleNamespace(**texts), "language": chosen, "direction": "ltr"}
    subject = " ".join(_template(f"{mail.name}/subject.txt").render(context).split())
    text, html = (
        _template(f"{mail.name}/{part}").render({**context, "subject": subject}) for part in ("text.txt", "body.html")
    )
    return RenderedMail(subject, text, html)


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
