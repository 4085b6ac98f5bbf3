"""Identifiers: ULIDs with a prefix for their type, so that a mixed-up id is noticed at once."""

import hashlib
import secrets
from datetime import datetime
from functools import lru_cache

from ulid import ULID

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


def new(prefix: str, now: datetime) -> str:
    """Return a new id, e.g. `cus_01KAJ…`. It sorts by creation time and has 80 random bits."""
    return f"{prefix}_{ULID.from_datetime(now)}"


def derived(prefix: str, moment: datetime, *origin: str, number: int | None = None) -> str:
    """Return the same id for the same moment and origin, so that a repeat makes no duplicate.

    Ids of one moment sort by `number`, if they have one: up to 32 of their 80 bits are then of it.
    """
    origin_hash = hashlib.sha256("\0".join(origin).encode()).digest()
    number_bytes = b"" if number is None else min(number, 2**32 - 1).to_bytes(4)
    high, low = divmod(int.from_bytes((number_bytes + origin_hash)[:10]), 1 << 40)
    return f"{prefix}_{_time_part(moment)}{_base_32(high)}{_base_32(low)}"


@lru_cache(maxsize=64)
def _time_part(moment: datetime) -> str:
    return str(ULID.from_datetime(moment))[:10]


def _base_32(number: int) -> str:
    """Return 40 bits in Crockford's alphabet, two characters at a time."""
    return "".join(_PAIRS[number >> shift & 1023] for shift in (30, 20, 10, 0))


def mark() -> str:
    """Return 64 random bits, to recognise a write whose reply was lost."""
    return secrets.token_hex(8)


def created_at(identifier: str) -> datetime:
    """Return the time at which an id was made, to the millisecond."""
    return ULID.from_str(identifier.rpartition("_")[2]).datetime


def secret() -> str:
    """Return 256 random bits, URL-safe, for a token or key that is stored only as a hash."""
    return secrets.token_urlsafe(32)
