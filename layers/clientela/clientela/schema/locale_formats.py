"""Numbers, amounts, sizes and days as each language of the mails writes them.

A value of a mail keeps its type until the mail is rendered, so that each language shows it in its
own way: `shown(MoneyAmount(Decimal("1234.5"), "EUR"), "de")` → `1.234,50 €`.
"""

import json
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from math import ceil
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from clientela.schema import currencies

_NO_BREAK = "\N{NO-BREAK SPACE}"
_FIRST_OF_A_MONTH = {"fr": "1er", "it": "1º"}  # CLDR has no ordinals in dates
_BYTES = {"fr": "o"}  # octets


class MoneyAmount(NamedTuple):
    """An amount of a currency: `MoneyAmount(Decimal("24.95"), "EUR")`."""

    amount: Decimal
    currency: str


class Size(NamedTuple):
    """The size of a file in bytes."""

    size: int


class Day(NamedTuple):
    """A day with its weekday: `Tuesday, 8 December 2026`, `martedì 8 dicembre 2026`.

    With the weekday it follows prepositions in every language: Italian has "fino all'8 dicembre",
    but "fino a martedì 8 dicembre".
    """

    day: date


class Moment(NamedTuple):
    """A moment in a time zone: `8 December 2026, 14:05 (Europe/Madrid)`."""

    at: datetime
    zone: str


class Country(NamedTuple):
    """A country by its alpha-2 code."""

    code: str


def shown(value: object, language: str) -> Any:
    """Return a value as a language writes it. A text, None and anything else stays as it is."""
    formats = _formats()[language]
    match value:
        case bool():
            return value
        case int() | Decimal():
            return _number(Decimal(value), formats)
        case MoneyAmount(amount, currency):
            return _money(currencies.format_amount(amount, currency), currency, formats)
        case Size(size):
            return _size(size, language)
        case Day(day):
            return _date(day, formats["day"], language)
        case Moment(at, zone):
            local = at.astimezone(ZoneInfo(zone))
            return f"{_date(local.date(), formats['date'], language)}, {local:%H:%M} ({zone})"
        case Country(code):
            return formats["countries"].get(code, code)
        case _:
            return value


def plural_of(number: int, language: str) -> str:
    """Return CLDR's plural category of a whole number: `one`, `many` or `other`."""
    formats = _formats()[language]
    if abs(number) in formats["one"]:
        return "one"
    is_millions = number != 0 and number % 1_000_000 == 0
    return str(formats["millions"]) if is_millions else "other"


def _number(number: Decimal, formats: dict[str, Any]) -> str:
    sign, (whole, _, fraction) = "-" if number < 0 else "", f"{abs(number):f}".partition(".")
    if len(whole) >= 3 + formats["min_grouping"]:
        whole = f"{int(whole):,}".replace(",", formats["group"])
    return sign + whole + (formats["decimal"] + fraction if fraction else "")


def _money(amount: Decimal, currency: str, formats: dict[str, Any]) -> str:
    symbol, number = formats["symbols"].get(currency, currency), _number(abs(amount), formats)
    sign = "-" if amount < 0 else ""
    if formats["amount_first"]:
        return f"{sign}{number}{_NO_BREAK}{symbol}"
    gap = _NO_BREAK if symbol[-1].isalpha() else ""
    return f"{sign}{symbol}{gap}{number}"


def _size(size: int, language: str) -> str:
    """Return a size in whole units, which need no decimal sign."""
    number, prefix = (ceil(size / 1000), "k") if size < 10_000_000 else (ceil(size / 1_000_000), "M")
    return f"{shown(number, language)}{_NO_BREAK}{prefix}{_BYTES.get(language, 'B')}"


def _date(day: date, template: str, language: str) -> str:
    formats = _formats()[language]
    return template.format(
        weekday=formats["weekdays"][day.weekday()],
        day=_FIRST_OF_A_MONTH.get(language, "1") if day.day == 1 else day.day,
        month=formats["months"][day.month - 1],
        year=day.year,
    )


@cache
def _formats() -> dict[str, dict[str, Any]]:
    """Return the formats that tools/locale_formats.py has written."""
    formats: dict[str, dict[str, Any]] = json.loads(
        files("clientela.schema").joinpath("locale_formats.json").read_text("utf-8")
    )
    return formats
