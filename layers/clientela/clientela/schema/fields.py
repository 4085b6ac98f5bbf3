"""Field types that several models share: lines of text, times, amounts of money."""

import unicodedata
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from clientela import clock
from clientela.schema.currencies import Currency
from clientela.schema.documents import Model, on_input


def _without_nul(text: str) -> str:
    return text.replace("\0", "").strip() if "\0" in text else text  # no CSV file can carry it


def refuse_nul(text: str) -> str:
    """Return the text, or raise ValueError if it has a NUL: no CSV file can carry it."""
    if "\0" in text:
        raise ValueError("This text must not contain the character NUL (U+0000).")
    return text


def _require_one_line(text: str) -> str:
    """Return the text, or raise ValueError if a mail would not show it as it is written."""
    if any(unicodedata.category(char) in _BREAKING or char in _DIRECTIONS for char in text):
        raise ValueError("Use one line of text, without control characters and marks of direction.")
    return text


def _require_lines(text: str) -> str:
    """Return the text with plain line breaks; ValueError if it has other invisible marks."""
    lines = text.replace("\r\n", "\n").split("\n")
    if any(unicodedata.category(char) in _BREAKING or char in _DIRECTIONS for line in lines for char in line):
        raise ValueError("Use lines of text, without control characters and marks of direction.")
    return "\n".join(lines)


_BREAKING = ("Cc", "Zl", "Zp")  # control characters, separators of lines and of paragraphs
# Marks that reorder what is shown, so that a name reads like another one.
_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

Line = Annotated[str, StringConstraints(max_length=200), on_input(_without_nul)]
# A merchant's text of several lines, for mails.
Lines = Annotated[str, StringConstraints(min_length=1), on_input(_require_lines)]
# The name that a merchant gives to a thing. People's names are Lines: they are taken as they come.
Title = Annotated[str, StringConstraints(min_length=1, max_length=200), on_input(_require_one_line)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=60), on_input(refuse_nul)]
# An id that a caller names. No id is longer, and a much longer one would not fit into a key.
MAX_ID_LENGTH = 64
Id = Annotated[str, StringConstraints(max_length=MAX_ID_LENGTH)]
Phone = Annotated[str, StringConstraints(max_length=40), on_input(refuse_nul), Field(examples=["+34911222333"])]
Timestamp = Annotated[
    AwareDatetime,
    BeforeValidator(clock.require_rfc3339),
    AfterValidator(clock.in_utc),
    PlainSerializer(clock.format_timestamp, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-21T10:00:00.000Z"]}),
]
Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=4, examples=["49.62"])]


class Money(Model):
    """An exact amount: a decimal string and an ISO 4217 currency."""

    amount: Amount
    """The amount as a decimal number."""
    currency: Currency
    """The currency's ISO 4217 code."""
