"""API keys of a store: `ck_<id>_<secret>`, shown once, kept as a hash, each with the scopes it is good for."""

import contextlib
import hmac
import time
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, create_model
from pynamodb.attributes import UnicodeAttribute

from clientela import clock, ids
from clientela.errors import KeyMissingError, KeyNotFoundError, ScopeMissingError, VersionConflictError
from clientela.schema.documents import Model
from clientela.schema.fields import Name, Timestamp
from clientela.schema.merge_patch import all_optional, apply_patch
from clientela.signing import sha256_hex
from clientela.table import keys, records
from clientela.table.attributes import DocumentAttribute
from clientela.table.records import Record

CACHED_SECONDS = 30  # a revoked key is dead everywhere within half a minute
ROTATION = timedelta(days=1)

Scope = Literal[
    "customers:read", "customers:write", "groups:read", "groups:write", "imports:read", "imports:write",
    "exports:read", "exports:write", "reports:read", "settings:read", "settings:write", "keys:read", "keys:write",
]  # fmt: skip
ALL_SCOPES: tuple[Scope, ...] = get_args(Scope)


class NewKey(Model):
    """An API key to make; without scopes it is good for everything."""

    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1)] = list(ALL_SCOPES)
    expires_at: Timestamp | None = None


KeyChanges = create_model(
    "KeyChanges",
    __base__=Model,
    __doc__="Changes to a key, as a JSON Merge Patch (RFC 7396).",
    **all_optional(NewKey),
)


class Key(NewKey):
    """An API key as it can be shown at any time: without its secret."""

    id: str
    created_at: Timestamp
    last_used_at: Timestamp | None = None


class IssuedKey(Key):
    """An API key as it is shown once, when it is made or rotated."""

    key: str


class KeyRecord(Record):
    """`STORE#demo` / `KEY#key_01K…`. While it is rotated, two secrets are good."""

    secret_hash = UnicodeAttribute()
    previous_hash = UnicodeAttribute(null=True)
    previous_until = UnicodeAttribute(null=True)
    last_used_at = UnicodeAttribute(null=True)
    key = DocumentAttribute(Key)

    def to_key(self) -> Key:
        """The key with the hour of its last use."""
        used = datetime.fromisoformat(self.last_used_at) if self.last_used_at else None
        return self.key.model_copy(update={"last_used_at": used})


def create(store_id: str, new: NewKey, now: datetime) -> IssuedKey:
    """Make a key. The answer alone holds the secret: 256 random bits, so that a plain hash at rest suffices. 1 write unit."""
    key = Key(**new.model_dump(), id=ids.new("key", now), created_at=now)
    secret = ids.secret()
    records.put(KeyRecord(keys.store(store_id), keys.api_key(key.id), secret_hash=sha256_hex(secret), key=key))
    return _issued(key, secret)


def patch(store_id: str, key_id: str, changes: Any, by: Key) -> Key:
    """Apply a JSON Merge Patch (RFC 7396) to a key's name, scopes and end. InvalidInputError, KeyNotFoundError;
    ScopeMissingError where the key can do, or is to do, more than the one that changes it.

    It holds everywhere within CACHED_SECONDS. 1 write unit.
    """
    record = get_record(store_id, key_id)
    after = record.key.model_copy(update=dict(apply_patch(NewKey, record.key, changes)))
    for key in (record.key, after):
        require_within(by, key)
    unrotated = KeyRecord.secret_hash == record.secret_hash
    record.key = after
    records.put(record, unrotated, VersionConflictError("The key was rotated meanwhile."))
    _cache.pop((store_id, key_id), None)
    return after


def rotate(store_id: str, key_id: str, now: datetime) -> IssuedKey:
    """Give a key a new secret; the old one stays good for a day, so that nothing stands still. KeyNotFoundError."""
    record, secret = get_record(store_id, key_id), ids.secret()
    records.update(
        record,
        [
            KeyRecord.previous_hash.set(record.secret_hash),
            KeyRecord.previous_until.set(clock.format_timestamp(now + ROTATION)),
            KeyRecord.secret_hash.set(sha256_hex(secret)),
        ],
        KeyRecord.secret_hash == record.secret_hash,
        VersionConflictError("The key was rotated at the same moment."),
    )
    _cache.pop((store_id, key_id), None)
    return _issued(record.key, secret)


