"""Sign-in by an e-mailed link or code: request one, and turn it into one session.

Requesting is the same for every address: the account is looked up later, by the function that sends
the mail. Signing in is one transaction, so a link opens only one session.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.expressions.update import Action

from clientela import clock, ids, signing
from clientela.concurrency import retry_on_conflict
from clientela.customers import customers, tombstones
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_values import Status
from clientela.customers.tombstones import PersonErasedError
from clientela.errors import BusyError, ClientelaError, CustomerNotFoundError, EmailTakenError, TooManyRequestsError
from clientela.mail import mail_queue
from clientela.orders import unclaimed_orders
from clientela.schema import email_addresses
from clientela.schema.actors import Actor
from clientela.sign_in import link_requests, mailed_proofs, passwords, sessions, sign_in_events, sign_in_limits
from clientela.sign_in.link_requests import LatestSignIn, Proof, SignInRequest
from clientela.sign_in.mailed_proofs import LIFETIME
from clientela.sign_in.sessions import Session
from clientela.sign_in.sign_in_errors import (
    AccountDisabledError,
    BrowserMismatchError,
    LinkUnknownError,
    LinkUsedError,
    LoginDisabledError,
    SessionInvalidError,
)
from clientela.sign_in.sign_in_events import SignInOutcome
from clientela.sign_in.sign_in_limits import RESEND_AFTER
from clientela.sign_in.visitors import Visitor
from clientela.signing import constant_time_equal, sha256_hex
from clientela.stores import store_urls
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.transactions import Transaction

REPEAT_WINDOW = timedelta(seconds=60)  # in which a lost response can be requested again
_SESSION = "session"  # the purpose of the HMAC that is the secret of a repeatable session
FIRST_ORDERS = 200  # that a new customer sees at once


@dataclass(frozen=True)
class LinkRequest:
    """A requested link, which the browser keeps until the mail arrives."""

    request_id: str
    nonce: str
    expires_at: datetime
    resend_after: int = RESEND_AFTER  # seconds


@dataclass(frozen=True)
class SignedIn:
    """An opened session. The token is stored nowhere."""

    token: str
    session: Session
    customer: Customer
    return_to: str | None


def request_link(
    store: Store, email: str, visitor: Visitor, language: str | None, return_to: str | None, now: datetime
) -> LinkRequest:
    """Request a mail with a sign-in link.

    Work and response do not depend on whether the address has an account.

    Raises:
        LoginDisabledError: the store has no sign-in.
        InvalidInputError: `return_to` is not a page of the store.
        TooManyRequestsError: a limit of the address, the network or the store is reached.

    Cost: 11 write units, 13 if address and network requested one before; 1 message.
    """
    if store.login_mode == "disabled":
        raise LoginDisabledError
    if return_to:
        store_urls.require_own_url(store, return_to)
    canonical = email_addresses.canonical(email)
    with sign_in_events.record_limit_hits(store, canonical, "links", now):
        sign_in_limits.limit_links(store, canonical, visitor, now)
    link = LinkRequest(ids.new("req", now), ids.secret(), now + LIFETIME)
    request = SignInRequest(
        keys.sign_in(store.id, link.request_id),
        keys.REQUEST,
        email=email,
        canonical=canonical,
        language=language,
        return_to=return_to,
        nonce_hash=sha256_hex(link.nonce),
        device=visitor.device,
        country=visitor.country,
        issued_at=clock.format_timestamp(now),
        expires_at=clock.format_timestamp(link.expires_at),
        ttl=int(link.expires_at.timestamp()),
    )
    requested = sign_in_events.item(
        store, canonical, "requested", now, request_id=link.request_id, device=visitor.device
    )
    # Of an owner who is erased at this moment, nothing may be stored after the sweep.
    with suppress(PersonErasedError), Transaction() as write:
        write.put_record(request)
        write.put_item(requested)
        tombstones.require_not_erased_since(write, store, canonical, now)
    mail_queue.put("sign_in_link", store.id, request_id=link.request_id)
    return link


def parse_proof(
    *,
    token: str | None = None,
    request_id: str | None = None,
    nonce: str | None = None,
    code: str | None = None,
    idempotency_key: str | None = None,
) -> Proof:
    """Return the proof of a link's token (`<request_id>.<secret>`) or of a request id and code."""
    proof_id, secret = mailed_proofs.parse_token(token) if token is not None else (request_id or "", None)
    return Proof(proof_id, secret, nonce, code, idempotency_key)


