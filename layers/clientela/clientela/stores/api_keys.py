"""API keys of a store: `ck_<id>_<secret>`, shown once, stored as a hash, each with its scopes."""

import contextlib
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, create_model
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from clientela import clock, ids
from clientela.concurrency import retry_on_conflict
from clientela.errors import (
    BusyError,
    FieldError,
    InvalidInputError,
    KeyMissingError,
    KeyNotFoundError,
    ScopeMissingError,
    VersionConflictError,
)
from clientela.schema.documents import Model
from clientela.schema.fields import Name, Timestamp
from clientela.schema.merge_patch import all_optional, apply_patch
from clientela.signing import constant_time_equal, sha256_hex
from clientela.stores.timed_cache import TimedCache
from clientela.table import idempotency, keys, records
from clientela.table.attributes import DocumentAttribute
from clientela.table.records import Record

CACHED_SECONDS = 30  # a function instance may accept a revoked key for this long
ROTATION = timedelta(days=1)

Scope = Literal[
    "customers:read", "customers:write", "groups:read", "groups:write", "imports:read", "imports:write",
    "exports:read", "exports:write", "reports:read", "settings:read", "settings:write", "keys:read", "keys:write",
]  # fmt: skip
ALL_SCOPES: tuple[Scope, ...] = get_args(Scope)


class NewKey(Model):
    """An API key to create; without scopes it gets all."""

    name: Name
    """The name, for the merchant's staff. Example: Back office"""
    scopes: Annotated[list[Scope], Field(min_length=1)] = list(ALL_SCOPES)
    """What the key may do; all if it is absent. Example: ["customers:read", "customers:write"]"""
    expires_at: Timestamp | None = None
    """When the key expires; null for never. Example: 2030-01-31T00:00:00.000Z"""


KeyChanges = create_model(
    "KeyChanges",
    __base__=Model,
    __doc__="Changes to a key, as a JSON Merge Patch (RFC 7396).",
    **all_optional(NewKey),
)


class Key(NewKey):
    """An API key without its secret."""

    id: str
    """The id of the key, which is part of its secret. Example: key_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    created_at: Timestamp
    """When the key was created."""
    last_used_at: Timestamp | None = None
    """The hour of the last use; null if it was never used."""


class IssuedKey(Key):
    """An API key with its secret, returned only when it is created or rotated."""

    key: str
    """The secret, for `Authorization: Bearer`. It is shown only here. Example:
    ck_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6_kq2vN0"""


class KeyRecord(Record):
    """`STORE#demo` / `KEY#key_01K…`. For a day after a rotation two secrets are valid."""

    secret_hash = UnicodeAttribute()
    previous_hash = UnicodeAttribute(null=True)
    previous_until = UnicodeAttribute(null=True)
    last_used_at = UnicodeAttribute(null=True)
    key = DocumentAttribute(Key)
    version = NumberAttribute(null=True)  # of `key`; none before its first change

    def to_key(self) -> Key:
        """Return the key with the hour of its last use."""
        last_used_at = datetime.fromisoformat(self.last_used_at) if self.last_used_at else None
        return self.key.model_copy(update={"last_used_at": last_used_at})


def create(store_id: str, new: NewKey, now: datetime) -> IssuedKey:
    """Create a key and return it with its secret. 1 write unit.

    The secret is not stored. It has 256 random bits, so a plain hash of it is safe at rest.

    Raises:
        InvalidInputError: the key would have expired already.
    """
    _require_future(new, now)
    key = Key(**new.model_dump(), id=ids.new("key", now), created_at=now)
    secret = ids.secret()
    records.put(KeyRecord(keys.store(store_id), keys.api_key(key.id), secret_hash=sha256_hex(secret), key=key))
    return _issued(key, secret)


def patch(store_id: str, key_id: str, changes: Any, now: datetime, by: Key) -> Key:
    """Apply a JSON Merge Patch (RFC 7396) to a key's name, scopes and expiry.

    The change applies everywhere within CACHED_SECONDS.

    Raises:
        KeyNotFoundError: the store has no such key.
        InvalidInputError: the changed key is invalid, or its new end is past: to end a key,
            revoke it.
        ScopeMissingError: the key has, or would get, more rights than the key `by`.
        BusyError: others keep changing the key.

    Cost: 1 read unit, 1 write unit.
    """

    def attempt() -> Key:
        record = get_record(store_id, key_id)
        after = record.key.model_copy(update=dict(apply_patch(NewKey, record.key, changes)))
        if after.expires_at != record.key.expires_at:
            _require_future(after, now)
        for key in (record.key, after):
            require_within(by, key)
        next_version = KeyRecord.version.set((record.version or 0) + 1)
        records.update(record, [KeyRecord.key.set(after), next_version], _is_unchanged(record), BusyError())
        return after

    after = retry_on_conflict(attempt)
    _cache.discard((store_id, key_id))
    return after


def rotate(store_id: str, key_id: str, now: datetime) -> IssuedKey:
    """Give a key a new secret. The old secret stays valid for a day, so that callers can switch.

    Raises:
        KeyNotFoundError: the store has no such key.
        VersionConflictError: the key was rotated at the same moment.

    Cost: 1 read unit, 1 write unit.
    """
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
    _cache.discard((store_id, key_id))
    return _issued(record.key, secret)


def revoke(store_id: str, key_id: str) -> None:
    """Delete a key — KeyNotFoundError. It is rejected after CACHED_SECONDS.

    The answers stored for its repeats are deleted: nobody can ask for them, and no erasure would
    find them.

    Cost: 1 write unit, and 1 for each answer of the last day.
    """
    record = KeyRecord(keys.store(store_id), keys.api_key(key_id))
    records.delete(record, KeyRecord.pk.exists(), KeyNotFoundError(f"API key {key_id!r} not found."))
    idempotency.delete_all(keys.caller(store_id, key_id))
    _cache.discard((store_id, key_id))


def get_record(store_id: str, key_id: str) -> KeyRecord:
    """Return the key's record as it is stored now — KeyNotFoundError. 1 read unit."""
    record = KeyRecord.find(keys.store(store_id), keys.api_key(key_id))
    if record is None:
        raise KeyNotFoundError(f"API key {key_id!r} not found.")
    return record


