"""Times in the API's format: UTC, RFC 3339, of fixed width, so that text order is time order."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


def now() -> datetime:
    """Return the current time in milliseconds, the precision that is stored.

    Only handlers call it; every function of the domain has an argument `now`.
    """
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def elapsed() -> float:
    """Return the seconds of a clock that nobody sets: for the length of work, not for times."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Do nothing for some seconds."""
    time.sleep(seconds)


def deadline(seconds: float) -> Callable[[], bool]:
    """Return a function that returns whether `seconds` have passed since this call."""
    end = elapsed() + seconds
    return lambda: elapsed() > end


@lru_cache(maxsize=256)  # the customers of an import share their times
def format_timestamp(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC with milliseconds, e.g. `2026-11-21T10:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(moment: datetime) -> int:
    """Return a time as the milliseconds since 1970: shorter than text where it is stored often."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def require_rfc3339(value: Any) -> Any:
    """Return the value if it is a datetime or RFC 3339 text, else raise ValueError.

    Pydantic alone would accept numbers, too.
    """
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC_3339.fullmatch(value.strip())):
        return value
    raise ValueError("Use a time such as 2026-11-21T10:00:00Z.")


def in_utc(moment: datetime) -> datetime:
    """Return `moment`, or raise ValueError if it is before year 1 or after 9999 in UTC."""
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("Use a time between the years 1 and 9999.") from None
    return moment
