"""What is signed or keyed with the deployment's secret, which lives outside the table and can be rotated at any time.

Purpose separation follows itsdangerous: the salt is the purpose's name, so that a value made for one purpose is
refused at every other. New values are made with the secret's current version; the version before it is still taken.
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

KNOWN_SECONDS = 300  # after which a process looks whether the secret was rotated
MISS_SECONDS = 10  # the same where a value does not fit, which anybody can bring about: so not more often than this


class _Keys(NamedTuple):
    accepted: tuple[bytes, ...]  # the current one first
    read_at: float


def sha256_hex(text: str) -> str:
    """Return the hex SHA-256 of a text: enough for secrets of 128 random bits and more."""
    return hashlib.sha256(text.encode()).hexdigest()


def constant_time_equal(presented: str, stored: str | None) -> bool:
    """Compare two hashes in a time that does not depend on where they differ.

    The same work is done without a stored hash, so that the time does not show whether there is one.
    """
    return hmac.compare_digest(presented, stored or "-") and stored is not None


def keyed_hash(purpose: str, value: str) -> str:
    """Hex HMAC-SHA-256 of a value for one purpose, with the current key.

    For values too short to be hashed bare, such as six-digit codes: a dump of the table alone must not reveal them.
    """
    return _hmac(_keys(KNOWN_SECONDS).accepted[0], purpose, value)


def keyed_hashes(purpose: str, value: str) -> Iterator[str]:
    """`keyed_hash` under each key that is taken, current ones first; the last come from looking whether there are newer."""
    for keys in _generations():
        yield from (_hmac(key, purpose, value) for key in keys.accepted)


def is_keyed_hash(purpose: str, value: str, kept: str | None) -> bool:
    """Return whether a stored hash is this value's.

    Without a stored hash the same work is done and the same secret is read, so that neither time nor
    calls show whether there is one.
    """
    matches = any(hmac.compare_digest(made, kept or "-") for made in keyed_hashes(purpose, value))
    return matches and kept is not None


def permanent_hash(purpose: str, value: str) -> str:
    """Return a hex HMAC-SHA-256 of a value for one purpose, under the key that is never rotated.

    For people who were erased: under another key nobody would be recognised.
    """
    return _hmac(_permanent_key(settings.erasure_secret()), purpose, value)


def sign(purpose: str, value: Any) -> str:
    """URL-safe text that carries a JSON value with its signature."""
    return _serializer(purpose, _keys(KNOWN_SECONDS).accepted).dumps(value)


def unsign(purpose: str, text: str) -> Any | None:
    """The value signed for this purpose, or None where the text is not one of ours."""
    for keys in _generations():
        try:
            return _serializer(purpose, keys.accepted).loads(text)
        except BadSignature:
            continue
    return None


_known: dict[str, _Keys] = {}  # by the secret's ARN


def _generations() -> Iterator[_Keys]:
    """The keys at hand; then, for whoever found nothing to fit them, those of a rotation that this process has not seen."""
    known = _keys(KNOWN_SECONDS)
    yield known
    newest = _keys(MISS_SECONDS)
    if newest.accepted != known.accepted:
        yield newest


def _keys(seconds: float) -> _Keys:
    """The keys, read at most so many seconds ago. Those at hand do while Secrets Manager does not answer."""
    arn = settings.signing_secret()
    known = _known.get(arn)
    if known and time.monotonic() - known.read_at < seconds:
        return known
    try:
        accepted = _read(arn)
    except (ClientError, BotoCoreError):
        if known is None:
            raise
        accepted = known.accepted
    _known[arn] = _Keys(accepted, time.monotonic())
    return _known[arn]


def _read(arn: str) -> tuple[bytes, ...]:
    client = clients.secrets()
    current = client.get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")["SecretString"].encode()
    try:
        previous = client.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")["SecretString"].encode()
    except client.exceptions.ResourceNotFoundException:  # it was never rotated
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
