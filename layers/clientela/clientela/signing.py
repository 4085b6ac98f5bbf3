"""Hashes, and signatures with the deployment's secret, which is stored outside the table.

The secret can be rotated at any time: new values use its current version, and values of the version
before are still accepted. As in itsdangerous, the salt is the name of the purpose, so a value
signed for one purpose is invalid for every other.
"""

import hashlib
import hmac
import time
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from itsdangerous import BadSignature, URLSafeSerializer

from clientela import settings
from clientela.aws import clients

CACHE_SECONDS = 300  # after which a process reads the secret again, to see a rotation
# The same after a value that does not match. Anybody can send such values, so the secret must not
# be read for each of them.
MISS_SECONDS = 10


class _Keys(NamedTuple):
    accepted: tuple[bytes, ...]  # the current key first
    read_at: float


def sha256_hex(text: str) -> str:
    """Return the hex SHA-256 of a text: enough for secrets of 128 random bits and more."""
    return hashlib.sha256(text.encode()).hexdigest()


def constant_time_equal(presented: str, stored: str | None) -> bool:
    """Return whether two hashes are equal, in a time that does not depend on where they differ.

    The same work is done without a stored hash, so that the time does not show whether one exists.
    """
    return hmac.compare_digest(presented, stored or "-") and stored is not None


def keyed_hash(purpose: str, value: str) -> str:
    """Return the hex HMAC-SHA-256 of a value for one purpose, with the current key.

    For values too short for a plain hash, such as six-digit codes: a dump of the table alone must
    not reveal them.
    """
    return _hmac(_keys(CACHE_SECONDS).accepted[0], purpose, value)


def keyed_hashes(purpose: str, value: str) -> Iterator[str]:
    """Yield `keyed_hash` under each accepted key; keys of a newer rotation come last."""
    for keys in _key_sets():
        yield from (_hmac(key, purpose, value) for key in keys.accepted)


def is_keyed_hash(purpose: str, value: str, stored: str | None) -> bool:
    """Return whether a stored hash is this value's.

    Without a stored hash the same work is done and the same secret is read, so that neither time
    nor calls show whether one exists.
    """
    matches = any(hmac.compare_digest(computed, stored or "-") for computed in keyed_hashes(purpose, value))
    return matches and stored is not None


def permanent_hash(purpose: str, value: str) -> str:
    """Return the hex HMAC-SHA-256 of a value for one purpose, under the key that is never rotated.

    For people who were erased: after a rotation they would not be recognised.
    """
    return _hmac(_permanent_key(settings.erasure_secret()), purpose, value)


def sign(purpose: str, value: Any) -> str:
    """Return a JSON value with its signature as URL-safe text."""
    return _serializer(purpose, _keys(CACHE_SECONDS).accepted).dumps(value)


def unsign(purpose: str, text: str) -> Any | None:
    """Return the value that was signed for this purpose, or None if the signature is invalid."""
    for keys in _key_sets():
        try:
            return _serializer(purpose, keys.accepted).loads(text)
        except BadSignature:
            continue
    return None


_cache: dict[str, _Keys] = {}  # by the secret's ARN


def _key_sets() -> Iterator[_Keys]:
    """Yield the cached keys, then, if the caller continues, the keys of a newer rotation."""
    cached = _keys(CACHE_SECONDS)
    yield cached
    newest = _keys(MISS_SECONDS)
    if newest.accepted != cached.accepted:
        yield newest


def _keys(max_age: float) -> _Keys:
    """Return keys of at most `max_age` seconds; older ones if Secrets Manager does not answer."""
    arn = settings.signing_secret()
    cached = _cache.get(arn)
    if cached and time.monotonic() - cached.read_at < max_age:
        return cached
    try:
        accepted = _read(arn)
    except (ClientError, BotoCoreError):
        if cached is None:
            raise
        accepted = cached.accepted
    _cache[arn] = _Keys(accepted, time.monotonic())
    return _cache[arn]


def _read(arn: str) -> tuple[bytes, ...]:
    client = clients.secrets()
    current = client.get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")["SecretString"].encode()
    try:
        previous = client.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")["SecretString"].encode()
    except client.exceptions.ResourceNotFoundException:  # the secret was never rotated
        return (current,)
    return (current, previous)


@cache
def _permanent_key(arn: str) -> bytes:
    return clients.secrets().get_secret_value(SecretId=arn)["SecretString"].encode()


def _hmac(key: bytes, purpose: str, value: str) -> str:
    return hmac.new(key, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=16)
def _serializer(purpose: str, accepted: tuple[bytes, ...]) -> URLSafeSerializer:
    # itsdangerous signs with the last key of a list.
    return URLSafeSerializer([*reversed(accepted)], salt=purpose, signer_kwargs={"digest_method": hashlib.sha256})
