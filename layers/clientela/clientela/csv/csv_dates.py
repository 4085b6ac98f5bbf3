"""Dates as people and spreadsheets write them: `21/11/2020`, `3.2.2019 9:05`, `21 nov. 2020`.

Whether 03/02 is in February or in March is decided by the column: one value above 12 tells.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from clientela import clock
from clientela.schema.text import fold_for_search
from clientela.sentences import Sentence

type DateOrder = Literal["day_first", "month_first", "year_first"]

MONTH_FIRST_COUNTRIES = {"US", "PH", "PW", "FM", "MH", "PR", "GU", "VI", "AS", "MP"}
_MONTHS = (
    "jan january ene enero gen gennaio janv janvier januar jan janeiro",
    "feb february feb febrero febbraio fev fevr fevrier februar fevereiro",
    "mar march marzo mars marz mrz marco maerz",
    "apr april abr abril aprile avr avril",
    "may mayo mag maggio mai maio",
    "jun june junio giu giugno juin juni junho",
    "jul july julio lug luglio juil juillet juli julho",
    "aug august ago agosto aout",
    "sep sept september septiembre set settembre septembre setembro setiembre",
    "oct october octubre ott ottobre octobre okt oktober out outubro",
    "nov november noviembre novembre novembro",
    "dec december dic diciembre dicembre decembre dez dezember dezembro",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}

_TIME = r"(?:[ ,T]+(\d{1,2})[:.h](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*([ap])?\.?(?:m\.?)?)?"
_NUMBERS = re.compile(rf"(\d{{1,4}})([/.\-])\s?(\d{{1,2}})\2\s?(\d{{1,4}}){_TIME}", re.IGNORECASE)
_DAY_NAME_YEAR = re.compile(
    rf"(\d{{1,2}})[. \-/]*(?:de )?([a-z]+)[. \-/]*(?:de |del )?(\d{{2,4}}){_TIME}", re.IGNORECASE
)
_NAME_DAY_YEAR = re.compile(rf"([a-z]+)[. \-]+(\d{{1,2}})(?:st|nd|rd|th)?[, \-]+(\d{{4}}){_TIME}", re.IGNORECASE)
_ZERO = re.compile(r"0{1,4}[/.\-]0{1,2}[/.\-]0{1,4}(?:[ T]00:00(?::00)?(?:\.0+)?Z?)?|0")
_SERIAL = re.compile(r"(\d{5})(?:[.,](\d+))?")
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?")
_EXCEL_DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001 - of the zone of the file
_CENTURY_OF = 70  # two digits from here on are 19…: people who signed up in 1970


def is_none(text: str) -> bool:
    """Return whether a text is a database's date for none: `0000-00-00 00:00:00`."""
    return _ZERO.fullmatch(text) is not None


def is_month(word: str) -> bool:
    """Return whether a word is the name of a month in one of six languages, or its beginning."""
    return fold_for_search(word) in _MONTH


def order_of(texts: Iterable[str]) -> DateOrder | None:
    """Return the order that a column's dates prove, or None if they leave it open."""
    votes = {"day_first": 0, "month_first": 0}
    for text in texts:
        match = _NUMBERS.fullmatch(text)
        if match is None or len(match[1]) > 2:
            continue
        first, second = int(match[1]), int(match[3])
        votes["day_first"] += first > 12 >= second
        votes["month_first"] += second > 12 >= first
    if votes["day_first"] == votes["month_first"]:
        return None
    return "day_first" if votes["day_first"] > votes["month_first"] else "month_first"


def contradicts(texts: Iterable[str], order: DateOrder) -> bool:
    """Return whether a column has a date that cannot be of this order: 21/11/2020, month first."""
    for text in texts:
        match = _NUMBERS.fullmatch(text)
        if match is None or len(match[1]) > 2:
            continue
        if order == "year_first":
            if len(match[4]) > 2 or int(match[3]) > 12:
                return True
        elif int(match[3] if order == "day_first" else match[1]) > 12:
            return True
    return False


def is_ambiguous(texts: Iterable[str]) -> bool:
    """Return whether a column has dates whose meaning depends on the order."""
    matches = (_NUMBERS.fullmatch(text) for text in texts)
    return any(match is not None and len(match[1]) <= 2 for match in matches)


def default_order(language: str, country: str | None) -> DateOrder:
    """Return the order of a column that leaves it open, by the headers' language or the country."""
    return "month_first" if language == "en" and country in MONTH_FIRST_COUNTRIES else "day_first"


def parse(text: str, order: DateOrder = "day_first", zone: str = "UTC") -> datetime:
    """Return the time of a text; without an offset it is of `zone` — ValueError if it is none."""
    try:
        moment = datetime.fromisoformat(text.replace(" UTC", "+00:00").replace(" +", "+"))
    except ValueError:
        moment = _parse_written(text, order)
    try:
        known = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
        return clock.in_utc(known).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _invalid(text) from None


def _parse_written(text: str, order: DateOrder) -> datetime:
    try:
        if match := _NUMBERS.fullmatch(text):
            return _by_numbers(match, order)
        plain = fold_for_search(text)
        if match := _DAY_NAME_YEAR.fullmatch(plain):
            return _build(match[3], _MONTH.get(match[2]), match[1], match.groups()[3:])
        if match := _NAME_DAY_YEAR.fullmatch(plain):
            return _build(match[3], _MONTH.get(match[1]), match[2], match.groups()[3:])
        if match := _SERIAL.fullmatch(text):
            days = timedelta(days=float(f"{match[1]}.{match[2] or 0}"))
            return (_EXCEL_DAY_0 + days + timedelta(milliseconds=500)).replace(microsecond=0)
        if _EPOCH.fullmatch(text):
            return datetime.fromtimestamp(int(text[:10]), UTC)
    except (ValueError, OverflowError):
        pass
    raise _invalid(text)


def _by_numbers(match: re.Match[str], order: DateOrder) -> datetime:
    first, second, third = match[1], match[3], match[4]
    time = match.groups()[4:]
    if len(first) == 4 or (order == "year_first" and len(third) <= 2):
        return _build(first, int(second), third, time)
    is_day_first = order != "month_first"
    if int(second) > 12 or int(first) > 12:  # whatever the rest of the column does
        is_day_first = int(first) > 12
    day, month = (first, second) if is_day_first else (second, first)
    return _build(third, int(month), day, time)


def _build(year: str, month: int | None, day: str, time: tuple[str | None, ...]) -> datetime:
    if month is None or len(year) == 3:
        raise ValueError
    full_year = int(year) if len(year) == 4 else int(year) + (1900 if int(year) >= _CENTURY_OF else 2000)
    hour, minute, second = (int(part or 0) for part in time[:3])
    if time[3]:
        hour = hour % 12 + 12 * (time[3].lower() == "p")
    return datetime(full_year, month, int(day), hour, minute, second)  # noqa: DTZ001 - of the zone of the file


def _invalid(text: str) -> ValueError:
    return ValueError(Sentence("“{text}” is not a time. Write it like 2026-11-21T10:00:00Z.", text=text))
