"""From a message of the mail queues to its mail. What cannot be sent now is put back."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from clientela.mail import bulk_sending, mail_queue
from clientela.mail.mail_delivery import Outcome
from clientela.mail.sending_errors import HeldReason, MailHeldError
from clientela.notifications import (
    account_notices,
    approval_mail,
    email_change_mail,
    export_mails,
    import_mail,
    invitation_mail,
    new_device_mail,
    sample_mail,
    sign_in_mail,
    waiting_mails,
    welcome_mail,
)
from clientela.stores import stores

DELIVER: dict[str, Callable[..., Outcome]] = {
    "sign_in_link": sign_in_mail.deliver,
    "welcome": welcome_mail.deliver,
    "approved": approval_mail.deliver,
    "invitation": invitation_mail.deliver,
    "waiting": waiting_mails.tell_owner,
    "approval_requested": waiting_mails.tell_merchant,
    "email_change": email_change_mail.deliver,
    "email_changed": account_notices.email_changed,
    "new_device": new_device_mail.deliver,
    "import_result": import_mail.deliver,
    "export_ready": export_mails.deliver_ready,
    "export_failed": export_mails.deliver_failed,
    "password_changed": account_notices.password_changed,
    "mail_test": sample_mail.deliver,
}
# Seconds until the next try: by whether the mail is bulk.
_DELAYS: dict[HeldReason, tuple[int, int]] = {"rate": (2, 30)}
_OTHER_DELAYS = (60, 900)  # 900: SQS's limit


class Delivered(NamedTuple):
    """What became of a message; `reason` says why a mail was put back."""

    outcome: Outcome | Literal["held"]
    reason: HeldReason | None = None
    is_fault: bool = False


def deliver(message: Mapping[str, Any], now: datetime) -> Delivered:
    """Send the mail of a message, or put it back if its time has not come.

    Raises:
        HeldTooLongError: it has been put back for days.

    Cost: that of the mail; 1 write unit more for a bulk mail.
    """
    about = {name: value for name, value in message.items() if name not in ("mail", "store_id", "held_since")}
    store, mail = stores.get(message["store_id"]), message["mail"]
    send = DELIVER[mail]
    try:
        if mail_queue.is_bulk(mail):
            bulk_sending.admit(store, now)
        return Delivered(send(store, **about, now=now))
    except MailHeldError as held:
        urgent, bulk = _DELAYS.get(held.reason, _OTHER_DELAYS)
        mail_queue.put_back(message, bulk if mail_queue.is_bulk(mail) else urgent, now)
        return Delivered("held", held.reason, held.is_fault)
