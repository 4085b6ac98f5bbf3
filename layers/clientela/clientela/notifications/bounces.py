"""What SES says of mails afterwards: an address that bounced for good or complained gets no more mail.

SES tells it once or more, in any order: the outcome is keyed by SES's own id, a complaint outranks a bounce, and a bounce
of a mail older than the address's latest sign-in is old news.
Events: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from clientela.customers import customers
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_history import Actor
from clientela.errors import CustomerNotFoundError, StoreNotFoundError
from clientela.schema import email_addresses
from clientela.sign_in import sign_in_events
from clientela.stores import stores
from clientela.stores.stores import Store

_BY = Actor("mail_feedback")


class Recipient(BaseModel):
    """Whom a mail went to: its address as SES took it."""

    address: str = Field(alias="emailAddress")


class Bounce(BaseModel):
    """Mail that came back: `Permanent` where the address takes none at all."""

    kind: str = Field(alias="bounceType")
    detail: str = Field(alias="bounceSubType", default="")
    recipients: list[Recipient] = Field(alias="bouncedRecipients")
    id: str = Field(alias="feedbackId")
    at: datetime = Field(alias="timestamp")


class Complaint(BaseModel):
    """Mail that its reader called spam."""

    kind: str | None = Field(alias="complaintFeedbackType", default=None)
    recipients: list[Recipient] = Field(alias="complainedRecipients")
    id: str = Field(alias="feedbackId")
    at: datetime = Field(alias="timestamp")


class FeedbackMail(BaseModel):
    """The mail that it is about, with the tags that `mail_delivery` gave it."""

    sent_at: datetime = Field(alias="timestamp")
    tags: dict[str, list[str]] = {}


class Feedback(BaseModel):
    """The detail of SES's event, as far as it matters here."""

    mail: FeedbackMail
    bounce: Bounce | None = None
    complaint: Complaint | None = None


def record(feedback: Feedback, now: datetime) -> int:
    """Note a bounce or complaint, and stop the mail to customers whose address it is for good; how many these are.

    Mails without a store of ours are nobody's. Bounces that may pass are noted alone. 2 read units, 1 write unit, and
    where a customer changes the units of that.
    """
    told = feedback.complaint or feedback.bounce
    try:
        store = stores.get(*feedback.mail.tags.get("store", [""]))
    except StoreNotFoundError:
        return 0
    if told is None:
        return 0
    return sum(_taken(store, feedback, told, recipient, now) for recipient in told.recipients)


def _taken(store: Store, feedback: Feedback, told: Bounce | Complaint, recipient: Recipient, now: datetime) -> bool:
    canonical = email_addresses.canonical(recipient.address)
    state: Literal["complained", "bounced"] = "complained" if isinstance(told, Complaint) else "bounced"
    words = [told.kind] if isinstance(told, Complaint) else [told.kind, told.detail]
    sign_in_events.record(
        store,
        canonical,
        state,
        told.at,
        reason="/".join(word.lower() for word in words if word) or None,
        request_id=next(iter(feedback.mail.tags.get("request", [])), None),
        name=told.id,
    )
    customer = customers.find(store, canonical, now)
    is_final = isinstance(told, Complaint) or told.kind == "Permanent"
    if customer is None or not is_final:
        return False

    def apply(before: Customer) -> Customer:
        is_theirs = email_addresses.canonical(before.email) == canonical
        stays = before.email_status == "complained" or (state == "bounced" and _works_since(before, feedback))
        return before.model_copy(update={"email_status": state}) if is_theirs and not stays else before

    try:
        return customers.change(store, customer.id, apply, now, _BY).email_status == state
    except CustomerNotFoundError:
        return False


def _works_since(customer: Customer, feedback: Feedback) -> bool:
    """Whether the owner has proven the address after the mail that bounced was sent."""
    proven_at = customer.last_sign_in_at if customer.email_status == "proven" else None
    return proven_at is not None and proven_at > feedback.mail.sent_at
