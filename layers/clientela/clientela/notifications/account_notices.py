"""Mails that tell a customer of a change of the account: each is about one entry of the history.

The message is queued before the change, and read after it: a notice is never lost, and where the change did not come
about, there is no entry and no mail.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from clientela.customers import customer_history, customers, mailability
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_history import HistoryEntry
from clientela.email_changes import email_reverts
from clientela.errors import CustomerNotFoundError
from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import Mail
from clientela.schema import email_addresses
from clientela.schema.email_addresses import is_mailable
from clientela.stores import store_urls
from clientela.stores.stores import Store
from clientela.table import keys

RETENTION = timedelta(days=30)  # longer than any queue keeps the message


def password_changed(store: Store, customer_id: str, version: str, now: datetime) -> Outcome:
    """Tell a customer that the password was set, changed or removed. 3 read units, 2 write units, 1 call of SES."""

    def outgoing(customer: Customer, event: HistoryEntry) -> Outgoing | None:
        if event.type not in ("password_updated", "password_removed") or not mailability.reachable(customer):
            return None
        mail = password_changed_mail(store, is_removed=event.type == "password_removed")
        # Where it was changed: whoever takes an account over may have given it another address by now.
        return Outgoing(customer_history.email_at(store, customer, int(version)), customer.language, mail)

    return _deliver(store, customer_id, int(version), "password_changed", outgoing, now)


def email_changed(store: Store, customer_id: str, version: str, now: datetime) -> Outcome:
    """Tell the old address that the account has another e-mail now, with the way back if its owner changed it.

    Where a merchant did, it is told only if it was proven: else it may be somebody's who never had to do with the account.
    2 read units, 3 write units, 1 call of SES.
    """

    def outgoing(customer: Customer, event: HistoryEntry) -> Outgoing | None:
        changes = {change.field: change for change in event.changes}
        if event.type != "email_updated":
            return None
        was_proven = "email_status" in changes and changes["email_status"].before == "proven"
        old = str(changes["email"].before)
        if not (event.actor.kind == "customer" or was_proven) or not is_mailable(email_addresses.canonical(old)):
            return None
        token = email_reverts.new_token(store, customer_id, int(version), now)
        link = f"{store_urls.sign_in_url(store)}#email_revert={token}" if token else None
        return Outgoing(old, customer.language, email_changed_mail(link))

    return _deliver(store, customer_id, int(version), "email_changed", outgoing, now)


def _deliver(
    store: Store,
    customer_id: str,
    version: int,
    mail: str,
    outgoing: Callable[[Customer, HistoryEntry], Outgoing | None],
    now: datetime,
) -> Outcome:
    def made() -> Outgoing | None:
        try:
            customer = customers.get(store, customer_id)
        except CustomerNotFoundError:
            return None
        events = customer_history.at_version(store, customer_id, version)
        return next((found for event in events if (found := outgoing(customer, event))), None)

    about = keys.customer(store.id, customer_id)
    return mail_delivery.send_once(store, about, f"{mail}#{version}", now + RETENTION, now, made)


def password_changed_mail(store: Store, *, is_removed: bool) -> Mail:
    """Tell a customer that the password is another one, or none any more."""
    return Mail("password_changed", {"link": store_urls.sign_in_url(store), "is_removed": is_removed})


def email_changed_mail(link: str | None) -> Mail:
    """Tell the old address that its account has another one now, with the way back where there is one."""
    return Mail("email_changed", {"link": link, "days": email_reverts.LIFETIME.days})
