"""Bounces and complaints from SES. After a permanent bounce or a complaint an address gets no mail.

SES reports them at least once and in any order. So an outcome is stored under SES's own id, a
complaint outranks a bounce, a bounce is ignored if its mail is older than the latest sign-in, and
both if a stop was lifted after the mail was sent. A report of type `not-spam` lifts a complaint.
Events: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from datetime import datetime
from email.utils import parseaddr
from typing import Literal

from pydantic import BaseModel, Field

from clientela.customers import customers
from clientela.customers.customer_fields import Customer
from clientela.errors import CustomerNotFoundError, StoreNotFoundError
from clientela.notifications import suppressions
from clientela.schema import email_addresses
from clientela.schema.actors import Actor
from clientela.sign_in import sign_in_events
from clientela.stores import stores
from clientela.stores.stores import Store

_ACTOR = Actor("mail_feedback")


class Recipient(BaseModel):
    """The recipient of a mail, with the address that was given to SES."""

    address: str = Field(alias="emailAddress")


class Bounce(BaseModel):
    """A mail that bounced; its kind is `Permanent` if the address accepts no mail."""

    kind: str = Field(alias="bounceType")
    detail: str = Field(alias="bounceSubType", default="")
    recipients: list[Recipient] = Field(alias="bouncedRecipients")
    id: str = Field(alias="feedbackId")
    at: datetime = Field(alias="timestamp")

    @property
    def stops_mail(self) -> bool:
        """Whether the address gets no more mail."""
        return self.kind == "Permanent"


class Complaint(BaseModel):
    """A report about a mail by its reader: as spam, or with the kind `not-spam` as none."""

    kind: str | None = Field(alias="complaintFeedbackType", default=None)
    recipients: list[Recipient] = Field(alias="complainedRecipients")
    id: str = Field(alias="feedbackId")
    at: datetime = Field(alias="timestamp")

    @property
    def stops_mail(self) -> bool:
        """Whether the address gets no more mail."""
        return self.kind != "not-spam"


class FeedbackMail(BaseModel):
    """The mail that bounced or was reported, with the tags from `mail_delivery`."""

    sent_at: datetime = Field(alias="timestamp")
    tags: dict[str, list[str]] = {}


class Feedback(BaseModel):
    """The needed parts of an SES event's detail."""

    mail: FeedbackMail
    bounce: Bounce | None = None
    complaint: Complaint | None = None


def record(feedback: Feedback, now: datetime) -> int:
    """Record a bounce or complaint and stop the mails to its addresses.

    Returns the number of customers that get no more mail. A temporary bounce is only recorded.
    Feedback about a mail of an unknown store is ignored.

    Cost: 3 read units, 4 write units, and the write units of each changed customer.
    """
    report = feedback.complaint or feedback.bounce
    try:
        store = stores.get(*feedback.mail.tags.get("store", [""]))
    except StoreNotFoundError:
        return 0
    if report is None:
        return 0
    return sum(_record_recipient(store, feedback, report, recipient, now) for recipient in report.recipients)


def _record_recipient(
    store: Store, feedback: Feedback, report: Bounce | Complaint, recipient: Recipient, now: datetime
) -> bool:
    """Record a report about one recipient; return whether a customer has the new status."""
    canonical = email_addresses.canonical(parseaddr(recipient.address)[1])  # a name may stand beside it
    state: Literal["complained", "bounced"] = "complained" if isinstance(report, Complaint) else "bounced"
    customer = customers.find(store, canonical, now)
    if state == "complained" and not report.stops_mail:  # the reader took it out of the spam
        if customer:
            suppressions.lift_after_not_spam(store, customer, canonical, now, _ACTOR)
        return False
    reasons = [report.kind] if isinstance(report, Complaint) else [report.kind, report.detail]
    sign_in_events.record(
        store,
        canonical,
        state,
        report.at,
        reason="/".join(reason.lower() for reason in reasons if reason) or None,
        request_id=next(iter(feedback.mail.tags.get("request", [])), None),
        name=report.id,
        since=feedback.mail.sent_at,
    )
    if customer is None or not report.stops_mail:
        return False
    if suppressions.was_lifted_since(store, customer, feedback.mail.sent_at, now):
        return False

    def apply(before: Customer) -> Customer:
        is_same_email = email_addresses.canonical(before.email) == canonical
        is_outranked = before.email_status == "complained" or (
            state == "bounced" and _is_proven_since(before, feedback)
        )
        return before.model_copy(update={"email_status": state}) if is_same_email and not is_outranked else before

    try:
        return customers.change(store, customer.id, apply, now, _ACTOR).email_status == state
    except CustomerNotFoundError:
        return False


def _is_proven_since(customer: Customer, feedback: Feedback) -> bool:
    """Return whether the owner proved the address after the bounced mail was sent."""
    proven_at = customer.last_sign_in_at if customer.email_status == "proven" else None
    return proven_at is not None and proven_at > feedback.mail.sent_at
