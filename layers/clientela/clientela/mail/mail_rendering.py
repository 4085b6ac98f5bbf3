"""Mails as subject, text and HTML, from a folder of mail_templates.

To add a mail: a module of `notifications` that returns its MailContent, and a folder with
texts.json (one table per language), text.txt and body.html.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import jinja2
from markupsafe import Markup, escape

from clientela.mail import mail_look, mail_texts, mail_values, mail_words
from clientela.mail.mail_words import OwnWords
from clientela.schema import languages, locale_formats, messages
from clientela.stores.stores import Store

_COLONS = {"fr": "\N{NO-BREAK SPACE}:"}  # French has a space before it


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


def render(store: Store, mail: MailContent, language: str | None, own: OwnWords | None = None) -> RenderedMail:
    """Render a mail in `language`, else in the store's, with the store's name, look and words."""
    chosen = language_of(store, language)
    values = mail.context | {"store": " ".join(store.name.split())}
    # The texts have placeholders, e.g. {store}; templates escape the texts after filling them in.
    shown = {name: mail_values.in_a_text(value) for name, value in values.items()}
    texts = {"sign_off": ""} | {
        key: messages.fill(text, shown, chosen) for key, text in _texts(mail, chosen, own or OwnWords(), values).items()
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


def language_of(store: Store, language: str | None) -> str:
    """Return the language of a mail to somebody who reads `language`."""
    return languages.best_supported(language, store.language, store.languages)


def _texts(mail: MailContent, language: str, own: OwnWords, values: Mapping[str, Any]) -> dict[str, str]:
    """Return our texts of a mail, with the merchant's in their places.

    Ours stays where a value is missing that the merchant's text has, such as the name of somebody
    who gave none.
    """
    texts = mail_texts.of_variant(mail.name, language, mail.variant)
    for name, text in mail_words.chosen(own, mail.name, mail.variant).items():
        if all(values.get(each) not in (None, "") for each in messages.placeholders(text)):
            texts[name] = text
    return texts


def _tidied(text: str) -> str:
    """Return a text part with one empty line between its paragraphs."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(mail_texts.TEMPLATES),
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
