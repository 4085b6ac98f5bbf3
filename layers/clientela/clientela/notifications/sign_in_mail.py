"""The mail with the way in: whether one goes out and to whom is decided here, far from whoever asked for it."""

import secrets
from datetime import datetime

from clientela import ids
from clientela.customers import customers, mailability
from clientela.customers.customer_fields import Customer
from clientela.errors import LinkExpiredError, LinkUsedError
from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import Mail
from clientela.schema import email_addresses
from clientela.sign_in import link_requests, sign_in_events
from clientela.sign_in.link_requests import LIFETIME, SignInRequest
from clientela.stores import store_urls
from clientela.stores.stores import Store


def deliver(store: Store, request_id: str, now: datetime) -> Outcome:
    """Send the link and the code of a request, if it still lives and its address may have them; the merchant is told why not.

    Both are made here and are nowhere else but in the mail. 3 read units, 4 write units, 1 call of SES.
    """
    request = link_requests.find(store, request_id)
    if request is None:
        return "withheld"
    account = customers.find(store, request.canonical, now)
    reason = _withheld(store, request, account)
    outcome = mail_delivery.send_once(
        store,
        request.pk,
        "sign_in_link",
        now + LIFETIME,
        now,
        lambda: None if reason else _outgoing(store, request, account, request_id, now),
    )
    if outcome == "sent":
        sign_in_events.record(store, request.canonical, "sent", now, request_id=request_id)
    elif outcome != "repeated":
        why = "mail_refused" if outcome == "refused" else reason or "link_expired"
        sign_in_events.record(store, request.canonical, "withheld", now, reason=why, request_id=request_id)
    return outcome


def _withheld(store: Store, request: SignInRequest, account: Customer | None) -> str | None:
    """Why the address gets no mail, or None. A stranger gets one where the store lets people sign up."""
    if store.login_mode == "disabled":
        return "login_disabled"
    if account:
        return mailability.obstacle(account)
    if store.login_mode != "optional":
        return "no_account"
    return None if email_addresses.is_mailable(request.canonical) else "address_unmailable"


def _outgoing(
    store: Store, request: SignInRequest, account: Customer | None, request_id: str, now: datetime
) -> Outgoing | None:
    secret, code = ids.secret(), f"{secrets.randbelow(10**6):06d}"
    try:
        link_requests.require_open(request, now)
        link_requests.store_hashes(request, secret, code, account.id if account else None, now)
    except (LinkUsedError, LinkExpiredError):
        return None
    # In the fragment: it reaches no server, log or Referer.
    link = f"{store_urls.sign_in_url(store)}#token={request_id}.{secret}"
    # The stored address, never the typed one: who knows another spelling gets no mail of somebody else's.
    address = account.email if account else request.email
    language = request.language or (account.language if account else None)
    return Outgoing(address, language, sign_in_link_mail(link, code), {"request": request_id})


def sign_in_link_mail(link: str, code: str) -> Mail:
    """The way in: a link for the browser that asked, a code for every other."""
    return Mail("sign_in_link", {"link": link, "code": f"{code[:3]} {code[3:]}", "minutes": LIFETIME.seconds // 60})
