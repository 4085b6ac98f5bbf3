"""Requests for a sign-in link: their records, and the reasons to refuse one.

The browser's nonce and the Idempotency-Key have 128 random bits or more and are stored as plain
hashes.
"""

from dataclasses import dataclass
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock
from clientela.customers.customer_fields import Customer
from clientela.errors import BusyError, ClientelaError
from clientela.sign_in import mailed_proofs
from clientela.sign_in.mailed_proofs import MailedProofRecord
from clientela.sign_in.sign_in_errors import (
    BrowserMismatchError,
    CodeLockedError,
    CodeWrongError,
    LinkUnknownError,
    LinkUsedError,
)
from clientela.signing import constant_time_equal, sha256_hex
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.records import Record

_CODE = "sign-in-code"  # the purpose of the code's HMAC


@dataclass(frozen=True)
class Proof:
    """The proof of a sign-in: the link's secret with the requesting browser's nonce, or the code.

    `idempotency_key` is a secret that the caller chooses (the Idempotency-Key). The same proof with
    the same key gets the same response again, in case the first was lost.
    """

    request_id: str
    secret: str | None = None
    nonce: str | None = None
    code: str | None = None
    idempotency_key: str | None = None

    @property
    def is_link_only(self) -> bool:
        """A link alone, as a mail scanner or another device opens it. It can only be refused."""
        return self.nonce is None and self.code is None


class SignInRequest(MailedProofRecord):
    """`STORE#demo#SIGN_IN#req_01K…` / `REQUEST`."""

    email = UnicodeAttribute()  # as typed
    canonical = UnicodeAttribute()
    language = UnicodeAttribute(null=True)
    return_to = UnicodeAttribute(null=True)
    nonce_hash = UnicodeAttribute()
    device = UnicodeAttribute(null=True)  # of who asked, for the mail
    country = UnicodeAttribute(null=True)
    issued_at = UnicodeAttribute()

    # Written with the mail: the account to whose stored address it is sent; none for a new
    # customer.
    customer_id = UnicodeAttribute(null=True)
    customer_version = NumberAttribute(null=True)

    # Written by the sign-in.
    idempotency_hash = UnicodeAttribute(null=True)
    session_of = UnicodeAttribute(null=True)
    session_id = UnicodeAttribute(null=True)


class LatestSignIn(Record):
    """`STORE#demo#EMAIL#ana@example.com` / `LATEST_SIGN_IN`: links requested earlier are void."""

    at = UnicodeAttribute()
    ttl = NumberAttribute()


def find(store: Store, request_id: str) -> SignInRequest | None:
    """Return the request as it is now, or None. 1 read unit."""
    return SignInRequest.find(keys.sign_in(store.id, request_id), keys.REQUEST)


def issued_at(request: SignInRequest) -> datetime:
    """Return when the link was requested."""
    return datetime.fromisoformat(request.issued_at)


def get(store: Store, proof: Proof) -> SignInRequest:
    """Return the request of a proof. 1 read unit.

    Raises:
        LinkUnknownError: there is no such request, or its link has another secret.
    """
    request = find(store, proof.request_id)
    if request is None or (proof.secret is not None and not mailed_proofs.is_right_secret(request, proof.secret)):
        raise LinkUnknownError
    return request


def superseded(store: Store, request: SignInRequest) -> bool:
    """Return whether there was a sign-in with this address after the request. 1 read unit."""
    latest = LatestSignIn.find(keys.email(store.id, request.canonical), keys.LATEST_SIGN_IN)
    return latest is not None and latest.at >= request.issued_at


def count_try(request: SignInRequest, now: datetime) -> None:
    """Use up one of the code's tries — CodeLockedError, LinkUsedError, LinkExpiredError.

    1 write unit.
    """
    try:
        mailed_proofs.count_try(request, mailed_proofs.is_open(now))
    except CodeLockedError:
        mailed_proofs.require_open(SignInRequest.find(request.pk, request.sk) or request, now)
        raise


def require_proven(request: SignInRequest, proof: Proof, now: datetime) -> None:
    """Raise an error unless this proof opens a session; the error is the reason."""
    mailed_proofs.require_open(request, now)
    error: ClientelaError
    if proof.code is None:
        is_proof = constant_time_equal(sha256_hex(proof.nonce or ""), request.nonce_hash)
        error = BrowserMismatchError("Type the code from the e-mail.")
    else:
        is_proof, error = is_right_code(request, proof.request_id, proof.code), CodeWrongError()
    if not is_proof:
        raise error


def store_hashes(request: SignInRequest, secret: str, code: str, customer: Customer | None, now: datetime) -> None:
    """Store the hashes of the next mail's link and code, and the account that gets the mail.

    Raises:
        LinkUsedError: the request was used or has expired.

    Cost: 1 write unit.
    """
    changes = mailed_proofs.set_hashes(_CODE, request.pk.rpartition("#")[2], secret, code)
    if customer:
        changes += [SignInRequest.customer_id.set(customer.id), SignInRequest.customer_version.set(customer.version)]
    else:
        changes += [SignInRequest.customer_id.remove(), SignInRequest.customer_version.remove()]
    records.update(request, changes, mailed_proofs.is_open(now), LinkUsedError())


def invalidate(request: SignInRequest, now: datetime) -> None:
    """Make the request useless. 1 write unit."""
    consumed = SignInRequest.consumed_at.set(clock.format_timestamp(now))
    records.update(request, [consumed], mailed_proofs.is_open(now), BusyError())


def is_right_code(request: SignInRequest, request_id: str, code: str) -> bool:
    """Return whether it is the code of the request's mail."""
    return mailed_proofs.is_right_code(_CODE, request, request_id, code)
