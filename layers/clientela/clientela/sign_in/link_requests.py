"""Requests for a sign-in link: how one lies in the table, and why one is refused.

No secret is in it: token, nonce and Idempotency-Key have 256 or 128 random bits and are kept as plain hashes; the six
digits of the code are kept as an HMAC, keyed outside the table.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela import clock, signing
from clientela.customers.customer_fields import Customer
from clientela.errors import BusyError, ClientelaError
from clientela.sign_in.sign_in_errors import (
    BrowserMismatchError,
    CodeLockedError,
    CodeWrongError,
    LinkExpiredError,
    LinkUnknownError,
    LinkUsedError,
)
from clientela.signing import constant_time_equal, sha256_hex
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.records import Record

LIFETIME = timedelta(minutes=10)
MAX_TRIES = 5  # codes that are looked at; a sixth is refused unread
_CODE = "sign-in-code"  # the purpose of the HMAC under which codes are kept


@dataclass(frozen=True)
class Proof:
    """What somebody presents to be signed in: the link's secret with the asking browser's nonce, or the mail's code.

    `idempotency_key` is a secret of the caller's choice (the Idempotency-Key): whoever repeats it with the same proof gets the
    answer that was lost on the way.
    """

    request_id: str
    secret: str | None = None
    nonce: str | None = None
    code: str | None = None
    idempotency_key: str | None = None

    @property
    def is_link_only(self) -> bool:
        """A link alone, as a mail scanner or another device opens it: good for nothing but to hear why."""
        return self.nonce is None and self.code is None


class SignInRequest(Record):
    """`STORE#demo#SIGN_IN#req_01K…` / `REQUEST`."""

    email = UnicodeAttribute()  # as it was typed
    canonical = UnicodeAttribute()
    language = UnicodeAttribute(null=True)
    return_to = UnicodeAttribute(null=True)
    nonce_hash = UnicodeAttribute()
    issued_at = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    ttl = NumberAttribute()
    tries = NumberAttribute(default=0)

    # Written when the mail is made.
    token_hash = UnicodeAttribute(null=True)
    code_hash = UnicodeAttribute(null=True)
    # Of the account to whose stored address the mail was sent; none for a new customer.
    customer_id = UnicodeAttribute(null=True)
    customer_version = NumberAttribute(null=True)

    # Written when somebody signs in.
    consumed_at = UnicodeAttribute(null=True)
    idempotency_hash = UnicodeAttribute(null=True)
    session_of = UnicodeAttribute(null=True)
    session_id = UnicodeAttribute(null=True)


class LatestSignIn(Record):
    """`STORE#demo#EMAIL#ana@example.com` / `LATEST_SIGN_IN`: requests made before it are dead."""

    at = UnicodeAttribute()
    ttl = NumberAttribute()


def find(store: Store, request_id: str) -> SignInRequest | None:
    """The request, as it is now. 1 read unit."""
    return SignInRequest.find(keys.sign_in(store.id, request_id), keys.REQUEST)


def get(store: Store, proof: Proof) -> SignInRequest:
    """The request that a proof is about. LinkUnknownError where there is none or its link is another. 1 read unit."""
    request = find(store, proof.request_id)
    if request is None or (
        proof.secret is not None and not constant_time_equal(sha256_hex(proof.secret), request.token_hash)
    ):
        raise LinkUnknownError
    return request


def superseded(store: Store, request: SignInRequest) -> bool:
    """Whether somebody signed in with this address after the request was made. 1 read unit."""
    latest = LatestSignIn.find(keys.email(store.id, request.canonical), keys.LATEST_SIGN_IN)
    return latest is not None and latest.at >= request.issued_at


def count_try(request: SignInRequest, now: datetime) -> None:
    """Use up one of the code's tries, before the code is looked at: tries in parallel are no more than tries in turn.

    CodeLockedError; LinkUsedError, LinkExpiredError. 1 write unit.
    """
    try:
        records.update(
            request, [SignInRequest.tries.add(1)], is_open(now) & (SignInRequest.tries < MAX_TRIES), CodeLockedError()
        )
    except CodeLockedError:
        require_open(SignInRequest.find(request.pk, request.sk) or request, now)
        raise


def require_open(request: SignInRequest, now: datetime) -> None:
    """Raise LinkUsedError or LinkExpiredError unless the request can still be used."""
    if request.consumed_at:
        raise LinkUsedError
    if request.expires_at <= clock.format_timestamp(now):
        raise LinkExpiredError


def require_proven(request: SignInRequest, proof: Proof, now: datetime) -> None:
    """Raise the error that says why this proof opens no session, if it opens none."""
    require_open(request, now)
    error: ClientelaError
    if proof.code is None:
        proven, error = (
            constant_time_equal(sha256_hex(proof.nonce or ""), request.nonce_hash),
            BrowserMismatchError("Type the code of the mail."),
        )
    else:
        proven, error = is_right_code(request, proof.request_id, proof.code), CodeWrongError()
    if not proven:
        raise error


def is_open(now: datetime) -> Condition:
    """The condition of a request that can still be used. Its end is part of it: TTL deletes only within days."""
    in_time = SignInRequest.expires_at > clock.format_timestamp(now)
    condition: Condition = SignInRequest.pk.exists() & SignInRequest.consumed_at.does_not_exist() & in_time
    return condition


def is_proven(request: SignInRequest, proof: Proof, now: datetime) -> Condition:
    """The condition of a request that this proof opens; `demand_proven` has seen that it does."""
    condition: Condition = is_open(now)
    if proof.secret is not None:
        condition &= SignInRequest.token_hash == sha256_hex(proof.secret)
    if proof.code is not None:
        # As it was compared: the key of the code's hash may be the one before the current.
        condition &= SignInRequest.code_hash == request.code_hash
    else:
        condition &= SignInRequest.nonce_hash == sha256_hex(proof.nonce or "")
    return condition


def store_hashes(request: SignInRequest, secret: str, code: str, customer: Customer | None, now: datetime) -> None:
    """Make the request's link and code those of the mail about to go out. LinkUsedError where it is too late.

    The tries of an earlier code stay counted. 1 write unit.
    """
    request_id = request.pk.rpartition("#")[2]
    hashes: list[Action] = [
        SignInRequest.token_hash.set(sha256_hex(secret)),
        SignInRequest.code_hash.set(signing.keyed_hash(_CODE, request_id + code)),
    ]
    if customer:
        hashes += [SignInRequest.customer_id.set(customer.id), SignInRequest.customer_version.set(customer.version)]
    else:
        hashes += [SignInRequest.customer_id.remove(), SignInRequest.customer_version.remove()]
    records.update(request, hashes, is_open(now), LinkUsedError())


def invalidate(request: SignInRequest, now: datetime) -> None:
    """Make the request useless. 1 write unit."""
    records.update(request, [SignInRequest.consumed_at.set(clock.format_timestamp(now))], is_open(now), BusyError())


def is_right_code(request: SignInRequest, request_id: str, code: str) -> bool:
    """Whether it is the code of the request's mail."""
    return signing.is_keyed_hash(_CODE, request_id + code, request.code_hash)
