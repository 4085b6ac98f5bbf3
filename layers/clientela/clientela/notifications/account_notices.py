"""Mails that inform a customer of a change of the account; each is about one history entry.

A notice is never lost. The notice of a changed e-mail follows from the table's stream. The notice
of a changed password is queued before the change and received after it: if the change failed, there
is no entry and no mail.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from clientela.customers import customer_history, customers, mailability, stored_customers
from clientela.customers.customer_fields import Customer
from clientela.customers.history_entries import HistoryEntry
from clientela.email_changes import email_reverts
from clientela.errors import CustomerNotFoundError
from clientela.mail import mail_delivery
from clientela.mail.mail_delivery import Outcome, Outgoing
from clientela.mail.mail_rendering import MailContent
from clientela.schema import email_addresses
from clientela.schema.email_addresses import is_mailable
from clientela.stores import store_urls
from clientela.stores.stores import Store
from clientela.table import keys
from clientela.table.stream import TableChange

RETENTION = timedelta(days=30)  # longer than the queue's retention


def password_changed(store: Store, customer_id: str, version: str, now: datetime) -> Outcome:
    """Inform a customer that the password was set, changed or removed.

    Cost: 3 read units, 2 write units, 1 call of SES.
    """

    def build(customer: Customer, entry: HistoryEntry) -> Outgoing | None:
        if entry.type not in ("password_updated", "password_removed") or not mailability.reachable(customer):
            return None
        mail = password_changed_mail(store, is_removed=entry.type == "password_removed")
        # To the address at that time: an attacker may have changed the account's e-mail since.
        return Outgoing(customer_history.email_at(store, customer, int(version)), customer.language, mail)

    return _deliver(store, customer_id, int(version), "password_changed", build, now)


class EmailChanged(NamedTuple):
    """A change of a customer's e-mail, by the version that it made."""

    store_id: str
    customer_id: str
    version: str


def email_change_in(change: TableChange) -> EmailChanged | None:
    """Return the e-mail change that a change of a profile holds, or None.

    None as well if mails to the old address bounced or were reported as spam.
    """
    if change.sk != keys.PROFILE or change.before is None or change.after is None:
        return None
    before, after = (stored_customers.load(item) for item in (change.before, change.after))
    is_moved = email_addresses.canonical(before.email) != email_addresses.canonical(after.email)
    if not is_moved or before.email_status in {"bounced", "complained"}:
        return None
    return EmailChanged(*keys.customer_of(change.pk), str(after.version))


def email_changed(store: Store, customer_id: str, version: str, now: datetime) -> Outcome:
    """Inform the old address that the account has a new e-mail.

    The mail has a link to undo the change if the customer made it. If a merchant changed it, only
    a proven address is informed: an unproven one may belong to a person unrelated to the account.

    Cost: 2 read units, 3 write units, 1 call of SES.
    """

    def build(customer: Customer, entry: HistoryEntry) -> Outgoing | None:
        changes = {change.field: change for change in entry.changes}
        if entry.type != "email_updated":
            return None
        was_proven = "email_status" in changes and changes["email_status"].before == "proven"
        old = str(changes["email"].before)
        if not (entry.actor.kind == "customer" or was_proven) or not is_mailable(email_addresses.canonical(old)):
            return None
        token = email_reverts.new_token(store, customer_id, int(version), now)
        link = f"{store_urls.sign_in_url(store)}#email_revert={token}" if token else None
        return Outgoing(old, customer.language, email_changed_mail(link))

    return _deliver(store, customer_id, int(version), "email_changed", build, now)


def _deliver(
    store: Store,
    customer_id: str,
    version: int,
    mail: str,
    build: Callable[[Customer, HistoryEntry], Outgoing | None],
    now: datetime,
) -> Outcome:
    def build_from_history() -> Outgoing | None:
        try:
            customer = customers.get(store, customer_id)
        except CustomerNotFoundError:
            return None
        entries = customer_history.at_version(store, customer_id, version)
        return next(filter(None, (build(customer, entry) for entry in entries)), None)

    about = keys.customer(store.id, customer_id)
    return mail_delivery.send_once(store, about, f"{mail}#{version}", now + RETENTION, now, build_from_history)


def password_changed_mail(store: Store, *, is_removed: bool) -> MailContent:
    """Return the mail that informs a customer of a new or removed password."""
    variant = "removed" if is_removed else ""
    return MailContent("password_changed", {"link": store_urls.sign_in_url(store)}, variant)


def email_changed_mail(link: str | None) -> MailContent:
    """Return the mail to an account's old address; `link` undoes the change."""
    return MailContent("email_changed", {"link": link, "days": email_reverts.LIFETIME.days})
