"""Proofs that one mail carries: a link with a secret, and a code to type instead.

Sign-in links and e-mail changes share them. No secret is stored. A link's secret has 256 random
bits and is stored as a plain hash. The code's six digits are stored as an HMAC with a key outside
the table.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import batched

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela import clock, signing
from clientela.sign_in.sign_in_errors import CodeLockedError, LinkExpiredError, LinkUsedError
from clientela.signing import constant_time_equal, sha256_hex
from clientela.table import records
from clientela.table.records import Record

LIFETIME = timedelta(minutes=10)
CODE_LENGTH = 6
_RUN = re.compile(r"\d(?:[\W_]*\d)*")  # digits without letters between them
_NUMBER = re.compile(r"\d+")
MAX_TRIES = 5  # codes that are compared; a sixth is refused without a look


class MailedProofRecord(Record):
    """A request whose mail holds a link and a code.

    `token_hash` and `code_hash` are set when the mail is written.
    """

    expires_at = UnicodeAttribute()
    ttl = NumberAttribute()
    tries = NumberAttribute(default=0)
    token_hash = UnicodeAttribute(null=True)
    code_hash = UnicodeAttribute(null=True)
    consumed_at = UnicodeAttribute(null=True)


def parse_token(token: str) -> tuple[str, str]:
    """Return the id and the secret of a link's token, `<id>.<secret>`; a missing part is empty."""
    proof_id, _, secret = token.partition(".")
    return proof_id, secret


def parse_code(text: str) -> str:
    """Return the six digits of a code as people type and paste it: `Code: 123-456 (10 min)`.

    Digits may be full-width or of another script. Other numbers may stand beside the code.

    Raises:
        ValueError: no code can be read, or more than one.
    """
    # NFKC makes full-width characters ordinary ones.
    plain = "".join(str(unicodedata.decimal(each, each)) for each in unicodedata.normalize("NFKC", text))
    codes = {code for run in _RUN.findall(plain) for code in _codes(_NUMBER.findall(run))}
    if len(codes) != 1:
        raise ValueError("A code has six digits.")
    return codes.pop()


def _codes(numbers: list[str]) -> Iterator[str]:
    """Yield the codes in numbers that follow each other: `123456`, `123 456`, `1 2 3 4 5 6`."""
    yield from (number for number in numbers if len(number) == CODE_LENGTH)
    halves = [number for number in numbers if len(number) == CODE_LENGTH // 2]
    if len(halves) % 2 == 0:
        yield from ("".join(pair) for pair in batched(halves, 2, strict=True))
    if len("".join(numbers)) == CODE_LENGTH:
        yield "".join(numbers)


def set_hashes(purpose: str, proof_id: str, secret: str, code: str) -> list[Action]:
    """Return the update that stores a mail's link and code; those of earlier mails stop working.

    The tries of an earlier code stay counted.
    """
    return [
        MailedProofRecord.token_hash.set(sha256_hex(secret)),
        MailedProofRecord.code_hash.set(signing.keyed_hash(purpose, proof_id + code)),
    ]


def is_right_secret(request: MailedProofRecord, secret: str) -> bool:
    """Return whether it is the secret of the request's link."""
    return constant_time_equal(sha256_hex(secret), request.token_hash)


def is_right_code(purpose: str, request: MailedProofRecord, proof_id: str, code: str) -> bool:
    """Return whether it is the code of the request's mail. Count the try first."""
    return signing.is_keyed_hash(purpose, proof_id + code, request.code_hash)


def count_try(request: MailedProofRecord, condition: Condition) -> None:
    """Use up one of the code's tries. Call it before comparing, so that parallel tries count too.

    Raises:
        CodeLockedError: no try is left, or `condition` does not hold.

    Cost: 1 write unit.
    """
    is_left = condition & (MailedProofRecord.tries < MAX_TRIES)
    records.update(request, [MailedProofRecord.tries.add(1)], is_left, CodeLockedError())


def require_open(request: MailedProofRecord, now: datetime) -> None:
    """Raise LinkUsedError or LinkExpiredError unless the request can still be used."""
    if request.consumed_at:
        raise LinkUsedError
    if request.expires_at <= clock.format_timestamp(now):
        raise LinkExpiredError


def is_open(now: datetime) -> Condition:
    """Return the condition that a request can still be used.

    It includes the expiry, because TTL may delete a record days late.
    """
    is_in_time = MailedProofRecord.expires_at > clock.format_timestamp(now)
    condition: Condition = MailedProofRecord.pk.exists() & MailedProofRecord.consumed_at.does_not_exist() & is_in_time
    return condition
