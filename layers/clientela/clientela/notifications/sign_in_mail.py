"""The mail with a sign-in link and code.

Whether it is sent is decided here and not in the request, so that no response reveals an account.
"""

import secrets
from datetime import datetime
from typing import NamedTuple, get_args

from clientela import ids
from clientela.customers import customers, mailability
from clientela.customers.customer_fields import Customer
from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import MailContent
from clientela.mail.sending_errors import Refusal
from clientela.schema import email_addresses
from clientela.schema.locale_formats import Country, Moment
from clientela.sign_in import known_devices, link_requests, mailed_proofs, sign_in_events
from clientela.sign_in.link_requests import SignInRequest
from clientela.sign_in.mailed_proofs import LIFETIME
from clientela.sign_in.sign_in_errors import LinkExpiredError, LinkUsedError
from clientela.stores import store_urls
from clientela.stores.stores import Store
from clientela.table import keys


class Asker(NamedTuple):
    """Who asked to sign in, and when: what the reader recognises the own request by."""

    at: Moment
    device: str | None = None  # `Firefox on Windows`
    country: str | None = None  # where a trusted caller knows it
    is_new_device: bool = False  # the account was used only on others

    def facts(self) -> list[tuple[str, object]]:
        """Return what is known, by the names of the mail's texts."""
        device = self.device.replace(" on ", " · ") if self.device else None
        place = Country(self.country) if self.country else None
        return [(name, value) for name, value in (("at", self.at), ("place", place), ("device", device)) if value]


def deliver(store: Store, request_id: str, now: datetime) -> Outcome:
    """Send the link and code of a sign-in request if it is open and the address may sign in.

    Both are created here and exist only in the mail. The outcome is recorded for the merchant.

    Cost: 4 read units, 10 write units, 1 call of SES.
    """
    request = link_requests.find(store, request_id)
    if request is None:
        return "withheld"
    account, since = customers.find(store, request.canonical, now), link_requests.issued_at(request)
    obstacle = _obstacle(store, request, account)
    outcome = mail_delivery.send_once(
        store,
        request.pk,
        "sign_in_link",
        now + LIFETIME,
        now,
        lambda: None if obstacle else _outgoing(store, request, account, request_id, now),
        keys.REQUEST,
    )
    if outcome == "sent":
        sign_in_events.record(store, request.canonical, "sent", now, request_id=request_id, since=since)
    elif outcome not in ("repeated", "subject_gone"):
        reason = outcome if outcome in get_args(Refusal) else obstacle or "link_expired"
        sign_in_events.record(
            store, request.canonical, "withheld", now, reason=reason, request_id=request_id, since=since
        )
    return outcome


def _obstacle(store: Store, request: SignInRequest, account: Customer | None) -> str | None:
    """Return why the address gets no mail, or None; without an account sign-up must be allowed."""
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
        mailed_proofs.require_open(request, now)
        link_requests.store_hashes(request, secret, code, account, now)
    except (LinkUsedError, LinkExpiredError):
        return None
    # The fragment of a URL is sent to no server, and so to no log or Referer.
    link = f"{store_urls.sign_in_url(store)}#token={request_id}.{secret}"
    # To the stored address: the typed spelling might belong to another mailbox.
    address = account.email if account else request.email
    language = request.language or (account.language if account else None)
    mail = sign_in_link_mail(link, code, _asker(store, request, account))
    return Outgoing(address, language, mail, {"request": request_id})


def _asker(store: Store, request: SignInRequest, account: Customer | None) -> Asker:
    """Return who asked; 1 read unit if the account was used before."""
    was_used = account is not None and account.last_sign_in_at is not None
    return Asker(
        Moment(link_requests.issued_at(request), store.timezone),
        request.device,
        request.country,
        account is not None and was_used and not known_devices.is_known(store.id, account.id, request.device),
    )


def sign_in_link_mail(link: str, code: str, asker: Asker) -> MailContent:
    """Return the mail to sign in, with a link, and a code for other browsers.

    The code stands first if the device is new: the mail is probably read on another one.
    """
    context = {
        "link": link,
        "code": f"{code[:3]} {code[3:]}",
        "minutes": LIFETIME.seconds // 60,
        "asker": asker.facts(),
        "is_code_first": asker.is_new_device,
    }
    return MailContent("sign_in_link", context, "code_first" if asker.is_new_device else "")
