"""Values of CSV cells: parse the texts that merchants write, print values for an export."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from clientela import clock
from clientela.csv.csv_cells import escape
from clientela.schema.countries import Country
from clientela.schema.languages import Language
from clientela.schema.text import trim
from clientela.schema.validation_errors import field_errors

_YES = {
    *("yes", "y", "true", "t", "1", "x", "oui", "o", "ja", "j", "sim", "vero", "vrai", "wahr", "verdadeiro"),
    *("si", "sì", "sí", "s", "verdadero"),
}
_NO = {"no", "n", "false", "f", "0", "non", "nein", "não", "nao", "falso", "faux", "falsch"}
_STATUS = {"approved": "active", "enabled": "active"}  # the words of other systems


def parse_flag(text: str) -> bool:
    """Parse yes or no in one of six languages — ValueError if it is neither."""
    if text.casefold() in _YES | _NO:
        return text.casefold() in _YES
    raise ValueError(f"{text!r} is neither yes nor no.")


def parse_status(text: str) -> str:
    """Return a customer's status in lower case; the words of other systems become ours."""
    return _STATUS.get(text.lower(), text.lower())


def parse_list(text: str) -> list[str]:
    """Split a cell at `;` and `,` without empty parts and duplicates."""
    return list(dict.fromkeys(trim(part) for part in re.split("[;,]", text) if trim(part)))


def parse_time(text: str) -> datetime:
    """Parse an ISO 8601 date or time; without an offset it is UTC — ValueError if it is neither."""
    try:
        moment = datetime.fromisoformat(text.replace(" UTC", "+00:00").replace(" +", "+"))
        return clock.in_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except ValueError:
        raise ValueError(f"{text!r} is not a time: write it like 2026-11-21T10:00:00Z.") from None


def parse_language(text: str) -> str:
    """Parse a language tag — ValueError if it cannot be one."""
    return _validate(Language, text)


def parse_country(text: str) -> str:
    """Parse a country's code or name — ValueError if it is neither."""
    return _validate(Country, text)


def print_text(text: str | None) -> str:
    """Return a text as a cell that no spreadsheet runs as a formula."""
    return escape(text) if text else ""  # most cells are empty


def print_flag(flag: bool | None) -> str:
    """Return `yes`, `no`, or nothing for None."""
    return "" if flag is None else "yes" if flag else "no"


def print_list(texts: Iterable[str]) -> str:
    """Return texts as one cell, separated by `; `."""
    return escape("; ".join(texts))


def print_money(money: dict[str, Any] | None) -> str:
    """Return an amount as `49.62 USD`, nothing for None."""
    return f"{money['amount']} {money['currency']}" if money else ""


def print_amounts(amounts: Iterable[dict[str, Any]]) -> str:
    """Return amounts of several currencies as `10.50 EUR; 21.00 USD`."""
    return "; ".join(map(print_money, amounts))


# Built when first used: an export parses nothing.
@cache
def _adapter(kind: Any) -> TypeAdapter[str]:
    return TypeAdapter(kind)


def _validate(kind: Any, text: str) -> str:
    try:
        return _adapter(kind).validate_python(text)
    except ValidationError as error:
        raise ValueError(field_errors(error.errors())[0].message) from None
