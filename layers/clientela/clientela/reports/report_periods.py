"""Periods of reports: whole days of the store's time zone, half-open, and their rows.

Any two days up to `MAX_DAYS` apart make a period. A longer one begins and ends with months: so
every figure of it, also the number of different customers, comes from some dozens of counters.
"""

from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from clientela.errors import FieldError, InvalidInputError
from clientela.reports.report_contributions import MAX_DISTANCE
from clientela.schema import timezones
from clientela.sentences import Sentence

MAX_DAYS = MAX_DISTANCE + 1
YEARS = range(1900, 2201)
MAX_MONTHS = 120
_YEAR = 12  # months of the period that nobody has named

type Interval = Literal["day", "week", "month"]


class Period(NamedTuple):
    """The days from `start` until before `end`."""

    start: date
    end: date

    @property
    def has_whole_months(self) -> bool:
        """Whether the period begins and ends with months."""
        return self.start.day == self.end.day == 1

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.end - self.start).days

    def before(self) -> "Period | None":
        """Return the period of the same length that ends where this one starts, if there is one."""
        try:
            if self.has_whole_months:
                return Period(_add_months(self.start, -_months(self.start, self.end)), self.start)
            return Period(self.start - (self.end - self.start), self.start)
        except (OverflowError, ValueError):  # before the year 1
            return None


class PeriodRow(NamedTuple):
    """A row of a report: its days, and whether they are over or still to come."""

    period: Period
    is_complete: bool
    is_to_come: bool


def parse(start: date | None, end: date | None, interval: Interval, today: date) -> Period:
    """Return the period of a request: by default the last twelve months, this one included.

    Raises:
        InvalidInputError: `end` is not after `start`, the period is too long, or it is longer than
            MAX_DAYS and has no whole months, or a year is not within YEARS.
    """
    require_year("from", start)
    require_year("to", end)
    end = end or _month_after(max(today, start) if start else today)
    start = start or _add_months(end.replace(day=1), -_YEAR)
    period = Period(start, end)
    if end <= start:
        raise _invalid("to", Sentence("Use a day after {day}.", day=start))
    if _months(start, end) > MAX_MONTHS:
        raise _invalid("from", Sentence("Use a period of at most {max} months.", max=MAX_MONTHS))
    if period.days <= MAX_DAYS:
        return period
    if interval != "month":
        raise _invalid("interval", Sentence("Use months for a period of more than {max} days.", max=MAX_DAYS))
    if not period.has_whole_months:
        name = "from" if start.day != 1 else "to"
        raise _invalid(
            name, Sentence("Use the first day of a month for a period of more than {max} days.", max=MAX_DAYS)
        )
    return period


def require_year(name: str, day: date | None) -> None:
    """Require a day of a request to be within YEARS: the calendar of Python ends at 1 and 9999.

    Raises:
        InvalidInputError: it is not.
    """
    if day and day.year not in YEARS:
        raise _invalid(name, Sentence("Use a year from {first} to {last}.", first=YEARS[0], last=YEARS[-1]))


def rows(period: Period, interval: Interval, today: date) -> list[PeriodRow]:
    """Return the rows of a period: its days, ISO weeks or months, of which the outer may be cut."""
    found, start = list[PeriodRow](), period.start
    while start < period.end:
        found.append(row(Period(start, min(_next(start, interval), period.end)), today))
        start = found[-1].period.end
    return found


def row(period: Period, today: date) -> PeriodRow:
    """Return a period with its state today."""
    return PeriodRow(period, period.end <= today, period.start > today)


def months(period: Period) -> list[date]:
    """Return the first days of the months of a period that has whole ones."""
    return [_add_months(period.start, number) for number in range(_months(period.start, period.end))]


def with_whole_months(period: Period) -> Period:
    """Return the months of which a period has days."""
    return Period(period.start.replace(day=1), month_end(period.end - timedelta(days=1)))


def month_end(day: date) -> date:
    """Return the first day after a day's month."""
    return _month_after(day)


def day_after(day: date) -> date:
    """Return the next day."""
    return day + timedelta(days=1)


def today_in(zone: str, now: datetime) -> date:
    """Return the present day in a zone."""
    return now.astimezone(ZoneInfo(zone)).date()


def complete_until(end: date, zone: str, now: datetime) -> datetime:
    """Return the end of the last day before `end` that is over."""
    return timezones.start_of(min(end, today_in(zone, now)), zone)


def _next(start: date, interval: Interval) -> date:
    if interval == "day":
        return start + timedelta(days=1)
    if interval == "week":
        return start + timedelta(days=8 - start.isoweekday())
    return _month_after(start)


def _month_after(day: date) -> date:
    return _add_months(day.replace(day=1), 1)


def _add_months(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _months(start: date, end: date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month


def _invalid(name: str, message: Sentence) -> InvalidInputError:
    return InvalidInputError(fields=[FieldError(name, message)])
