"""The queue of VAT IDs to ask VIES about, and the patience it has with registries that do not answer.

A message is delivered five times over half a day, with growing gaps: Germany's registry, for one, is overloaded by day
and answers in the evening. Then a new message takes its place, for about a week in all.
"""

import random
from collections.abc import Iterable
from itertools import batched

from clientela import settings
from clientela.aws import clients
from clientela.schema.documents import Model

RECEIVES = 5  # then the queue would put the message aside: maxReceiveCount in template.yaml
GAPS = (60, 15 * 60, 2 * 3600, 10 * 3600)  # seconds; SQS hides a message for 12 hours at most
ROUNDS = 14
_BATCH = 10  # messages: SQS's limit for one call


class VatCheck(Model):
    """A message: ask about the VAT ID of a customer, who may have another one by then."""

    store_id: str
    customer_id: str
    vat_id: str
    round: int = 1


class NotSentError(RuntimeError):
    """SQS did not take all messages: what asked for them must be repeated."""


class PostponedError(Exception):
    """The message stays in the queue and comes back later."""


def put(checks: Iterable[VatCheck], delay: int = 0) -> None:
    """Ask for checks, `delay` seconds (at most 900) from now. NotSentError. One call of SQS for ten."""
    for batch in batched(checks, _BATCH, strict=False):
        entries = [
            {"Id": str(index), "MessageBody": check.model_dump_json(), "DelaySeconds": delay}
            for index, check in enumerate(batch)
        ]
        answer = clients.sqs().send_message_batch(QueueUrl=settings.vat_check_queue_url(), Entries=entries)  # type: ignore[arg-type]
        if answer.get("Failed"):
            raise NotSentError(f"SQS did not take {len(answer['Failed'])} of {len(batch)} messages.")


def postpone(check: VatCheck, receipt_handle: str, receives: int) -> None:
    """Have a check made again later: raises PostponedError, or puts a new message where this one is at its end."""
    if receives >= RECEIVES:
        if check.round < ROUNDS:
            put([check.model_copy(update={"round": check.round + 1})], delay=900)
        return
    # The jitter spreads what an outage has gathered, and stays below SQS's 12 hours.
    seconds = int(GAPS[receives - 1] * random.uniform(1, 1.2))  # noqa: S311 - jitter, nothing secret
    clients.sqs().change_message_visibility(
        QueueUrl=settings.vat_check_queue_url(), ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
    )
    raise PostponedError
