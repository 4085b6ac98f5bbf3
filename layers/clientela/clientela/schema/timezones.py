"""Time zones of the IANA database, and the beginning and the end of a day in one of them."""

import importlib.resources
import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field, PlainSerializer, PlainValidator, TypeAdapter, WithJsonSchema

from clientela import clock
from clientela.schema.documents import on_input
from clientela.schema.fields import Timestamp

_MILLISECOND = timedelta(milliseconds=1)  # the precision that is stored
_NO_PLACE = ("Factory",)  # of machines whose zone was never set
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def known_name(text: str) -> str:
    """Return the name of a time zone in its own spelling — ValueError for any other text."""
    name = _names().get(text.casefold())
    if name is None:
        raise ValueError("Use a time zone of the IANA database, such as Europe/Madrid.")
    return name


def start_of(day: date, zone: str) -> datetime:
    """Return the first moment of a day in a zone, in UTC."""
    try:
        return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:  # before the year 1 in UTC
        return datetime.min.replace(tzinfo=UTC)


def end_of(day: date, zone: str) -> datetime:
    """Return the last millisecond of a day in a zone, in UTC."""
    try:
        return start_of(day + timedelta(days=1), zone) - _MILLISECOND
    except OverflowError:  # after the year 9999 in UTC
        return datetime.max.replace(tzinfo=UTC)


def local_day(moment: datetime, zone: str) -> date:
    """Return the day of a moment in a zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


@cache
def _names() -> dict[str, str]:
    """Return the names by their folded spelling. Lambda has no zones of its own; tzdata has."""
    text = importlib.resources.files("tzdata").joinpath("zones").read_text("utf-8")
    return {name.casefold(): name for name in text.split() if name not in _NO_PLACE}


def _parse_day_or_time(value: Any) -> date:
    if isinstance(value, date):  # a datetime is one too
        return value
    try:
        if isinstance(value, str) and _DAY.fullmatch(value.strip()):
            return date.fromisoformat(value.strip())
        return _timestamp().validate_python(value)
    except ValueError:  # pydantic's errors are ValueErrors
        raise ValueError("Use a day such as 2026-11-21 or a time such as 2026-11-21T10:00:00Z.") from None


def _format_day_or_time(value: date) -> str:
    return clock.format_timestamp(value) if isinstance(value, datetime) else value.isoformat()


@cache
def _timestamp() -> TypeAdapter[datetime]:
    return TypeAdapter(Timestamp)


Timezone = Annotated[str, Field(max_length=60, examples=["Europe/Madrid"]), on_input(known_name)]
# A day without a time is one of the store's time zone.
DayOrTime = Annotated[
    date,
    PlainValidator(_parse_day_or_time),
    PlainSerializer(_format_day_or_time, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "anyOf": [{"format": "date"}, {"format": "date-time"}],
            "examples": ["2026-11-21", "2026-11-21T10:00:00.000Z"],
        }
    ),
]
