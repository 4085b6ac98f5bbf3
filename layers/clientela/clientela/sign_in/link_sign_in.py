"""Sign-in by a link and a code sent by mail: ask for one, and turn it into a session, once.

Asking is the same for every address: the account is looked up later, by the function that sends the mail. Signing in is
one transaction, so a link opens one session whatever happens at the same time.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.expressions.update import Action

from clientela import clock, ids, signing
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer, Status
from clientela.customers.customer_history import Actor
from clientela.errors import BusyError, ClientelaError, CustomerNotFoundError, EmailTakenError, TooManyRequestsError
from clientela.mail import mail_queue
from clientela.orders import unclaimed_orders
from clientela.schema import email_addresses
from clientela.sign_in import link_requests, passwords, sessions, sign_in_events, sign_in_limits
from clientela.sign_in.link_requests import LIFETIME, LatestSignIn, Proof, SignInRequest
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
from clientela.table import dynamodb, keys
from clientela.table.transactions import Transaction

REPEAT_WINDOW = timedelta(seconds=60)  # how long a lost answer can be asked for again
_SESSION = "session"  # the purpose of the HMAC that makes the secret of a repeatable session
FIRST_ORDERS = 200  # that a newcomer is shown at once
ATTEMPTS = 10  # of a sign-in that meets other changes of the same customer


@dataclass(frozen=True)
class LinkRequest:
    """What the asking browser keeps until the mail arrives. `resend_after` is in seconds."""

    request_id: str
    nonce: str
    expires_at: datetime
    resend_after: int = RESEND_AFTER


@dataclass(frozen=True)
class SignedIn:
    """An open session: the token exists only here."""

    token: str
    session: Session
    customer: Customer
    return_to: str | None


def request_link(
    store: Store, email: str, visitor: Visitor, language: str | None, return_to: str | None, now: datetime
) -> LinkRequest:
    """Ask for a mail with a sign-in link. LoginDisabledError, InvalidInputError (return_to), TooManyRequestsError.

    The work and the answer do not depend on whether the address has an account. 5 write units, 7 where address and
    network asked before; 1 message.
    """
    if store.login_mode == "disabled":
        raise LoginDisabledError
    if return_to:
        store_urls.require_own_url(store, return_to)
    canonical = email_addresses.canonical(email)
    with sign_in_events.record_limit_hits(store, canonical, "links", now):
        sign_in_limits.limit_links(store, canonical, visitor, now)
    asked = LinkRequest(ids.new("req", now), ids.secret(), now + LIFETIME)
    request = SignInRequest(
        keys.sign_in(store.id, asked.request_id),
        keys.REQUEST,
        email=email,
        canonical=canonical,
        language=language,
        return_to=return_to,
        nonce_hash=sha256_hex(asked.nonce),
        issued_at=clock.format_timestamp(now),
        expires_at=clock.format_timestamp(asked.expires_at),
        ttl=int(asked.expires_at.timestamp()),
    )
    requested = sign_in_events.item(
        store, canonical, "requested", now, request_id=asked.request_id, device=visitor.device
    )
    dynamodb.put_all([request.item(), requested])
    mail_queue.put("sign_in_link", store.id, request_id=asked.request_id)
    return asked


def parse_proof(
    *,
    token: str | None = None,
    request_id: str | None = None,
    nonce: str | None = None,
    code: str | None = None,
    idempotency_key: str | None = None,
) -> Proof:
    """What was presented: a link's token (`<request_id>.<secret>`) with a nonce or code, or a request's id and code."""
    if token is None:
        return Proof(request_id or "", nonce=nonce, code=code, idempotency_key=idempotency_key)
    named, _, secret = token.partition(".")
    return Proof(named, secret, nonce, code, idempotency_key)


def verify(store: Store, presented: Proof, visitor: Visitor, now: datetime) -> SignedIn:
    """Open the one session that a link or code is good for, and the account if the store lets people sign up.

    LinkUnknownError, LinkUsedError, LinkExpiredError, BrowserMismatchError, CodeWrongError, CodeLockedError,
    AccountDisabledError, LoginDisabledError, TooManyRequestsError. 3 read and 19 write units for a customer without
    orders, 2 and 21 where it makes the account. A code takes 1 write unit more, and without its link's token 2 to 3 more.
    What is refused: 1 or 2 read and 2 write units.
    """
    if store.login_mode == "disabled":
        raise LoginDisabledError
    sign_in_limits.limit_attempts(visitor, now)
    request = link_requests.get(store, presented)
    try:
        return _verified(store, request, presented, visitor, now)
    except TooManyRequestsError:  # noted where it was counted
        raise
    except ClientelaError as refused:
        event: SignInOutcome = (
            "opened_elsewhere" if presented.is_link_only or isinstance(refused, BrowserMismatchError) else "refused"
        )
        dynamodb.write("PutItem", Item=_event(store, request, presented, event, visitor, now, refused.code))
        raise


def _verified(store: Store, request: SignInRequest, presented: Proof, visitor: Visitor, now: datetime) -> SignedIn:
    if presented.code is not None and not request.consumed_at:
        _count_code(store, request, presented, now)
    if presented.is_link_only and link_requests.superseded(store, request):
        raise LinkUsedError
    for attempt in range(ATTEMPTS):
        # The transaction's conditions guard; reading again only tells which of them did not hold.
        superseded = attempt > 0 and link_requests.superseded(store, request)
        if attempt:  # after it: what overtook this attempt may be its own twin
            request = link_requests.get(store, presented)
        if repeated := _repeated(store, request, presented, now):
            return repeated
        link_requests.require_proven(request, presented, now)
        if superseded:
            raise LinkUsedError("A later sign-in replaced it.")
        try:
            return _signed_in(store, request, presented, visitor, now)
        except (BusyError, EmailTakenError):
            continue
    raise BusyError


def _count_code(store: Store, request: SignInRequest, presented: Proof, now: datetime) -> None:
    """Count a code before it is looked at. Who has the link as well has the mail, and guesses at nobody else's."""
    if presented.secret is None:
        with sign_in_events.record_limit_hits(store, request.canonical, "codes", now):
            sign_in_limits.limit_guesses(store, request.canonical, now)
    link_requests.count_try(request, now)


