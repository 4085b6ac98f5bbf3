"""Mails on their way out: to one address through SES, and once, however often the queue asks.

A mail that SES has taken is settled on an item beside what it is about. A lease keeps two deliveries of one message
from sending at the same time; a crash lets the lease run out, and the next delivery sends.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import formataddr
from typing import Any, Literal

from botocore.exceptions import ClientError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock, ids, settings
from clientela.aws import clients
from clientela.errors import BusyError
from clientela.mail import mail_rendering
from clientela.mail.mail_rendering import Mail
from clientela.schema import email_addresses
from clientela.stores.stores import Store
from clientela.table import keys, records
from clientela.table.records import Record

LEASE = timedelta(seconds=60)  # longer than the function may run, shorter than the queue hides a message
DISPLAY_NAME = 60  # characters of the store's name in the sender: encoded, it must fit into one header line of SES

# Repeating cannot cure these: the address or the content is refused. All else comes back to the queue.
# Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
_FINAL = {"MessageRejected", "BadRequestException"}

type Outcome = Literal["sent", "withheld", "refused", "repeated"]


@dataclass(frozen=True)
class Outgoing:
    """A mail with its one recipient. `about` comes back with a bounce: SES takes letters, digits, `_` and `-`."""

    address: str
    language: str | None
    mail: Mail
    about: Mapping[str, str] = field(default_factory=dict)


class Delivery(Record):
    """`STORE#demo#CUSTOMER#cus_01K…` / `MAIL#welcome`: who is sending a mail, or how that ended."""

    holder = UnicodeAttribute()
    until = UnicodeAttribute()
    settled_at = UnicodeAttribute(null=True)
    outcome = UnicodeAttribute(null=True)
    ttl = NumberAttribute()


def send_once(
    store: Store, about: str, mail: str, keep_until: datetime, now: datetime, make: Callable[[], Outgoing | None]
) -> Outcome:
    """Send what `make` returns, unless this mail about this item (its pk) was settled before.

    None from `make` withholds the mail for good. BusyError while another delivery is at it; what SES refuses for now is
    raised: the message comes back. 2 write units, 1 call of SES.
    """
    delivery = _leased(about, mail, keep_until, now)
    if delivery is None:
        return "repeated"
    try:
        outgoing = make()
        outcome: Outcome = _sent(store, outgoing) if outgoing else "withheld"
    except Exception:
        records.update(delivery, [Delivery.until.set(clock.format_timestamp(now))])
        raise
    records.update(delivery, [Delivery.settled_at.set(clock.format_timestamp(now)), Delivery.outcome.set(outcome)])
    return outcome


def _leased(about: str, mail: str, keep_until: datetime, now: datetime) -> Delivery | None:
    delivery = Delivery(
        about,
        keys.mail(mail),
        holder=ids.secret(),
        until=clock.format_timestamp(now + LEASE),
        ttl=int(keep_until.timestamp()),
    )
    free = Delivery.settled_at.does_not_exist() & (Delivery.until <= clock.format_timestamp(now))
    try:
        records.put(delivery, Delivery.pk.does_not_exist() | free, BusyError())
    except BusyError:
        stored = Delivery.find(about, keys.mail(mail))
        if stored and stored.settled_at:
            return None
        if stored is None or stored.holder != delivery.holder:  # not our own write, whose answer was lost
            raise
    return delivery


def _sent(store: Store, outgoing: Outgoing) -> Outcome:
    try:
        clients.ses().send_email(**build_request(store, outgoing))
    except ClientError as error:
        if error.response["Error"]["Code"] in _FINAL:
            return "refused"
        raise
    return "sent"


def build_request(store: Store, outgoing: Outgoing) -> dict[str, Any]:
    """The SendEmail call of SES v2. No List-Unsubscribe: these mails are answers to what the customer did."""
    letter = mail_rendering.render(store, outgoing.mail, outgoing.language)
    name = " ".join(store.name.split())[:DISPLAY_NAME]
    tags = {"store": store.id, "mail": outgoing.mail.name, **outgoing.about}
    return {
        "ConfigurationSetName": settings.email_configuration_set(),
        "FromEmailAddress": formataddr((name, _sender(store))),
        "Destination": {"ToAddresses": [_envelope(outgoing.address)]},
        **({"ReplyToAddresses": [_envelope(store.reply_to)]} if store.reply_to else {}),
        "Content": {
            "Simple": {
                "Subject": _content(letter.subject),
                "Body": {"Text": _content(letter.text), "Html": _content(letter.html)},
                "Headers": [
                    # RFC 3834: answering machines keep quiet.
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
    own = _envelope(store.sender) if store.sender else ""
    return own if own.isascii() and own else settings.sender_address()


def _envelope(address: str) -> str:
    """The address as mail servers take it: the local part as stored, the domain in punycode."""
    return address.rpartition("@")[0] + "@" + email_addresses.canonical(address).rpartition("@")[2]
