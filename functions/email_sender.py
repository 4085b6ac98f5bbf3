"""SQS → SES: sends the mails of both mail queues. Only messages that fail return to the queue."""

from collections import Counter
from typing import Any

import orjson
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock
from clientela.handlers import cold_start, metrics, sqs_batches
from clientela.notifications import mail_dispatch

cold_start.prepare()

COUNTED: dict[str, list[metrics.Name]] = {
    "sent": ["MailsSent"],
    "withheld": ["MailsWithheld"],
    "address_refused": ["MailsRefused"],
    "content_refused": ["MailsRefused"],
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
    message = orjson.loads(record.body)
    delivered = mail_dispatch.deliver(message, clock.now())
    # A metric filter counts the errors: somebody has to mend something, then the mails are sent.
    log = logger.error if delivered.is_fault else logger.info
    log("mail", **message, outcome=delivered.outcome, reason=delivered.reason)
    if message["mail"] == "sign_in_link" and delivered.outcome == "sent":
        return ["MailsSent", "SignInLinksSent"]
    return COUNTED.get(delivered.outcome, [])
