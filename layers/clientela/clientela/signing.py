"""What is signed or keyed with the deployment's secret, which lives outside the table.

Purpose separation follows itsdangerous: the salt is the purpose's name, so that a value made for one purpose is
refused at every other.
"""

import hashlib
import hmac
from functools import cache
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from clientela import clients, settings


def keyed_hash(purpose: str, value: str) -> str:
    """Hex HMAC-SHA-256 of a value for one purpose.

    For values too short to be hashed bare, such as six-digit codes: a dump of the table alone must not reveal them.
    """
    return hmac.new(_secret(), f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()


def sign(purpose: str, value: Any) -> str:
    """URL-safe text that carries a JSON value with its signature."""
    return _serializer(purpose).dumps(value)


def unsign(purpose: str, text: str) -> Any | None:
    """The value signed for this purpose, or None where the text is not one of ours."""
    try:
        return _serializer(purpose).loads(text)
    except BadSignature:
        return None


@cache
def _serializer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(_secret(), salt=purpose, signer_kwargs={"digest_method": hashlib.sha256})


@cache
def _secret() -> bytes:
    return clients.secrets().get_secret_value(SecretId=settings.signing_secret())["SecretString"].encode()
