"""Mails as subject, text and HTML, from a folder of mail_templates.

To add a mail: a module of `notifications` that returns its MailContent, and a folder with
texts.json (one table per language), text.txt and body.html.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
from markupsafe import Markup, escape

from clientela.mail import mail_look
from clientela.schema import languages, locale_formats, messages
from clientela.stores.stores import Store

_COLONS = {"fr": "\N{NO-BREAK SPACE}:"}  # French has a space before it
TEMPLATES = Path(__file__).parent / "mail_templates"


@dataclass(frozen=True)
class MailContent:
    """A mail before it is rendered: the name of its folder, and the values for its templates.

    A mail that says different things has variants: for `failed`, the text `intro_failed` is the
    intro.
    """

    name: str
    context: dict[str, Any]
    variant: str = ""


@dataclass(frozen=True)
class RenderedMail:
    """A mail as it is sent."""

    subject: str
    text: str
    html: str


def render(store: Store, mail: MailContent, language: str | None) -> RenderedMail:
    """Render a mail in `language`, else in the store's, with the store's name and look."""
    chosen = languages.best_supported(language, store.language, store.languages)
    values = mail.context | {"store": " ".join(store.name.split())}
    # The texts have placeholders, e.g. {store}; templates escape the texts after filling them in.
    texts = {"sign_off": ""} | {
        key: messages.fill(text, values, chosen) for key, text in our_texts(mail, chosen).items()
    }
    subject = " ".join(texts["subject"].split())
    context = {**values, **mail_look.of(store), "t": SimpleNamespace(**texts), "subject": subject}
    text, html = (
        _template(f"{mail.name}/{part}").render(
            context, language=chosen, direction="ltr", colon=_COLONS.get(chosen, ":")
        )
        for part in ("text.txt", "body.html")
    )
    return RenderedMail(subject, _tidied(text), html.lstrip())


def our_texts(mail: MailContent, language: str) -> dict[str, str]:
    """Return the texts of a mail in a language, those of its variant by their plain names."""
    texts, ending = _texts(mail.name)[language], f"_{mail.variant}"
    return texts | ({key.removesuffix(ending): texts[key] for key in texts if key.endswith(ending)})


def _tidied(text: str) -> str:
    """Return a text part with one empty line between its paragraphs."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@cache
def _texts(name: str) -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = json.loads((TEMPLATES / name / "texts.json").read_text("utf-8"))
    return texts


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Numbers, amounts and times in texts and templates are written as the language does.
        finalize=_in_the_language,
    )
    environment.filters["lines"] = _lines
    return environment


@jinja2.pass_context
def _in_the_language(context: jinja2.runtime.Context, value: object) -> Any:
    return locale_formats.shown(value, context["language"])


@jinja2.pass_context
def _lines(context: jinja2.runtime.Context, value: object) -> Markup:
    """Return a text as HTML with its line breaks."""
    text = str(_in_the_language(context, value))
    return Markup("<br>").join(escape(line) for line in text.splitlines())


def _template(path: str) -> jinja2.Template:
    return _environment().get_template(path)
