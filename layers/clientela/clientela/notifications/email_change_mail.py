"""The mail to an address that is to be an account's e-mail: with a link and a code, or with the news that it has an account."""

import secrets
from datetime import datetime

from clientela import ids
from clientela.customers import customers, mailability
from clientela.email_changes import email_change_requests
from clientela.email_changes.email_change_requests import LIFETIME, EmailChangeRecord
from clientela.errors import CustomerNotFoundError, LinkExpiredError, LinkUsedError
from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import Mail
from clientela.stores import store_urls
from clientela.stores.stores import Store
from clientela.table import keys


def deliver(store: Store, customer_id: str, change_id: str, now: datetime) -> Outcome:
    """Send the proof of a new address, once. Token and code are made here. 4 read units, 3 write units, 1 call of SES."""
    asked = email_change_requests.find(store, customer_id, change_id)
    if asked is None:
        return "withheld"
    about = keys.customer(store.id, customer_id)
    return mail_delivery.send_once(
        store,
        about,
        f"email_change#{change_id}",
        now + LIFETIME,
        now,
        lambda: _outgoing(store, asked, customer_id, change_id, now),
    )


def _outgoing(
    store: Store, asked: EmailChangeRecord, customer_id: str, change_id: str, now: datetime
) -> Outgoing | None:
    holder = customers.find(store, asked.canonical, now)
    if holder:  # who asked learns nothing; who has the mailbox may know of the account that is theirs
        if not mailability.reachable(holder):
            return None
        return Outgoing(holder.email, asked.language, email_in_use_mail(store))
    secret, code = ids.secret(), f"{secrets.randbelow(10**6):06d}"
    try:
        customer = customers.get(store, customer_id)
        email_change_requests.require_open(asked, customer, now)
        email_change_requests.store_hashes(asked, change_id, secret, code, now)
    except (CustomerNotFoundError, LinkUsedError, LinkExpiredError):
        return None
    if customer.status == "disabled":
        return None
    link = f"{store_urls.sign_in_url(store)}#email_change={change_id}.{secret}"
    return Outgoing(asked.email, asked.language, email_change_mail(link, code))


def email_change_mail(link: str, code: str) -> Mail:
    """Prove that a new address is one's own: a link for the browser that is signed in, a code for every other."""
    minutes = LIFETIME.seconds // 60
    return Mail("email_change", {"link": link, "code": f"{code[:3]} {code[3:]}", "minutes": minutes})


def email_in_use_mail(store: Store) -> Mail:
    """Tell an address that was to be an account's e-mail that it has an account already."""
    return Mail("email_in_use", {"link": store_urls.sign_in_url(store)})
