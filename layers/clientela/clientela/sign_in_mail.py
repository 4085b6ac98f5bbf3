"""The mail with the way in: whether one goes out and to whom is decided here, far from whoever asked for it."""

import secrets
from datetime import datetime

from clientela import customers, email_addresses, ids, mail_delivery, mails, pages, sign_in_requests
from clientela.errors import LinkExpiredError, LinkUsedError
from clientela.mail_delivery import Outcome, Outgoing, reachable
from clientela.sign_in_requests import LIFE, SignInRequest
from clientela.stores import Store


def deliver(store: Store, request_id: str, now: datetime) -> Outcome:
    """Send the link and the code of a request, if it still lives and its address may have them.

    Both are made here and are nowhere else but in the mail. 3 read units, 3 write units, 1 call of SES.
    """
    request = sign_in_requests.find(store, request_id)
    if request is None:
        return "withheld"
    return mail_delivery.send_once(
        store, request.pk, "sign_in_link", now + LIFE, now, lambda: _outgoing(store, request, request_id, now)
    )


def _outgoing(store: Store, request: SignInRequest, request_id: str, now: datetime) -> Outgoing | None:
    account = customers.find(store, request.canonical, now)
    if store.login_mode == "disabled" or not (reachable(account) if account else _may_sign_up(store, request)):
        return None
    secret, code = ids.secret(), f"{secrets.randbelow(10**6):06d}"
    try:
        sign_in_requests.demand_living(request, now)
        sign_in_requests.keep_secrets(request, secret, code, account.id if account else None, now)
    except (LinkUsedError, LinkExpiredError):
        return None
    page = pages.sign_in(store)
    # In the fragment: it reaches no server, log or Referer.
    link = f"{page}#token={request_id}.{secret}" if page else None
    # The stored address, never the typed one: who knows another spelling gets no mail of somebody else's.
    address = account.email if account else request.email
    language = request.language or (account.language if account else None)
    return Outgoing(address, language, mails.sign_in_link(link, code))


def _may_sign_up(store: Store, request: SignInRequest) -> bool:
    return store.login_mode == "optional" and email_addresses.mailable(request.canonical)
