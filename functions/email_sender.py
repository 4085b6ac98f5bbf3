"""SQS → SES: sends the mails of the mail queue. Only messages that fail return to the queue."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock
from clientela.handlers import cold_start, metrics, sqs_batches
from clientela.mail.mail_delivery import Outcome
from clientela.notifications import (
    account_notices,
    approval_mail,
    email_change_mail,
    export_mails,
    import_mail,
    invitation_mail,
    new_device_mail,
    sign_in_mail,
    waiting_mails,
    welcome_mail,
)
from clientela.stores import stores

cold_start.prepare()

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
}
COUNTED: dict[Outcome, list[metrics.Name]] = {
    "sent": ["MailsSent"],
    "withheld": ["MailsWithheld"],
    "refused": ["MailsRefused"],
}

logger = Logger()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Send the mails of a batch, and return the ids of the messages that failed."""
    counts: Counter[metrics.Name] = Counter()
    answer = sqs_batches.process_batch(event, context, lambda record: counts.update(_deliver(record)), logger)
    metrics.count(context, counts)
    return answer


def _deliver(record: SQSRecord) -> list[metrics.Name]:
    """Send one mail, and return what it counts as."""
    arguments = orjson.loads(record.body)
    mail, store_id = arguments.pop("mail"), arguments.pop("store_id")
    outcome = DELIVER[mail](stores.get(store_id), **arguments, now=clock.now())
    logger.info("mail", mail=mail, store_id=store_id, outcome=outcome, **arguments)
    if mail == "sign_in_link" and outcome == "sent":
        return ["MailsSent", "SignInLinksSent"]
    return COUNTED.get(outcome, [])