def verify(store: Store, proof: Proof, visitor: Visitor, now: datetime) -> SignedIn:
    """Open the one session of a link or code, and create the account if the store allows sign-up.

    Raises:
        LinkUnknownError, LinkUsedError, LinkExpiredError, BrowserMismatchError, CodeWrongError,
            CodeLockedError: the proof is wrong or void.
        AccountDisabledError, LoginDisabledError, TooManyRequestsError: no sign-in now.

    Cost: up to 4 read and 19 write units; 2 and 23 if the account is created. A code takes 1 write
    unit more, and without its link's token 2 to 3 more. A refused proof: 1 or 2 read and 5 write
    units.
    """
    if store.login_mode == "disabled":
        raise LoginDisabledError
    sign_in_limits.limit_attempts(store, visitor, now)
    request = link_requests.get(store, proof)
    try:
        return _verify(store, request, proof, visitor, now)
    except TooManyRequestsError:  # recorded by the limit
        raise
    except ClientelaError as error:
        is_elsewhere = proof.is_link_only or isinstance(error, BrowserMismatchError)
        outcome: SignInOutcome = "opened_elsewhere" if is_elsewhere else "refused"
        sign_in_events.record_refused(
            store,
            request.canonical,
            outcome,
            now,
            reason=error.code,
            request_id=proof.request_id,
            device=visitor.device,
            since=link_requests.issued_at(request),
        )
        raise


def _verify(store: Store, request: SignInRequest, proof: Proof, visitor: Visitor, now: datetime) -> SignedIn:
    if proof.code is not None and not request.consumed_at:
        _count_code(store, request, proof, now)
    if proof.is_link_only and link_requests.superseded(store, request):
        raise LinkUsedError
    is_repeated = False

    def attempt() -> SignedIn:
        nonlocal request, is_repeated
        # The transaction's conditions protect. Reading again only shows which of them failed.
        superseded = is_repeated and link_requests.superseded(store, request)
        if is_repeated:  # after it: the conflict may be with the same request, sent twice
            request = link_requests.get(store, proof)
        is_repeated = True
        if earlier := _find_repeated(store, request, proof, now):
            return earlier
        link_requests.require_proven(request, proof, now)
        if superseded:
            raise LinkUsedError("A later sign-in replaced it.")
        return _sign_in(store, request, proof, visitor, now)

    return retry_on_conflict(attempt, (BusyError, EmailTakenError))


def _count_code(store: Store, request: SignInRequest, proof: Proof, now: datetime) -> None:
    """Count a code before it is compared.

    With the link's token it is no guess: the caller has the mail.
    """
    if proof.secret is None:
        with sign_in_events.record_limit_hits(store, request.canonical, "codes", now):
            sign_in_limits.limit_guesses(store, request.canonical, now)
    link_requests.count_try(request, now)


def _sign_in(store: Store, request: SignInRequest, proof: Proof, visitor: Visitor, now: datetime) -> SignedIn:
    before = _account(store, request, now)
    if before and before.status == "disabled":
        link_requests.invalidate(request, now)
        raise AccountDisabledError
    if before and (request.customer_version or 0) < before.access_version:
        raise LinkUsedError("The account was changed since the link was sent.")
    after = _mark_proven(before, now) if before else _build_customer(store, request, now)
    by = Actor("customer", after.id)
    with Transaction() as write:
        _supersede(write, store, request, now)
        secret = _repeatable_secret(proof)
        token, session = sessions.start(write, store, after, visitor.user_agent, now, secret, before=before)
        _consume(write, request, proof, session, now)
        write.put_item(
            sign_in_events.item(
                store, request.canonical, "used", now, request_id=proof.request_id, device=visitor.device
            )
        )
        if before:
            after = customers.replace(write, store, before, after, by)
            if before.email_status != "proven":
                passwords.drop_unproven(write, store, before)
        else:
            customers.add(write, store, after, by)
    return SignedIn(token, session, after if before else _with_orders(store, after, now), request.return_to)


