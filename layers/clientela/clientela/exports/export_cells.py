"""Printers: the cell of a value in a format. They are built for a file, and called per cell."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
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
_HOURS_KEPT = 100_000  # of local times: eleven years


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

    It remembers the hours that it has seen: an export prints millions of times of the same hours.
    """
    local = ZoneInfo(zone)
    hours: dict[str, str] = {}

    def print_time(text: str) -> str:
        hour = text[:13]
        start = hours.get(hour)
        if start is None:
            if len(hours) >= _HOURS_KEPT:
                hours.clear()
            start = hours[hour] = _local_hour(hour, local)
        return start + text[13:19] if start else _local(datetime.fromisoformat(text), local)

    return print_time


def _local_hour(hour: str, zone: ZoneInfo) -> str:
    """Return the local hour of an hour in UTC; empty if its minutes differ from UTC's."""
    start = datetime.fromisoformat(f"{hour}:00:00+00:00")
    first, last = _local(start, zone), _local(start + timedelta(minutes=59, seconds=59), zone)
    return first[:13] if first[13:] == ":00:00" and last == f"{first[:13]}:59:59" else ""


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
