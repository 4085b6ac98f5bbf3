"""API keys of a store: `ck_<id>_<secret>`, shown once, stored as a hash, each with its scopes."""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import Field, create_model
from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela import clock, ids
from clientela.errors import (
    FieldError,
    InvalidInputError,
    KeyMissingError,
    KeyNotFoundError,
    ScopeMissingError,
)
from clientela.schema.actors import OPERATOR, Actor, FieldChange
from clientela.schema.documents import Model
from clientela.schema.fields import Name, Timestamp
from clientela.schema.merge_patch import all_optional
from clientela.sentences import Sentence
from clientela.signing import constant_time_equal, sha256_hex
from clientela.stores import audit_trail, stores
from clientela.stores.timed_cache import TimedCache
from clientela.table import keys, records
from clientela.table.attributes import DocumentAttribute
from clientela.table.records import Record
from clientela.table.transactions import Transaction

CACHED_SECONDS = 30  # a function instance may accept a revoked key for this long

Scope = Literal[
    "customers:read", "customers:write", "groups:read", "groups:write", "imports:read", "imports:write",
    "exports:read", "exports:write", "reports:read", "settings:read", "settings:write", "keys:read", "keys:write",
    "audit:read",
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


type Author = Key | Actor  # an operator is bound by no scopes


class KeyRecord(Record):
    """`STORE#demo` / `KEY#key_01K…`. Each secret stays valid for a day after its rotation."""

    AUDITED = True
    secret_hash = UnicodeAttribute()
    earlier = JSONAttribute(null=True)  # hashes of earlier secrets, each with the end of its validity
    last_used_at = UnicodeAttribute(null=True)
    key = DocumentAttribute(Key)
    version = NumberAttribute(null=True)  # of `key`; none before its first change

    def to_key(self) -> Key:
        """Return the key with the hour of its last use."""
        last_used_at = datetime.fromisoformat(self.last_used_at) if self.last_used_at else None
        return self.key.model_copy(update={"last_used_at": last_used_at})


def create(store_id: str, new: NewKey, now: datetime, by: Author = OPERATOR) -> IssuedKey:
    """Create a key and return it with its secret.

    The secret is not stored. It has 256 random bits, so a plain hash of it is safe at rest.

    Raises:
        InvalidInputError: the key would have expired already.
        ScopeMissingError: the key would have more rights than the key `by`.

    Cost: 4 write units.
    """
    require_future(new, now)
    require_within(by, new)
    key = Key(**new.model_dump(), id=ids.new("key", now), created_at=now)
    secret = ids.secret()
    with Transaction() as write:
        write.put_record(KeyRecord(keys.store(store_id), keys.api_key(key.id), secret_hash=sha256_hex(secret), key=key))
        add_entry(write, store_id, by, now, "api_key.created", key.id, audit_trail.differences(None, key))
    return issue(key, secret)


def get_record(store_id: str, key_id: str) -> KeyRecord:
    """Return the key's record as it is stored now — KeyNotFoundError. 1 read unit."""
    record = KeyRecord.find(keys.store(store_id), keys.api_key(key_id))
    if record is None:
        raise KeyNotFoundError(Sentence("API key “{id}” not found.", id=key_id))
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
    valid_hashes: Sequence[str | None] = _valid_hashes(record, now) if record else [None]
    matches = [constant_time_equal(sha256_hex(secret), valid_hash) for valid_hash in valid_hashes]
    if record is None or not any(matches) or (record.key.expires_at and record.key.expires_at <= now):
        raise KeyMissingError("Send `Authorization: Bearer ck_…` with a key of this store.")
    _record_use(record, now)
    return record.key


def require_scope(key: Key, scope: Scope) -> None:
    """Raise ScopeMissingError unless the key has the scope."""
    if scope not in key.scopes:
        raise ScopeMissingError(Sentence("This key lacks the scope {scope}.", scope=scope))


def list_all(store_id: str) -> list[Key]:
    """Return all keys of a store, oldest first. 1 read unit per 4 KB."""
    return [record.to_key() for record in KeyRecord.list_by_prefix(keys.store(store_id), keys.KEY_PREFIX)]


def require_within(by: Author, other: NewKey) -> None:
    """Raise ScopeMissingError if `other` has more scopes than the key `by`, or expires later."""
    if isinstance(by, Actor):  # an operator
        return
    for scope in other.scopes:
        require_scope(by, scope)
    if by.expires_at and (other.expires_at is None or other.expires_at > by.expires_at):
        raise ScopeMissingError("This key expires before the other key would.")


def require_future(key: NewKey, now: datetime) -> None:
    """Raise InvalidInputError if the key would have expired already."""
    if key.expires_at and key.expires_at <= now:
        raise InvalidInputError(fields=[FieldError("/expires_at", "Use a time in the future.")])


def is_unchanged(record: KeyRecord) -> Condition:
    """Return the condition that nobody has changed or revoked the key since it was read."""
    if record.version is None:
        return KeyRecord.pk.exists() & KeyRecord.version.does_not_exist()
    return KeyRecord.version == record.version


def earlier_secrets(record: KeyRecord, now: datetime) -> list[list[str]]:
    """Return the earlier secrets that are still valid, oldest first: hash and end."""
    return [each for each in record.earlier or () if clock.format_timestamp(now) < each[1]]


def issue(key: Key, secret: str) -> IssuedKey:
    """Return the key with its secret in the form that callers send."""
    return IssuedKey(**key.model_dump(), key=f"ck_{key.id.removeprefix('key_')}_{secret}")


def add_entry(
    write: Transaction,
    store_id: str,
    by: Author,
    now: datetime,
    action: audit_trail.Action,
    key_id: str,
    changes: Sequence[FieldChange] = (),
) -> None:
    """Add an entry of the audit trail to the transaction that changes a key. 2 write units."""
    actor = by if isinstance(by, Actor) else Actor("api_key", by.id)
    audit_trail.add(write, stores.get(store_id), actor, now, action, key_id, changes)


def forget(store_id: str, key_id: str) -> None:
    """Read the key from the table the next time."""
    _cache.discard((store_id, key_id))


_cache = TimedCache[tuple[str, str], KeyRecord](CACHED_SECONDS)


def _record(store_id: str, key_id: str) -> KeyRecord | None:
    record = _cache.get((store_id, key_id))
    if record is None:
        record = KeyRecord.find(keys.store(store_id), keys.api_key(key_id))
        if record:
            _cache.put((store_id, key_id), record)
    return record


def _valid_hashes(record: KeyRecord, now: datetime) -> list[str]:
    return [record.secret_hash, *(secret_hash for secret_hash, _ in earlier_secrets(record, now))]


def _record_use(record: KeyRecord, now: datetime) -> None:
    hour = clock.format_timestamp(now.replace(minute=0, second=0, microsecond=0))
    if record.last_used_at != hour:
        # A key that was revoked meanwhile must not come back.
        with contextlib.suppress(KeyNotFoundError):
            used: list[Action] = [KeyRecord.last_used_at.set(hour)]
            records.update(record, used, KeyRecord.pk.exists(), KeyNotFoundError(), is_bookkeeping=True)
            record.last_used_at = hour  # in the cache, so that the next request does not write again
