"""Times as the API writes them: UTC, RFC 3339, always of the same width, so that text order is time order."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


def now() -> datetime:
    """The current time, to the millisecond that is stored. Only handlers call it; every verb takes `now` as an argument."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def deadline(seconds: float) -> Callable[[], bool]:
    """Tells whether so many seconds from now are over: for work that is cut short and finished elsewhere."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def format_timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, e.g. `2026-11-21T10:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def require_rfc3339(value: Any) -> Any:
    """A time that comes in, if it is written as one: ValueError for numbers and for texts that are no RFC 3339."""
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC_3339.fullmatch(value.strip())):
        return value
    raise ValueError("write a time like 2026-11-21T10:00:00Z")


def in_utc(moment: datetime) -> datetime:
    """The moment, if it has a year in UTC: ValueError for the first and last hours of the calendar elsewhere."""
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999") from None
    return moment
