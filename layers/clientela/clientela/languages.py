"""Languages as BCP 47 tags."""

import re
from typing import Annotated

from pydantic import Field

from clientela.documents import checked

MAILS = ("en", "es", "it", "fr", "de", "pt")  # the languages that the product's own texts are in
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


def best_for_mail(wanted: str | None, default: str) -> str:
    """The language of ours to write a mail in: the wanted one where there are texts in it, else the store's."""
    for candidate in (wanted, default):
        primary = (candidate or "").split("-")[0]
        if primary in MAILS:
            return primary
    return "en"


Language = Annotated[str, Field(max_length=35, examples=["es"]), checked(tag)]
