"""The mail to an account's new address: a link and a code, or a notice that it is in use."""

import secrets
from datetime import datetime

from clientela import ids
from clientela.customers import customers, mailability
from clientela.email_changes import email_change_requests
from clientela.email_changes.email_change_requests import EmailChangeRecord
from clientela.errors import CustomerNotFoundError
from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import MailContent
from clientela.sign_in.mailed_proofs import LIFETIME
from clientela.sign_in.sign_in_errors import LinkExpiredError, LinkUsedError
from clientela.stores import store_urls
from clientela.stores.stores import Store
from clientela.table import keys


def deliver(store: Store, customer_id: str, change_id: str, now: datetime) -> Outcome:
    """Send the link and code that prove a new address, once; both are created here.

    Cost: 4 read units, 3 write units, 1 call of SES.
    """
    request = email_change_requests.find(store, customer_id, change_id)
    if request is None:
        return "withheld"
    about = keys.customer(store.id, customer_id)
    return mail_delivery.send_once(
        store,
        about,
        f"email_change#{change_id}",
        now + LIFETIME,
        now,
        lambda: _outgoing(store, request, customer_id, change_id, now),
    )


def _outgoing(
    store: Store, request: EmailChangeRecord, customer_id: str, change_id: str, now: datetime
) -> Outgoing | None:
    owner = customers.find(store, request.canonical, now)
    if owner:  # only the mailbox's owner may learn that the account exists
        if not mailability.reachable(owner):
            return None
        return Outgoing(owner.email, request.language, email_in_use_mail(store))
    secret, code = ids.secret(), f"{secrets.randbelow(10**6):06d}"
    try:
        customer = customers.get(store, customer_id)
        email_change_requests.require_open(request, customer, now)
        email_change_requests.store_hashes(request, change_id, secret, code, now)
    except (CustomerNotFoundError, LinkUsedError, LinkExpiredError):
        return None
    if customer.status == "disabled":
        return None
    link = f"{store_urls.sign_in_url(store)}#email_change={change_id}.{secret}"
    return Outgoing(request.email, request.language, email_change_mail(link, code))


def email_change_mail(link: str, code: str) -> MailContent:
    """Return the mail that proves an address, with a link, and a code for other browsers."""
    minutes = LIFETIME.seconds // 60
    return MailContent("email_change", {"link": link, "code": f"{code[:3]} {code[3:]}", "minutes": minutes})


def email_in_use_mail(store: Store) -> MailContent:
    """Return the mail that informs the new address that it has an account already."""
    return MailContent("email_in_use", {"link": store_urls.sign_in_url(store)})
