"""Languages as BCP 47 tags."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal, get_args

from pydantic import Field

from clientela.documents import checked

OwnLanguage = Literal["en", "es", "it", "fr", "de", "pt"]  # the languages that the product's own texts are in
MAILS: tuple[OwnLanguage, ...] = get_args(OwnLanguage)
_TAG = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?", re.IGNORECASE)


def tag(text: str) -> str:
    """A language tag in its usual spelling: `PT_br` → `pt-BR`. ValueError where it is none.

    Language, script and region only (RFC 5646 section 2.1): what stores and browsers send.
    """
    match = _TAG.fullmatch(text.replace("_", "-"))
    if not match:
        raise ValueError(f"{text!r} is not a language: use a BCP 47 tag such as es or pt-BR")
    language, script, region = match.groups()
    return "-".join(part for part in (language.lower(), script and script.title(), region and region.upper()) if part)


def best_of_ours(wanted: str | None, default: str, offered: Sequence[str] = ()) -> str:
    """The language of ours to write in: the wanted one if the store offers it and there are texts in it, else the store's."""
    for candidate in (wanted, default, *offered):
        primary = (candidate or "").split("-")[0]
        if primary in (offered or MAILS):
            return primary
    return "en"


Language = Annotated[str, Field(max_length=35, examples=["es"]), checked(tag)]