def _signed_in(store: Store, request: SignInRequest, presented: Proof, visitor: Visitor, now: datetime) -> SignedIn:
    before = _account(store, request, now)
    if before and before.status == "disabled":
        link_requests.invalidate(request, now)
        raise AccountDisabledError
    if before and (request.customer_version or 0) < before.access_version:
        raise LinkUsedError("The account was changed since the link was sent.")
    after = _proven(before, now) if before else _newcomer(store, request, now)
    by = Actor("customer", after.id)
    with Transaction() as write:
        _supersede(write, store, request, now)
        secret = _repeatable_secret(presented)
        token, session = sessions.start(write, store, after, visitor.user_agent, now, secret)
        _consume(write, request, presented, session, now)
        write.put_item(_event(store, request, presented, "used", visitor, now))
        if before:
            after = customers.replace(write, store, before, after, by)
            if before.email_status != "proven":
                passwords.drop_unproven(write, store, before)
        else:
            customers.add(write, store, after, by)
    return SignedIn(token, session, after if before else _with_orders(store, after, now), request.return_to)


def _with_orders(store: Store, newcomer: Customer, now: datetime) -> Customer:
    """The newcomer with the newest of the orders that waited for the account; the stream's follower brings the rest."""
    with suppress(BusyError):
        return unclaimed_orders.adopt(store, newcomer, now, FIRST_ORDERS)
    return newcomer


def _account(store: Store, request: SignInRequest, now: datetime) -> Customer | None:
    """Whose account it is. A mail that went to an account opens that one only, and only while it has that address."""
    if request.customer_id is None:
        return customers.find(store, request.canonical, now)
    with suppress(CustomerNotFoundError):
        account = customers.get(store, request.customer_id)
        if email_addresses.canonical(account.email) == request.canonical:
            return account
    raise LinkUsedError("The account has another e-mail now.")


def _proven(before: Customer, now: datetime) -> Customer:
    return before.model_copy(
        update={
            "email_status": "proven",
            "type": "registered",
            "last_sign_in_at": now,
            "updated_at": now,
            "version": before.version + 1,
        }
    )


def _newcomer(store: Store, request: SignInRequest, now: datetime) -> Customer:
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


def _consume(write: Transaction, request: SignInRequest, presented: Proof, session: Session, now: datetime) -> None:
    actions: list[Action] = [
        SignInRequest.consumed_at.set(clock.format_timestamp(now)),
        SignInRequest.session_of.set(session.customer_id),
        SignInRequest.session_id.set(session.id),
    ]
    if presented.idempotency_key:
        actions.append(SignInRequest.idempotency_hash.set(sha256_hex(presented.idempotency_key)))
    write.update(request, actions, link_requests.is_proven(request, presented, now))


def _repeated(store: Store, request: SignInRequest, presented: Proof, now: datetime) -> SignedIn | None:
    """The session that this very attempt has opened a moment ago, when the answer was lost on its way to the caller."""
    in_time = request.consumed_at and clock.format_timestamp(now - REPEAT_WINDOW) < request.consumed_at
    if not (in_time and presented.idempotency_key and request.session_of and request.session_id):
        return None
    if not constant_time_equal(sha256_hex(presented.idempotency_key), request.idempotency_hash):
        return None
    for secret in signing.keyed_hashes(_SESSION, _shown(presented)):
        token = sessions.token_of(request.session_of, request.session_id, secret)
        # Else it ended meanwhile, or this is another proof than the one that opened it.
        with suppress(SessionInvalidError):
            session, customer = sessions.current(store, token, now)
            return SignedIn(token, session, customer, request.return_to)
    return None


def _repeatable_secret(presented: Proof) -> str | None:
    """The session's secret, made from all that was presented; None for a caller who cannot repeat itself."""
    return signing.keyed_hash(_SESSION, _shown(presented)) if presented.idempotency_key else None


def _shown(presented: Proof) -> str:
    parts = (presented.request_id, presented.secret, presented.nonce, presented.code, presented.idempotency_key)
    return "\0".join(part or "" for part in parts)


def _event(
    store: Store,
    request: SignInRequest,
    presented: Proof,
    event: SignInOutcome,
    visitor: Visitor,
    now: datetime,
    reason: str | None = None,
) -> dynamodb.Item:
    return sign_in_events.item(
        store, request.canonical, event, now, reason=reason, request_id=presented.request_id, device=visitor.device
    )
