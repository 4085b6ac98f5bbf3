"""The queue of VAT IDs to check with VIES, and its retry schedule.

A message is received five times in half a day, with growing gaps: Germany's registry, for example,
is overloaded by day and answers in the evening. Then a new message replaces it, for about a week in
total.
"""

import random
from collections.abc import Iterable

from clientela import settings
from clientela.aws import clients, sqs
from clientela.schema.documents import Model

MAX_RECEIVES = 5  # maxReceiveCount in template.yaml: then SQS would move it to the dead letters
# In seconds, each with up to a fifth on top. SQS hides a message for 12 hours at most, and counts
# from when it was received.
GAPS = (60, 15 * 60, 2 * 3600, 9 * 3600 + 1800)
MAX_DELAY = 900  # seconds, SQS's limit for a new message
MAX_ROUNDS = 14


class VatCheck(Model):
    """A message: check the VAT ID of a customer, who may have another one when it is received."""

    store_id: str
    customer_id: str
    vat_id: str
    round: int = 1


class PostponedError(Exception):
    """The message stays in the queue and is received again later."""


def put(checks: Iterable[VatCheck], delay: int = 0) -> None:
    """Queue checks, received after `delay` seconds (at most MAX_DELAY). One call of SQS for ten.

    Raises:
        BusyError: SQS did not accept all messages; queue all of them again.
    """
    sqs.send_all(settings.vat_check_queue_url(), (check.model_dump_json() for check in checks), delay)


def postpone(check: VatCheck, receipt_handle: str, receives: int) -> None:
    """Repeat a check later: hide its message, or replace it after its last receive.

    Raises:
        PostponedError: the message is hidden; do not delete it.
    """
    if receives >= MAX_RECEIVES:
        if check.round < MAX_ROUNDS:
            put([check.model_copy(update={"round": check.round + 1})], delay=MAX_DELAY)
        return
    # The jitter spreads messages that an outage delayed together.
    seconds = int(GAPS[receives - 1] * random.uniform(1, 1.2))  # noqa: S311 - jitter, nothing secret
    clients.sqs().change_message_visibility(
        QueueUrl=settings.vat_check_queue_url(), ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
    )
    raise PostponedError