def _with_orders(store: Store, customer: Customer, now: datetime) -> Customer:
    """Return the new customer with its newest earlier orders; the follow-up adds the rest."""
    with suppress(BusyError):
        return unclaimed_orders.adopt(store, customer, now, FIRST_ORDERS)
    return customer


def _account(store: Store, request: SignInRequest, now: datetime) -> Customer | None:
    """Return the account. A mail sent to one opens only that, while the address leads to it."""
    if request.customer_id is None:
        account = customers.find(store, request.canonical, now)
        # The mail went to the address, so it opens no account with another one (after a merge).
        if account is None or email_addresses.canonical(account.email) == request.canonical:
            return account
    else:  # it went to the account's own address, which may be another one since a merge
        with suppress(CustomerNotFoundError):
            account = customers.get(store, request.customer_id)
            if customers.has_email(store, account, request.canonical, now):
                return account
    raise LinkUsedError("The account has another e-mail now.")


def _mark_proven(before: Customer, now: datetime) -> Customer:
    changes = {"email_status": "proven", "type": "registered", "last_sign_in_at": now}
    return before.model_copy(update=changes | {"updated_at": now, "version": before.version + 1})


def _build_customer(store: Store, request: SignInRequest, now: datetime) -> Customer:
    if store.login_mode != "optional":
        raise LinkUnknownError
    status: Status = "pending" if store.approve_new_accounts else "active"
    fields = NewCustomer(email=request.email, language=request.language, status=status)
    new = customers.build(fields, now, "sign_in")
    return new.model_copy(update={"email_status": "proven", "last_sign_in_at": now})


def _supersede(write: Transaction, store: Store, request: SignInRequest, now: datetime) -> None:
    key = keys.email(store.id, request.canonical), keys.LATEST_SIGN_IN
    latest = LatestSignIn(*key, at=clock.format_timestamp(now), ttl=int((now + LIFETIME).timestamp()))
    write.put_record(latest, LatestSignIn.pk.does_not_exist() | (LatestSignIn.at < request.issued_at))


def _consume(write: Transaction, request: SignInRequest, proof: Proof, session: Session, now: datetime) -> None:
    actions: list[Action] = [
        SignInRequest.consumed_at.set(clock.format_timestamp(now)),
        SignInRequest.session_of.set(session.customer_id),
        SignInRequest.session_id.set(session.id),
    ]
    if proof.idempotency_key:
        actions.append(SignInRequest.idempotency_hash.set(_hash_key(proof.idempotency_key)))
    # The proof was compared with the request as it was read: since then only a repeated mail can
    # have replaced it. The version or claim of the customer would stop a second sign-in too; this
    # condition makes a request single-use whatever else a sign-in writes.
    write.update(request, actions, mailed_proofs.is_open(now))


def _find_repeated(store: Store, request: SignInRequest, proof: Proof, now: datetime) -> SignedIn | None:
    """Return the session that this same proof opened a moment ago, if its response was lost."""
    in_time = request.consumed_at and clock.format_timestamp(now - REPEAT_WINDOW) < request.consumed_at
    if not (in_time and proof.idempotency_key and request.session_of and request.session_id):
        return None
    if not constant_time_equal(_hash_key(proof.idempotency_key), request.idempotency_hash):
        return None
    for secret in signing.keyed_hashes(_SESSION, _joined(proof)):
        token = sessions.token_of(request.session_of, request.session_id, secret)
        # Otherwise it ended, or another proof opened it.
        with suppress(SessionInvalidError):
            session, customer = sessions.current(store, token, now)
            return SignedIn(token, session, customer, request.return_to)
    return None


def _hash_key(idempotency_key: str) -> str:
    """Return the keyed hash of an Idempotency-Key, which callers may have made of personal data."""
    return signing.permanent_hash("sign-in-idempotency", idempotency_key)


def _repeatable_secret(proof: Proof) -> str | None:
    """Return the session's secret, derived from the proof; None without an Idempotency-Key."""
    return signing.keyed_hash(_SESSION, _joined(proof)) if proof.idempotency_key else None


def _joined(proof: Proof) -> str:
    parts = (proof.request_id, proof.secret, proof.nonce, proof.code, proof.idempotency_key)
    return "\0".join(part or "" for part in parts)
