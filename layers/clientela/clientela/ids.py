"""Identifiers: ULIDs with a prefix that says what they name, so that a wrong id is seen at once."""

import hashlib
import secrets
from datetime import datetime

from ulid import ULID


def new(prefix: str, now: datetime) -> str:
    """`cus_01KAJ…`: sorts by time of making; 80 random bits beside the time."""
    return f"{prefix}_{ULID.from_datetime(now)}"


def derived(prefix: str, moment: datetime, *origin: str) -> str:
    """Like `new`, but always the same for the same moment and origin: what is made twice from one source is one thing."""
    stamp = ULID.from_datetime(moment).bytes[:6]
    return f"{prefix}_{ULID.from_bytes(stamp + hashlib.sha256('\0'.join(origin).encode()).digest()[:10])}"


def secret() -> str:
    """256 random bits, URL-safe: the part of a token or key that is stored only as a hash."""
    return secrets.token_urlsafe(32)
