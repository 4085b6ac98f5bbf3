"""Delivery of mails through SES: one recipient each, and once even if the queue repeats a message.

The outcome is stored in the same collection as the subject of the mail. A lease prevents two
deliveries of one message from sending at the same time. It also holds if the process died, or the
connection broke, while SES had the mail: nobody knows then whether it was sent. So no second mail
follows within LEASE; after it the next delivery sends.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import formataddr
from typing import Any, Literal

from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from clientela import clock, settings
from clientela.aws import clients
from clientela.errors import BusyError
from clientela.mail import mail_rendering, mail_words, sending_errors
from clientela.mail.mail_rendering import MailContent
from clientela.mail.mail_words import OwnWords
from clientela.mail.sending_errors import MailHeldError, Refusal
from clientela.schema import email_addresses
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.records import Record
from clientela.table.transactions import Transaction

# As long as a sign-in link is valid, so that a second mail never makes the first one's link
# invalid. Shorter than four visibility timeouts of the queue: the fifth receive sends.
LEASE = timedelta(minutes=10)
# Characters of the store's name in the sender: encoded, it must fit into one header line of SES.
MAX_NAME = 60

# SES may have accepted the mail although its response is lost.
_UNCERTAIN = (ReadTimeoutError, ConnectionClosedError)

type Outcome = Literal["sent", "withheld", "repeated", "subject_gone"] | Refusal


@dataclass(frozen=True)
class Outgoing:
    """A mail with its one recipient.

    `about` becomes tags that SES returns with a bounce; it allows letters, digits, `_` and `-`.
    """

    address: str
    language: str | None
    mail: MailContent
    about: Mapping[str, str] = field(default_factory=dict)


class Delivery(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `MAIL#welcome`: a delivery's lease, later its outcome."""

    until = UnicodeAttribute()
    settled_at = UnicodeAttribute(null=True)
    outcome = UnicodeAttribute(null=True)
    ttl = NumberAttribute()


class _SubjectGoneError(Exception):
    """The customer or request that the mail is about is deleted."""


def send_once(
    store: Store,
    about: str,
    mail: str,
    keep_until: datetime,
    now: datetime,
    build: Callable[[], Outgoing | None],
    subject: str = keys.PROFILE,
) -> Outcome:
    """Send the mail that `build` returns, unless it has an outcome already.

    The outcome is stored at the partition key `about` and the name `mail`, until `keep_until`. If
    `build` returns None, the mail is withheld for good. `subject` is the sort key of the item that
    the mail is about. If it is deleted, before or meanwhile, no item is left: `subject_gone`.

    Raises:
        BusyError: another delivery of this mail is running, or may have sent it.
        MailHeldError: the account, the sender or a limit of SES lets no mail pass now.
        ClientError: SES failed; the queue repeats the message.

    Cost: 5 write units, 1 call of SES; 1 read unit if the merchant's words are not cached.
    """
    try:
        delivery = _lease(about, subject, mail, keep_until, now)
        if delivery is None:
            return "repeated"
        return _deliver(store, delivery, now, build)
    except _SubjectGoneError:
        return "subject_gone"


def _deliver(store: Store, delivery: Delivery, now: datetime, build: Callable[[], Outgoing | None]) -> Outcome:
    """Send the mail and store its outcome — _SubjectGoneError if the lease is deleted.

    If SES did not get the mail, the lease ends now.
    """
    moment, is_leased = clock.format_timestamp(now), Delivery.pk.exists()
    try:
        outgoing = build()
        outcome: Outcome = _send(store, outgoing) if outgoing else "withheld"
    except _UNCERTAIN:
        raise
    except Exception:
        with suppress(_SubjectGoneError):
            records.update(delivery, [Delivery.until.set(moment)], is_leased, _SubjectGoneError())
        raise
    actions: list[Action] = [Delivery.settled_at.set(moment), Delivery.outcome.set(outcome)]
    records.update(delivery, actions, is_leased, _SubjectGoneError())
    return outcome


def _lease(about: str, subject: str, mail: str, keep_until: datetime, now: datetime) -> Delivery | None:
    """Return a new lease, or None if the mail has an outcome already — _SubjectGoneError."""
    delivery = Delivery(
        about,
        keys.mail(mail),
        until=clock.format_timestamp(now + LEASE),
        ttl=int(keep_until.timestamp()),
    )
    is_expired = Delivery.settled_at.does_not_exist() & (Delivery.until <= clock.format_timestamp(now))
    try:
        with Transaction() as write:
            write.put_record(delivery, Delivery.pk.does_not_exist() | is_expired, BusyError())
            write.check(Record, about, subject, Record.pk.exists(), _SubjectGoneError())
    except BusyError:
        stored = Delivery.find(about, keys.mail(mail))
        if stored and stored.settled_at:
            return None
        raise
    return delivery


def _send(store: Store, outgoing: Outgoing) -> Outcome:
    try:
        clients.ses().send_email(**build_request(store, outgoing, _own_words(store, outgoing)))
    except ClientError as error:
        verdict = sending_errors.read(error)
        if isinstance(verdict, MailHeldError):
            raise verdict from error
        if verdict is None:
            raise
        return verdict
    return "sent"


def _own_words(store: Store, outgoing: Outgoing) -> OwnWords:
    return mail_words.own_words(store, outgoing.mail.name, mail_rendering.language_of(store, outgoing.language))


def build_request(store: Store, outgoing: Outgoing, own: OwnWords | None = None) -> dict[str, Any]:
    """Return the parameters of SES v2's SendEmail.

    Without List-Unsubscribe, because these mails respond to actions of the customer.
    """
    rendered = mail_rendering.render(store, outgoing.mail, outgoing.language, own)
    name = " ".join(store.name.split())[:MAX_NAME]
    tags = {"store": store.id, "mail": outgoing.mail.name, **outgoing.about}
    return {
        "ConfigurationSetName": settings.email_configuration_set(),
        "FromEmailAddress": formataddr((name, _sender(store))),
        "Destination": {"ToAddresses": [email_addresses.for_envelope(outgoing.address)]},
        **({"ReplyToAddresses": [email_addresses.for_envelope(store.reply_to)]} if store.reply_to else {}),
        "Content": {
            "Simple": {
                "Subject": _content(rendered.subject),
                "Body": {"Text": _content(rendered.text), "Html": _content(rendered.html)},
                "Headers": [
                    # RFC 3834: automatic responders do not answer.
                    {"Name": "Auto-Submitted", "Value": "auto-generated"},
                    {"Name": "X-Auto-Response-Suppress", "Value": "All"},
                ],
            }
        },
        "EmailTags": [{"Name": name, "Value": value} for name, value in tags.items()],
    }


def _content(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}


def _sender(store: Store) -> str:
    own_sender = email_addresses.for_envelope(store.sender) if store.sender else ""
    return own_sender if own_sender.isascii() and own_sender else settings.sender_address()
