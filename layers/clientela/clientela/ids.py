"""Identifiers: ULIDs with a prefix that says what they name, so that a wrong id is seen at once."""

import secrets
from datetime import datetime

from ulid import ULID


def new(prefix: str, now: datetime) -> str:
    """`cus_01KAJ…`: sorts by time of making; 80 random bits beside the time."""
    return f"{prefix}_{ULID.from_datetime(now)}"


def secret() -> str:
    """256 random bits, URL-safe: the part of a token or key that is stored only as a hash."""
    return secrets.token_urlsafe(32)
