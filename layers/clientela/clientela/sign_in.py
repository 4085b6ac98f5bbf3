"""Sign-in by a link and a code sent by mail: ask for one, and turn it into a session, once.

Asking is the same for every address: the account is looked up later, by the function that sends the mail. Signing in is
one transaction, so a link opens one session whatever happens at the same time.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.expressions.update import Action

from clientela import (
    clock,
    customers,
    email_addresses,
    ids,
    keys,
    limits,
    mail_queue,
    pages,
    sessions,
    sign_in_requests,
    signing,
)
from clientela.customer_fields import Customer, NewCustomer
from clientela.errors import (
    AccountDisabledError,
    BusyError,
    EmailTakenError,
    LinkUnknownError,
    LinkUsedError,
    LoginDisabledError,
    SessionInvalidError,
)
from clientela.history import Actor
from clientela.limits import Rule
from clientela.sessions import Session
from clientela.sign_in_requests import LIFE, LatestSignIn, Proof, SignInRequest
from clientela.stores import Store
from clientela.table import Transaction

RESEND_AFTER = 60  # seconds
PER_EMAIL = (Rule(1, RESEND_AFTER), Rule(5, 3600))
PER_IP = (Rule(50, 3600),)
REPEATABLE = timedelta(seconds=60)  # how long a lost answer can be asked for again
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
    store: Store, email: str, ip: str, language: str | None, return_to: str | None, now: datetime
) -> LinkRequest:
    """Ask for a mail with a sign-in link. LoginDisabledError, InvalidInputError (return_to), TooManyRequestsError.

    The work and the answer do not depend on whether the address has an account. 2 read units, 3 write units, 1 message.
    """
    if store.login_mode == "disabled":
        raise LoginDisabledError
    if return_to:
        pages.demand_own(store, return_to)
    canonical = email_addresses.canonical(email)
    # The caller's own limit comes first: an exhausted one must not use up the limit of somebody else's address.
    limits.take(keys.links_of_network(signing.keyed_hash("limit-ip", _network(ip))), PER_IP, now)
    limits.take(keys.links_of_email(store.id, signing.keyed_hash("limit-email", canonical)), PER_EMAIL, now)
    asked = LinkRequest(ids.new("req", now), ids.secret(), now + LIFE)
    SignInRequest(
        keys.sign_in(store.id, asked.request_id), keys.REQUEST,
        email=email, canonical=canonical, language=language, return_to=return_to,
        nonce_hash=sign_in_requests.hashed(asked.nonce), issued_at=clock.stamp(now),
        expires_at=clock.stamp(asked.expires_at), ttl=int(asked.expires_at.timestamp()),
    ).save()  # fmt: skip
    mail_queue.put("sign_in_link", store.id, request_id=asked.request_id)
    return asked


def proof(
    *, token: str | None = None, request_id: str | None = None, nonce: str | None = None, code: str | None = None,
    attempt: str | None = None,
) -> Proof:  # fmt: skip
    """What was presented: a link's token (`<request_id>.<secret>`) with a nonce or code, or a request's id and code."""
    if token is None:
        return Proof(request_id or "", nonce=nonce, code=code, attempt=attempt)
    named, _, secret = token.partition(".")
    return Proof(named, secret, nonce, code, attempt)


def verify(store: Store, presented: Proof, user_agent: str | None, now: datetime) -> SignedIn:
    """Open the one session that a link or code is good for, and the account if the store lets people sign up.

    LinkUnknownError, LinkUsedError, LinkExpiredError, BrowserMismatchError, CodeWrongError, CodeLockedError,
    AccountDisabledError, LoginDisabledError. 6 read units; one transaction of 4 writes, 14 write units.
    """
    if store.login_mode == "disabled":
        raise LoginDisabledError
    request = sign_in_requests.get(store, presented)
    if presented.code is not None and not request.consumed_at:
        sign_in_requests.count_try(request, now)
    for _ in range(ATTEMPTS):
        superseded = sign_in_requests.superseded(store, request)
        request = sign_in_requests.get(store, presented)  # after it: what overtook this attempt may be its own twin
        if repeated := _repeated(store, request, presented, now):
            return repeated
        sign_in_requests.demand_proven(request, presented, now)
        if superseded:
            raise LinkUsedError("A later sign-in replaced it.")
        try:
            return _signed_in(store, request, presented, user_agent, now)
        except (BusyError, EmailTakenError):
            continue
    raise BusyError


def _signed_in(
    store: Store, request: SignInRequest, presented: Proof, user_agent: str | None, now: datetime
) -> SignedIn:
    before = _account(store, request, now)
    if before and before.status == "disabled":
        sign_in_requests.kill(request, now)
        raise AccountDisabledError
    after = _proven(before, now) if before else _newcomer(store, request, now)
    by = Actor("customer", after.id)
    with Transaction() as write:
        _supersede(write, store, request, now)
        token, session = sessions.start(write, store, after, user_agent, now, _repeatable_secret(presented))
        _consume(write, request, presented, session, now)
        if before:
            customers.replace(write, store, before, after, by)
        else:
            customers.add(write, store, after, by)
    return SignedIn(token, session, after, request.return_to)


def _account(store: Store, request: SignInRequest, now: datetime) -> Customer | None:
    """Whose account it is. A mail that went to an account opens that one only, and only while it has that address."""
    account = customers.find(store, request.canonical, now)
    if request.customer_id and (account is None or request.customer_id != account.id):
        raise LinkUsedError("The account has another e-mail now.")
    return account


def _proven(before: Customer, now: datetime) -> Customer:
    return before.model_copy(
        update={
            "email_status": "proven", "type": "registered", "last_sign_in_at": now,
            "updated_at": now, "version": before.version + 1,
        }
    )  # fmt: skip


def _newcomer(store: Store, request: SignInRequest, now: datetime) -> Customer:
    if store.login_mode != "optional":
        raise LinkUnknownError
    new = customers.made(NewCustomer(email=request.email, language=request.language), now, "sign_in")
    return new.model_copy(update={"email_status": "proven", "last_sign_in_at": now})


def shut_out(store: Store, customer: Customer, now: datetime) -> None:
    """End a customer's sessions and links for good: enabling the account again brings none of them back.

    For the moment after an account was disabled: from then on it is refused anyway. 1 write unit, and 1 a session.
    """
    _latest(store, email_addresses.canonical(customer.email), now).save()
    sessions.end_all(store, customer.id)


def _supersede(write: Transaction, store: Store, request: SignInRequest, now: datetime) -> None:
    latest = _latest(store, request.canonical, now)
    write.save(latest, LatestSignIn.pk.does_not_exist() | (LatestSignIn.at < request.issued_at))


def _latest(store: Store, canonical: str, now: datetime) -> LatestSignIn:
    ttl = int((now + LIFE).timestamp())
    return LatestSignIn(keys.email(store.id, canonical), keys.LATEST_SIGN_IN, at=clock.stamp(now), ttl=ttl)


def _consume(write: Transaction, request: SignInRequest, presented: Proof, session: Session, now: datetime) -> None:
    actions: list[Action] = [
        SignInRequest.consumed_at.set(clock.stamp(now)),
        SignInRequest.session_of.set(session.customer_id),
        SignInRequest.session_id.set(session.id),
    ]
    if presented.attempt:
        actions.append(SignInRequest.attempt_hash.set(sign_in_requests.hashed(presented.attempt)))
    write.update(request, actions, sign_in_requests.proven(presented, now))


def _repeated(store: Store, request: SignInRequest, presented: Proof, now: datetime) -> SignedIn | None:
    """The session that this very attempt has opened a moment ago, when the answer was lost on its way to the caller."""
    secret = _repeatable_secret(presented)
    in_time = request.consumed_at and clock.stamp(now - REPEATABLE) < request.consumed_at
    if not (in_time and secret and request.session_of and request.session_id):
        return None
    if not sign_in_requests.same(sign_in_requests.hashed(presented.attempt or ""), request.attempt_hash):
        return None
    token = sessions.token_of(request.session_of, request.session_id, secret)
    try:
        session, customer = sessions.current(store, token, now)
    except SessionInvalidError:  # ended meanwhile, or another proof than the one that opened it
        return None
    return SignedIn(token, session, customer, request.return_to)


def _repeatable_secret(presented: Proof) -> str | None:
    """The session's secret, made from all that was presented; None for a caller who cannot repeat itself."""
    if not presented.attempt:
        return None
    shown = (presented.request_id, presented.secret, presented.nonce, presented.code, presented.attempt)
    return signing.keyed_hash("session", "\0".join(part or "" for part in shown))


def _network(ip: str) -> str:
    """The address to count by: an IPv6 customer has a whole /64 to call from."""
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((int(address), 64), strict=False))
    return str(address)