def authenticate(store_id: str, token: str, now: datetime) -> Key:
    """Return the store's key that `token` (`ck_…`) belongs to.

    Raises:
        KeyMissingError: the token is invalid, expired or revoked, or belongs to another store.

    Cost: 1 read unit if the key is not cached; 1 write unit once an hour to record its use.
    """
    prefix, _, rest = token.partition("_")
    key_id, _, secret = rest.partition("_")
    record = _record(store_id, f"key_{key_id}") if prefix == "ck" and len(key_id) == 26 and key_id.isalnum() else None
    # Compared also without a record, so that the time does not reveal which ids exist.
    valid_hashes = _valid_hashes(record, now) if record else [None]
    matches = [constant_time_equal(sha256_hex(secret), valid_hash) for valid_hash in valid_hashes]
    if record is None or not any(matches) or (record.key.expires_at and record.key.expires_at <= now):
        raise KeyMissingError("Send `Authorization: Bearer ck_…` with a key of this store.")
    _record_use(record, now)
    return record.key


def require_scope(key: Key, scope: Scope) -> None:
    """Raise ScopeMissingError unless the key has the scope."""
    if scope not in key.scopes:
        raise ScopeMissingError(f"This key lacks the scope {scope}.")


def require_within(key: Key, other: NewKey) -> None:
    """Raise ScopeMissingError if `other` has more scopes than `key`, or expires later."""
    for scope in other.scopes:
        require_scope(key, scope)
    if key.expires_at and (other.expires_at is None or other.expires_at > key.expires_at):
        raise ScopeMissingError("This key expires before the other key would.")


def list_all(store_id: str) -> list[Key]:
    """Return all keys of a store, oldest first. 1 read unit per 4 KB."""
    return [record.to_key() for record in KeyRecord.list_by_prefix(keys.store(store_id), keys.KEY_PREFIX)]


def _require_future(key: NewKey, now: datetime) -> None:
    if key.expires_at and key.expires_at <= now:
        raise InvalidInputError(fields=[FieldError("/expires_at", "must be in the future")])


_cache = TimedCache[tuple[str, str], KeyRecord](CACHED_SECONDS)


def _record(store_id: str, key_id: str) -> KeyRecord | None:
    record = _cache.get((store_id, key_id))
    if record is None:
        record = KeyRecord.find(keys.store(store_id), keys.api_key(key_id))
        if record:
            _cache.put((store_id, key_id), record)
    return record


def _is_unchanged(record: KeyRecord) -> Condition:
    if record.version is None:
        return KeyRecord.pk.exists() & KeyRecord.version.does_not_exist()
    return KeyRecord.version == record.version


def _valid_hashes(record: KeyRecord, now: datetime) -> list[str | None]:
    is_rotating = record.previous_hash and record.previous_until and clock.format_timestamp(now) < record.previous_until
    return [record.secret_hash, record.previous_hash] if is_rotating else [record.secret_hash]


def _record_use(record: KeyRecord, now: datetime) -> None:
    hour = clock.format_timestamp(now.replace(minute=0, second=0, microsecond=0))
    if record.last_used_at != hour:
        # A key that was revoked meanwhile must not come back.
        with contextlib.suppress(KeyNotFoundError):
            records.update(record, [KeyRecord.last_used_at.set(hour)], KeyRecord.pk.exists(), KeyNotFoundError())
            record.last_used_at = hour  # in the cache, so that the next request does not write again


def _issued(key: Key, secret: str) -> IssuedKey:
    return IssuedKey(**key.model_dump(), key=f"ck_{key.id.removeprefix('key_')}_{secret}")
