"""When a tax exemption ends: with its last day, in UTC. From then on it reads as none, everywhere.

The customer is stored as it was. So that no reader can forget the rule, it is applied where a
stored customer is read, with the day of the reading: this is the only clock of the domain.
"""

from datetime import date

from clientela import clock

NEVER = date.max


def today() -> date:
    """Return the current day in UTC."""
    return clock.now().date()


def is_over(last_day: date | str | None) -> bool:
    """Return whether an exemption with this last day, also as ISO 8601 text, has ended."""
    return last_day is not None and str(last_day) < today().isoformat()
