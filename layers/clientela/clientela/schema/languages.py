"""Languages as BCP 47 tags."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from clientela.schema.documents import on_input
from clientela.sentences import Sentence

SupportedLanguage = Literal["en", "es", "it", "fr", "de", "pt"]  # of the mails and the sign-in page
SUPPORTED: tuple[SupportedLanguage, ...] = get_args(SupportedLanguage)
# Afterwards may follow variants and extensions (de-CH-1996, de_DE_formal), which are ignored.
_TAG = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?(?:-[a-z\d]+)*", re.IGNORECASE | re.ASCII)
_CHARSET_OR_MODIFIER = re.compile(r"[.@].*", re.DOTALL)  # of a POSIX locale: es_ES.UTF-8, de_DE@euro

type _Codes = dict[str, str | None]  # code → the code that replaces it, or None


def tag(text: str) -> str:
    """Return a language tag in its usual spelling: `PT_br` → `pt-BR`, `spa` → `es`, `iw` → `he`.

    A tag has a language and perhaps a script and a region (RFC 5646 section 2.1). Each must be in
    CLDR; deprecated codes are replaced as CLDR says. The rest of a locale is left out:
    `de_DE_formal` and `de_DE.UTF-8` → `de-DE`.

    Raises:
        ValueError: the text is no language tag.
    """
    match = _TAG.fullmatch(_CHARSET_OR_MODIFIER.sub("", text.strip()).replace("_", "-"))
    if not match:
        raise ValueError(Sentence("“{text}” is not a language. Use a BCP 47 tag such as es or pt-BR.", text=text))
    language, script, region = match.groups(default="")
    parts = (
        _current("languages", language.lower(), "“{text}” is not a language. Use an ISO 639 code such as es."),
        _current("scripts", script.title(), "“{text}” is not a script. Use an ISO 15924 code such as Latn."),
        _current("regions", region.upper(), "“{text}” is not a region. Use an ISO 3166-1 code such as BR."),
    )
    return "-".join(filter(None, parts))


def best_effort(value: Any) -> str | None:
    """Return the language tag of a shopper's input, or None if there is none.

    Nobody is refused because of a language: None means the store's. An unknown script or region is
    left out.
    """
    if not isinstance(value, str):
        return None
    for text in (value, re.split(r"[-_]", value.strip())[0]):
        with suppress(ValueError):
            return tag(text)
    return None


def _current(kind: str, code: str, otherwise: str) -> str:
    """Return the current code for `code`, "" for "", or raise ValueError if it is unknown."""
    codes = _registry()[kind]
    if code and code not in codes:
        raise ValueError(Sentence(otherwise, text=code))
    return codes.get(code) or code


@cache
def _registry() -> dict[str, _Codes]:
    """Return the codes that tools/language_codes.py has written."""
    registry: dict[str, _Codes] = json.loads(
        files("clientela.schema").joinpath("language_codes.json").read_text("utf-8")
    )
    return registry


def accepted(header: str | None) -> list[str]:
    """Return the languages of an Accept-Language header, preferred ones first (RFC 9110 12.5.4).

    The names are in lower case, and with hyphens where a client sends the locale of its system.
    """
    weighted = []
    for part in (header or "").split(","):
        name, _, weight = part.lower().replace(" ", "").partition(";q=")
        weighted.append((float(weight) if weight.replace(".", "", 1).isdecimal() else 1.0, name.replace("_", "-")))
    by_weight = sorted(weighted, key=lambda pair: -pair[0])
    return [name for weight, name in by_weight if name and weight]


def best_supported(requested: str | None, default: str, offered: Sequence[str] = ()) -> str:
    """Return the language to write in: `requested` if it is available, else the store's `default`.

    Available are the languages that the store offers, or all supported ones if it names none.
    """
    for candidate in (requested, default, *offered):
        primary = (candidate or "").split("-")[0]
        if primary in (offered or SUPPORTED):
            return primary
    return "en"


Language = Annotated[str, Field(max_length=35, examples=["es"]), on_input(tag)]
# Of a shopper, with the store's language as fallback.
PreferredLanguage = Annotated[str | None, BeforeValidator(best_effort), Field(examples=["es"])]
