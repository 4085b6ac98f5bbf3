"""Changes of an API key: patch, rotate, revoke. Each is one transaction with its audit entry."""

import math
from datetime import datetime, timedelta
from typing import Any

from pynamodb.expressions.update import Action

from clientela import clock, ids
from clientela.concurrency import retry_on_conflict
from clientela.errors import BusyError, TooManyRequestsError
from clientela.schema.actors import OPERATOR
from clientela.schema.merge_patch import apply_patch
from clientela.signing import sha256_hex
from clientela.stores import api_keys, audit_trail
from clientela.stores.api_keys import Author, IssuedKey, Key, KeyRecord, NewKey
from clientela.table.transactions import Transaction

ROTATION = timedelta(days=1)
MAX_EARLIER = 5  # secrets that are valid beside the current one


def patch(store_id: str, key_id: str, changes: Any, now: datetime, by: Author = OPERATOR) -> Key:
    """Apply a JSON Merge Patch (RFC 7396) to a key's name, scopes and expiry.

    The change applies everywhere within CACHED_SECONDS.

    Raises:
        KeyNotFoundError: the store has no such key.
        InvalidInputError: the changed key is invalid, or its new end is past: to end a key,
            revoke it.
        ScopeMissingError: the key has, or would get, more rights than the key `by`.
        BusyError: others keep changing the key.

    Cost: 1 read unit, 4 write units.
    """

    def attempt() -> Key:
        record = api_keys.get_record(store_id, key_id)
        after = record.key.model_copy(update=dict(apply_patch(NewKey, record.key, changes)))
        if after.expires_at != record.key.expires_at:
            api_keys.require_future(after, now)
        for key in (record.key, after):
            api_keys.require_within(by, key)
        next_version = KeyRecord.version.set((record.version or 0) + 1)
        with Transaction() as write:
            write.update(record, [KeyRecord.key.set(after), next_version], api_keys.is_unchanged(record), BusyError())
            differences = audit_trail.differences(record.key, after)
            api_keys.add_entry(write, store_id, by, now, "api_key.changed", key_id, differences)
        return after

    after = retry_on_conflict(attempt)
    api_keys.forget(store_id, key_id)
    return after


def rotate(store_id: str, key_id: str, now: datetime, by: Author = OPERATOR) -> IssuedKey:
    """Give a key a new secret. Every earlier one stays valid for a day, so that callers can switch.

    So a rotation that is repeated, because its response was lost, ends no secret in use.

    Raises:
        KeyNotFoundError: the store has no such key.
        ScopeMissingError: the key has more rights than the key `by`.
        TooManyRequestsError: the key was rotated MAX_EARLIER times within a day.
        BusyError: others keep changing the key.

    Cost: 1 read unit, 4 write units.
    """

    def attempt() -> IssuedKey:
        record, secret = api_keys.get_record(store_id, key_id), ids.secret()
        api_keys.require_within(by, record.key)
        earlier = [*api_keys.earlier_secrets(record, now), [record.secret_hash, clock.format_timestamp(now + ROTATION)]]
        if len(earlier) > MAX_EARLIER:
            wait = datetime.fromisoformat(earlier[0][1]) - now
            raise TooManyRequestsError(retry_after=math.ceil(wait.total_seconds()))
        actions: list[Action] = [KeyRecord.earlier.set(earlier), KeyRecord.secret_hash.set(sha256_hex(secret))]
        is_same = (KeyRecord.secret_hash == record.secret_hash) & api_keys.is_unchanged(record)
        with Transaction() as write:
            write.update(record, actions, is_same, BusyError())
            api_keys.add_entry(write, store_id, by, now, "api_key.rotated", key_id)
        return api_keys.issue(record.key, secret)

    issued = retry_on_conflict(attempt)
    api_keys.forget(store_id, key_id)
    return issued


def revoke(store_id: str, key_id: str, now: datetime, by: Author = OPERATOR) -> None:
    """Delete a key. It is rejected after CACHED_SECONDS.

    Raises:
        KeyNotFoundError: the store has no such key.
        ScopeMissingError: the key has more rights than the key `by`.
        BusyError: others keep changing the key.

    Cost: 1 read unit, 4 write units.
    """

    def attempt() -> None:
        record = api_keys.get_record(store_id, key_id)
        api_keys.require_within(by, record.key)
        with Transaction() as write:
            write.delete(record, api_keys.is_unchanged(record), BusyError())
            api_keys.add_entry(
                write, store_id, by, now, "api_key.revoked", key_id, audit_trail.differences(record.key, None)
            )

    retry_on_conflict(attempt)
    api_keys.forget(store_id, key_id)
