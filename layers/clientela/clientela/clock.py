"""Times as the API writes them: UTC, RFC 3339, always of the same width, so that text order is time order."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current time, to the millisecond that is stored. Only handlers call it; every verb takes `now` as an argument."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, e.g. `2026-11-21T10:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
