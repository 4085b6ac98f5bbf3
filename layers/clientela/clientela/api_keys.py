"""API keys of a store: `ck_<id>_<secret>`, shown once, kept as a hash, each with the scopes it is good for."""

import hashlib
import hmac
import time
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import Field
from pynamodb.attributes import UnicodeAttribute

from clientela import ids, keys
from clientela.customer_fields import Name, Stamp
from clientela.documents import Document, DocumentAttribute
from clientela.errors import KeyMissingError, ScopeMissingError
from clientela.table import Record

CACHED_SECONDS = 30  # a revoked key is dead everywhere within half a minute

Scope = Literal[
    "customers:read", "customers:write", "groups:read", "groups:write", "imports:read", "imports:write",
    "exports:read", "exports:write", "reports:read", "settings:read", "settings:write", "keys:read", "keys:write",
]  # fmt: skip
ALL_SCOPES: tuple[Scope, ...] = get_args(Scope)


class NewKey(Document):
    """An API key to make; without scopes it is good for everything."""

    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1)] = list(ALL_SCOPES)
    expires_at: Stamp | None = None


class Key(NewKey):
    """An API key as it can be shown at any time: without its secret."""

    id: str
    created_at: Stamp


class IssuedKey(Key):
    """An API key as it is shown once, when it is made."""

    key: str


class KeyRecord(Record):
    """`STORE#demo` / `KEY#key_01K…`."""

    secret_hash = UnicodeAttribute()
    key = DocumentAttribute(Key)


def create(store_id: str, new: NewKey, now: datetime) -> IssuedKey:
    """Make a key. The answer alone holds the secret: 256 random bits, so that a plain hash at rest suffices. 1 write unit."""
    key = Key(**new.model_dump(), id=ids.new("key", now), created_at=now)
    secret = ids.secret()
    KeyRecord(keys.store(store_id), keys.api_key(key.id), secret_hash=_hash(secret), key=key).save()
    return IssuedKey(**key.model_dump(), key=f"ck_{key.id.removeprefix('key_')}_{secret}")


def authenticate(store_id: str, presented: str, now: datetime) -> Key:
    """The store's key that was presented. KeyMissingError for any other text, and for a key of another store.

    1 read unit when the key is not at hand.
    """
    prefix, _, rest = presented.partition("_")
    key_id, _, secret = rest.partition("_")
    record = _record(store_id, f"key_{key_id}") if prefix == "ck" and key_id.isalnum() and len(key_id) == 26 else None
    # Compared also where there is no record, so that the time taken does not tell which ids exist.
    matches = hmac.compare_digest(_hash(secret), record.secret_hash if record else _hash(""))
    if record is None or not matches or (record.key.expires_at and record.key.expires_at <= now):
        raise KeyMissingError("Send `Authorization: Bearer ck_…` with a key of this store.")
    return record.key


def demand(key: Key, scope: Scope) -> None:
    """Raise ScopeMissingError unless the key has the scope."""
    if scope not in key.scopes:
        raise ScopeMissingError(f"This key lacks the scope {scope}.")


def every(store_id: str) -> list[Key]:
    """All keys of a store, oldest first."""
    records = KeyRecord.query(keys.store(store_id), KeyRecord.sk.startswith(keys.KEY_PREFIX), consistent_read=True)
    return [record.key for record in records]


_cache: dict[tuple[str, str], tuple[float, KeyRecord]] = {}


def _record(store_id: str, key_id: str) -> KeyRecord | None:
    read_at, cached = _cache.get((store_id, key_id), (0.0, None))
    if cached and time.monotonic() - read_at < CACHED_SECONDS:
        return cached
    record = KeyRecord.find(keys.store(store_id), keys.api_key(key_id))
    if record:
        _cache[store_id, key_id] = (time.monotonic(), record)
    return record


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
