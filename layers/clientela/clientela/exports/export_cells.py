"""Printers: the cell of a value in a format. They are built for a file, and called per cell."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from clientela.csv import csv_cells, csv_values
from clientela.csv.csv_columns import Kind
from clientela.exports.export_formats import ExportFormat

type Printer = Callable[[Any], str]

# The words that an import reads as yes and no in the language of the headers.
_YES_NO = {
    "en": ("yes", "no"),
    "es": ("sí", "no"),
    "it": ("sì", "no"),
    "fr": ("oui", "non"),
    "de": ("ja", "nein"),
    "pt": ("sim", "não"),
}
# Kinds of cells with anything in them: they are escaped and, if needed, quoted. All others are
# numbers, times and words of ours.
FREE: frozenset[Kind] = frozenset({"text", "code", "list", "external_ids", "json"})
_ONE_DAY, _ONE_MINUTE = timedelta(days=1), timedelta(minutes=1)
_HOURS_KEPT, _DAYS_KEPT = 100_000, 10_000  # of local times: eleven years, 27 years


def printers(format_: ExportFormat, zone: str) -> dict[Kind, Printer]:
    """Return the printer of each kind; kinds without one are printed as they are stored."""
    yes, no = _YES_NO[format_.header_language]
    return {
        "code": _code,
        "phone": _phone(format_),
        "list": join,
        "external_ids": _external_ids,
        "json": lambda value: orjson.dumps(value).decode(),
        "flag": lambda flag: yes if flag else no,
        "time": str if format_.times == "iso" else local_times(zone),
        "count": str,
        "amount": _amount(format_),
    }


def quote(cell: str) -> str:
    """Return a cell in quotes, if it is not empty."""
    return '"' + cell.replace('"', '""') + '"' if cell else ""


def join(texts: Iterable[str]) -> str:
    """Return texts as one cell, separated by `; `.

    A text in quotes gets a pair more, because the import takes one off.
    """
    return "; ".join(f'"{text}"' if len(text) > 1 and text[0] == text[-1] == '"' else text for text in texts)


def local_times(zone: str) -> Printer:
    """Return a printer of stored times as `2026-11-21 10:00:00` in a time zone.

    It remembers the days and hours that it has seen: an export prints millions of the same.
    """
    local = ZoneInfo(zone)
    days: dict[str, _Day | None] = {}
    hours: dict[str, str] = {}

    def print_time(text: str) -> str:
        hour = text[:13]
        start = hours.get(hour)
        if start is None:
            if len(hours) >= _HOURS_KEPT:
                hours.clear()
            day = day_of(text)
            start = hours[hour] = _shifted(day, f"{hour}:00")[:13] if day and day.shift % 60 == 0 else ""
        if start:
            return start + text[13:19]
        day = day_of(text)
        return _shifted(day, text) if day else _local(datetime.fromisoformat(text), local)

    def day_of(text: str) -> _Day | None:
        name = text[:10]
        if name not in days:
            if len(days) >= _DAYS_KEPT:
                days.clear()
            days[name] = _day(name, local)
        return days[name]

    return print_time


class _Day(NamedTuple):
    """A day of UTC in a zone: by how many minutes it is shifted, and it with its neighbours."""

    shift: int
    names: tuple[str, str, str]


def _day(name: str, zone: ZoneInfo) -> _Day | None:
    """Return a day of UTC; None if the clocks change in it or differ by seconds."""
    start = datetime.fromisoformat(f"{name}T00:00:00+00:00")
    try:
        before, after = start - _ONE_DAY, start + _ONE_DAY
        offsets = {start.astimezone(zone).utcoffset(), after.astimezone(zone).utcoffset()}
    except OverflowError:  # at the edge of the calendar
        return None
    shift, rest = divmod(offsets.pop() or timedelta(), _ONE_MINUTE)
    return None if offsets or rest else _Day(shift, (before.isoformat()[:10], name, after.isoformat()[:10]))


def _shifted(day: _Day, text: str) -> str:
    there, minutes = divmod(int(text[11:13]) * 60 + int(text[14:16]) + day.shift, 24 * 60)
    return f"{day.names[there + 1]} {minutes // 60:02}:{minutes % 60:02}{text[16:19]}"


def _local(moment: datetime, zone: ZoneInfo) -> str:
    try:
        there = moment.astimezone(zone)
    except OverflowError:  # at the edge of the calendar
        there = moment.astimezone(UTC)
    return there.replace(microsecond=0, tzinfo=None).isoformat(" ")


def _code(text: str) -> str:
    """Return a code so that the import, which drops an apostrophe or a `.0`, reads it as it is."""
    return f"'{text}" if text.startswith("'") or csv_values.CHANGED_CODE.fullmatch(text) else text


def _external_ids(external_ids: Mapping[str, str]) -> str:
    return "; ".join(f"{system}:{id_}" for system, id_ in external_ids.items())


def _phone(format_: ExportFormat) -> Printer:
    def print_phone(text: str) -> str:
        if text[:1] == "+" and text[1:].isdecimal():
            return f"'{text}"
        return quote(csv_cells.escape(text, mark=format_.mark_texts))

    return print_phone


def _amount(format_: ExportFormat) -> Printer:
    if format_.decimal == ".":
        return str
    if format_.decimal == format_.delimiter:
        return lambda amount: f'"{amount}"'.replace(".", ",")
    return lambda amount: str(amount).replace(".", ",")
