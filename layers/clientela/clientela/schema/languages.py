"""Languages as BCP 47 tags."""

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, get_args

from pydantic import Field

from clientela.schema.documents import on_input

SupportedLanguage = Literal["en", "es", "it", "fr", "de", "pt"]  # the languages that the product's own texts are in
SUPPORTED: tuple[SupportedLanguage, ...] = get_args(SupportedLanguage)
_TAG = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?", re.IGNORECASE)


type _Codes = dict[str, str | None]  # code → what to write instead, or None


def tag(text: str) -> str:
    """A language tag in its usual spelling: `PT_br` → `pt-BR`, `spa` → `es`, `iw` → `he`. ValueError where it is none.

    Language, script and region only (RFC 5646 section 2.1): what stores and browsers send. Each must be one that CLDR
    knows; what is deprecated there becomes its heir.
    """
    match = _TAG.fullmatch(text.replace("_", "-"))
    if not match:
        raise ValueError(f"{text!r} is not a language: use a BCP 47 tag such as es or pt-BR")
    language, script, region = match.groups(default="")
    parts = (
        _living("languages", language.lower(), f"{language!r} is not a language: use an ISO 639 code such as es"),
        _living("scripts", script.title(), f"{script!r} is not a script: use an ISO 15924 code such as Latn"),
        _living("regions", region.upper(), f"{region!r} is not a region: use an ISO 3166-1 code such as BR"),
    )
    return "-".join(filter(None, parts))


def _living(kind: str, code: str, otherwise: str) -> str:
    """The code to write for one of a kind. ValueError where there is none; no code is no code."""
    codes = _registry()[kind]
    if code and code not in codes:
        raise ValueError(otherwise)
    return codes.get(code) or code


@cache
def _registry() -> dict[str, _Codes]:
    """See tools/language_codes.py."""
    registry: dict[str, _Codes] = json.loads(
        files("clientela.schema").joinpath("language_codes.json").read_text("utf-8")
    )
    return registry


def best_supported(wanted: str | None, default: str, offered: Sequence[str] = ()) -> str:
    """The language of ours to write in: the wanted one if the store offers it and there are texts in it, else the store's."""
    for candidate in (wanted, default, *offered):
        primary = (candidate or "").split("-")[0]
        if primary in (offered or SUPPORTED):
            return primary
    return "en"


Language = Annotated[str, Field(max_length=35, examples=["es"]), on_input(tag)]
