"""Cron expressions of EventBridge Scheduler, and the times at which they run in a time zone.

Source of the fields and of the rules for daylight-saving changes:
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import Field

from clientela.schema.documents import on_input

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")  # 1 to 7 for EventBridge, 0 to 6 for Unix
FIRST_YEAR, LAST_YEAR = 1970, 2199

_STEP = re.compile(r"(?P<first>\*|\w+)(-(?P<last>\w+))?(/(?P<step>\d+))?", re.ASCII)
_WRAPPED = re.compile(r"cron\((.*)\)", re.IGNORECASE)
_NEAREST_WORKDAY = re.compile(r"([1-9]|[12]\d|3[01])W")
_LAST_WEEKDAY = re.compile(r"([1-7])L")
_NTH_WEEKDAY = re.compile(r"([1-7])#([1-5])")


class _Field(NamedTuple):
    first: int
    last: int
    names: tuple[str, ...] = ()


_MINUTE, _HOUR, _DAY, _MONTH = _Field(0, 59), _Field(0, 23), _Field(1, 31), _Field(1, 12, MONTHS)
_WEEKDAY, _YEAR = _Field(1, 7, WEEKDAYS), _Field(FIRST_YEAR, LAST_YEAR)
_UNIX_WEEKDAY = _Field(0, 7, (*WEEKDAYS, "SUN"))
_FIELDS = (_MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY, _YEAR)


class CronFields(NamedTuple):
    """A parsed expression. `day` and `weekday` are None if the other one decides."""

    minutes: frozenset[int]
    hours: frozenset[int]
    day: str | None
    months: frozenset[int]
    weekday: str | None
    years: frozenset[int]


def normalize(text: str) -> str:
    """Return an expression with the six fields of EventBridge Scheduler, such as `0 3 * * ? *`.

    It may be wrapped in `cron(…)`, or have the five fields of Unix, with Sunday as 0 or 7.

    Raises:
        ValueError: the expression is invalid, or runs more often than once an hour.
    """
    wrapped = _WRAPPED.fullmatch(text.strip())
    fields = (wrapped[1] if wrapped else text).upper().split()
    if len(fields) == 5:
        fields = _from_unix(fields)
    if len(fields) != len(_FIELDS):
        raise _invalid()
    expression = " ".join(_with_plain_steps(text, field) for text, field in zip(fields, _FIELDS, strict=True))
    # With one minute, two runs are an hour apart; with two they are not.
    if len(_parse(expression).minutes) != 1:
        raise ValueError("Use one minute: runs must be at least an hour apart.")
    return expression


def runs_after(expression: str, timezone: str, after: datetime) -> Iterator[datetime]:
    """Yield the times, in UTC, at which a normalized expression runs after a moment.

    As EventBridge Scheduler: a local time that a change of the clocks leaves out does not run, and
    one that it repeats runs once, the first time.
    """
    fields, zone = _parse(expression), ZoneInfo(timezone)
    for day in _days(fields, after.astimezone(zone).date() - timedelta(days=1)):
        for hour in sorted(fields.hours):
            for minute in sorted(fields.minutes):
                local = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - made aware below
                run = local.replace(tzinfo=zone).astimezone(UTC)
                exists = run.astimezone(zone).replace(tzinfo=None) == local
                if exists and run > after:
                    yield run


def next_runs(expression: str, timezone: str, after: datetime, count: int = 3) -> list[datetime]:
    """Return the next `count` times of `runs_after`; fewer if the expression has no more."""
    return list(islice(runs_after(expression, timezone, after), count))


def _with_plain_steps(text: str, field: _Field) -> str:
    """Return a field with only the steps that EventBridge knows: `4/2` and `*/2`, on no weekday.

    The numbers of the others are listed: `1-9/4` is `1,5,9`, and `59/1` of minutes is `59`.
    """
    return ",".join(_with_plain_step(part, field) for part in text.split(","))


def _with_plain_step(part: str, field: _Field) -> str:
    if "/" not in part:
        return part
    numbers = _range(part, field)
    is_plain = "-" not in part and field is not _WEEKDAY and len(numbers) > 1
    return part if is_plain else ",".join(map(str, numbers))


def _from_unix(fields: list[str]) -> list[str]:
    minute, hour, day, month, weekday = fields
    if weekday in ("*", "?"):
        return [minute, hour, "*" if day == "?" else day, month, "?", "*"]
    if day not in ("*", "?"):
        raise _two_days()
    numbers = sorted({number % 7 for number in _numbers(weekday, _UNIX_WEEKDAY)})
    return [minute, hour, "?", month, ",".join(WEEKDAYS[number] for number in numbers), "*"]


@lru_cache(maxsize=256)
def _parse(expression: str) -> CronFields:
    minute, hour, day, month, weekday, year = expression.split()
    if (day == "?") == (weekday == "?"):
        raise _two_days()
    if not (day in ("?", "L") or _NEAREST_WORKDAY.fullmatch(day)):
        _numbers(day, _DAY)
    if not (weekday in ("?", "L") or _LAST_WEEKDAY.fullmatch(weekday) or _NTH_WEEKDAY.fullmatch(weekday)):
        _numbers(weekday, _WEEKDAY)
    return CronFields(
        minutes=_numbers(minute, _MINUTE),
        hours=_numbers(hour, _HOUR),
        day=None if day == "?" else day,
        months=_numbers(month, _MONTH),
        weekday=None if weekday == "?" else weekday,
        years=_numbers(year, _YEAR),
    )


def _numbers(text: str, field: _Field) -> frozenset[int]:
    """Return the numbers that a list of values, ranges and steps has."""
    return frozenset(number for part in text.split(",") for number in _range(part, field))


def _range(part: str, field: _Field) -> range:
    match = _STEP.fullmatch(part)
    if match is None or (match["first"] == "*" and match["last"]):
        raise _invalid()
    first = field.first if match["first"] == "*" else _number(match["first"], field)
    is_open = match["first"] == "*" or match["step"] is not None
    last = _number(match["last"], field) if match["last"] else field.last if is_open else first
    step = int(match["step"] or 1)
    if not (field.first <= first <= last <= field.last and 1 <= step <= field.last - field.first):
        raise _invalid()
    return range(first, last + 1, step)


def _number(text: str, field: _Field) -> int:
    if text in field.names:
        return field.names.index(text) + field.first
    if not text.isdigit():
        raise _invalid()
    return int(text)


def _days(fields: CronFields, first: date) -> Iterator[date]:
    for year in sorted(number for number in fields.years if number >= first.year):
        for month in sorted(fields.months):
            for day in _days_of(fields, year, month):
                if (found := date(year, month, day)) >= first:
                    yield found


def _days_of(fields: CronFields, year: int, month: int) -> list[int]:
    last = calendar.monthrange(year, month)[1]
    if fields.day is None:
        return _by_weekday(fields.weekday or "*", year, month, last)
    if fields.day == "L":
        return [last]
    if nearest := _NEAREST_WORKDAY.fullmatch(fields.day):
        return [_nearest_workday(year, month, int(nearest[1]), last)] if int(nearest[1]) <= last else []
    return sorted(number for number in _numbers(fields.day, _DAY) if number <= last)


def _by_weekday(weekday: str, year: int, month: int, last: int) -> list[int]:
    def days_on(numbers: frozenset[int]) -> list[int]:
        return [day for day in range(1, last + 1) if date(year, month, day).isoweekday() % 7 + 1 in numbers]

    if weekday == "L":
        return days_on(frozenset({7}))
    if match := _LAST_WEEKDAY.fullmatch(weekday):
        return days_on(frozenset({int(match[1])}))[-1:]
    if match := _NTH_WEEKDAY.fullmatch(weekday):
        number = int(match[2])
        return days_on(frozenset({int(match[1])}))[number - 1 : number]
    return days_on(_numbers(weekday, _WEEKDAY))


def _nearest_workday(year: int, month: int, day: int, last: int) -> int:
    """Return the day itself, or the workday next to it within the month."""
    weekday = date(year, month, day).isoweekday()
    if weekday == calendar.SATURDAY + 1:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY + 1:
        return day + 1 if day < last else day - 2
    return day


def _invalid() -> ValueError:
    return ValueError("Use a cron expression with five or six fields, such as 0 3 * * *.")


def _two_days() -> ValueError:
    return ValueError("Use a day of the month or a day of the week, not both.")


Cron = Annotated[str, Field(max_length=100, examples=["0 3 * * ? *"]), on_input(normalize)]
