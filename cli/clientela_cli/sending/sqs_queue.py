"""SQS for operators: send in batches until all messages are on the queue; delete in batches."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from botocore import exceptions
from botocore.exceptions import ClientError, HTTPClientError

from clientela.aws import clients
from clientela.concurrency import back_off
from clientela_cli.console.exit_codes import CommandError

BATCH_SIZE = 10  # messages; SQS's limit for one call
# The limit of every SQS queue, for one message and for a whole batch:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
BATCH_BYTES = 262_144
ATTEMPTS = 8  # for temporary errors; about fifteen seconds in all
_TEMPORARY = {
    "OverLimit",
    "RequestThrottled",
    "Throttling",
    "ThrottlingException",
    "KmsThrottled",
    "RequestLimitExceeded",
}


class Depth(NamedTuple):
    """Approximate number of messages on a queue: not received yet, and received but not deleted."""

    waiting: int
    in_flight: int


def depth(queue_url: str) -> Depth:
    """Return the length of a queue. SQS's figures are a few seconds old."""
    attributes = _attributes(queue_url)
    return Depth(
        int(attributes["ApproximateNumberOfMessages"]), int(attributes["ApproximateNumberOfMessagesNotVisible"])
    )


def retention(queue_url: str) -> timedelta:
    """Return how long SQS stores a message after it was first sent."""
    return timedelta(seconds=int(_attributes(queue_url)["MessageRetentionPeriod"]))


def batches[T](items: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """Yield batches of items that fit into one call of SQS.

    `size` returns an item's size in bytes.
    """
    batch: list[T] = []
    total = 0
    for item in items:
        length = size(item)
        if batch and (len(batch) == BATCH_SIZE or total + length > BATCH_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += length
    if batch:
        yield batch


def send(queue_url: str, entries: Mapping[str, Any], noun: str) -> None:
    """Send up to ten entries, given by their ids. `noun` names an entry in the error message.

    Temporary errors are retried with jitter. If a reply is lost, a message may be sent twice.

    Raises:
        CommandError: SQS refuses entries.
    """
    call_for_all(clients.sqs().send_message_batch, queue_url, entries, f"SQS refused {noun}")


def call_for_all(call: Callable[..., Any], queue_url: str, entries: Mapping[str, Any], complaint: str) -> None:
    """Repeat a batch call until it has succeeded for all entries.

    Raises:
        CommandError: SQS refuses entries for good, or still after the last attempt.
    """
    pending, failed = dict(entries), []
    for attempt in range(ATTEMPTS):
        try:
            failed = call(QueueUrl=queue_url, Entries=[*pending.values()]).get("Failed", [])
        except (ClientError, exceptions.ConnectionError, HTTPClientError) as error:
            if attempt == ATTEMPTS - 1 or not _is_temporary(error):
                raise
        else:
            pending = {entry["Id"]: pending[entry["Id"]] for entry in failed}
            if not pending or any(entry.get("SenderFault") for entry in failed):
                break
        back_off(attempt, base=0.2, limit=5.0)
    if failed:
        refused = [entry for entry in failed if entry.get("SenderFault")] or failed
        ids = ", ".join(entry["Id"] for entry in refused)
        reason = refused[0].get("Message") or refused[0]["Code"]
        raise CommandError(f"{complaint} {ids}: {reason.rstrip('.')}.")


def _attributes(queue_url: str) -> Mapping[Any, str]:
    return clients.sqs().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]


def _is_temporary(error: Exception) -> bool:
    if not isinstance(error, ClientError):
        return True
    code = error.response["Error"].get("Code", "").rpartition(".")[2]
    return code in _TEMPORARY or error.response["ResponseMetadata"].get("HTTPStatusCode", 0) >= 500