def revoke(store_id: str, key_id: str) -> None:
    """End a key for good: it is refused everywhere within CACHED_SECONDS. KeyNotFoundError. 1 write unit."""
    record = KeyRecord(keys.store(store_id), keys.api_key(key_id))
    records.delete(record, KeyRecord.pk.exists(), KeyNotFoundError(f"There is no API key {key_id!r}."))
    _cache.pop((store_id, key_id), None)


def get_record(store_id: str, key_id: str) -> KeyRecord:
    """The key's record as it is now. KeyNotFoundError. 1 read unit."""
    record = KeyRecord.find(keys.store(store_id), keys.api_key(key_id))
    if record is None:
        raise KeyNotFoundError(f"There is no API key {key_id!r}.")
    return record


def authenticate(store_id: str, presented: str, now: datetime) -> Key:
    """The store's key that was presented. KeyMissingError for any other text, and for a key of another store.

    1 read unit when the key is not at hand; 1 write unit once an hour for the time of its last use.
    """
    prefix, _, rest = presented.partition("_")
    key_id, _, secret = rest.partition("_")
    record = _record(store_id, f"key_{key_id}") if prefix == "ck" and len(key_id) == 26 and key_id.isalnum() else None
    # Compared also where there is no record, so that the time taken does not tell which ids exist.
    matches = [
        hmac.compare_digest(sha256_hex(secret), good) for good in (_good_hashes(record, now) if record else ["-"])
    ]
    if record is None or not any(matches) or (record.key.expires_at and record.key.expires_at <= now):
        raise KeyMissingError("Send `Authorization: Bearer ck_…` with a key of this store.")
    _record_use(record, now)
    return record.key


def require_scope(key: Key, scope: Scope) -> None:
    """Raise ScopeMissingError unless the key has the scope."""
    if scope not in key.scopes:
        raise ScopeMissingError(f"This key lacks the scope {scope}.")


def require_within(key: Key, other: NewKey) -> None:
    """Raise ScopeMissingError unless all that the other key can do, and as long as it can, this one can too."""
    for scope in other.scopes:
        require_scope(key, scope)
    if key.expires_at and (other.expires_at is None or other.expires_at > key.expires_at):
        raise ScopeMissingError("This key ends before that one would.")


def list_all(store_id: str) -> list[Key]:
    """All keys of a store, oldest first."""
    found = KeyRecord.list_by_prefix(keys.store(store_id), keys.KEY_PREFIX)
    return [record.to_key() for record in found]


_cache: dict[tuple[str, str], tuple[float, KeyRecord]] = {}


def _record(store_id: str, key_id: str) -> KeyRecord | None:
    read_at, cached = _cache.get((store_id, key_id), (0.0, None))
    if cached and time.monotonic() - read_at < CACHED_SECONDS:
        return cached
    record = KeyRecord.find(keys.store(store_id), keys.api_key(key_id))
    if record:
        _cache[store_id, key_id] = (time.monotonic(), record)
    return record


def _good_hashes(record: KeyRecord, now: datetime) -> list[str]:
    rotating = record.previous_hash and record.previous_until and clock.format_timestamp(now) < record.previous_until
    return [record.secret_hash, record.previous_hash] if rotating else [record.secret_hash]


def _record_use(record: KeyRecord, now: datetime) -> None:
    hour = clock.format_timestamp(now.replace(minute=0, second=0, microsecond=0))
    if record.last_used_at != hour:
        with contextlib.suppress(KeyNotFoundError):  # revoked meanwhile: must not come back as an item of its own
            records.update(record, [KeyRecord.last_used_at.set(hour)], KeyRecord.pk.exists(), KeyNotFoundError())


def _issued(key: Key, secret: str) -> IssuedKey:
    return IssuedKey(**key.model_dump(), key=f"ck_{key.id.removeprefix('key_')}_{secret}")
