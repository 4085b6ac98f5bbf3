"""SQS as operators use it: messages that are sent until they are on the queue, and reading that neither loses nor hides any."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import batched
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from botocore import exceptions
from botocore.exceptions import ClientError, HTTPClientError

from clientela.aws import clients
from clientela_cli.failures import Failure

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import ReceiveMessageResultTypeDef

BATCH = 10  # messages, SQS's limit for one call
# The limit that every SQS has, for a message as for a whole batch:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
BATCH_BYTES = 262_144
ATTEMPTS = 8  # of what SQS may take later; about fifteen seconds in all
# More than SQS lets anybody have in hand (120,000 messages) can be read in; a reader that dies hides its messages so long.
HIDDEN = timedelta(minutes=5)
_THREADS = 8
_WAIT_SECONDS = (
    1  # a long poll asks all of SQS's servers; a short one a few, and may find nothing where there is something
)
_EMPTY_ANSWERS = 2  # in a row are the end of a queue
_TEMPORARY = {
    "OverLimit",
    "RequestThrottled",
    "Throttling",
    "ThrottlingException",
    "KmsThrottled",
    "RequestLimitExceeded",
}


class Depth(NamedTuple):
    """About how many messages a queue has: to be received, and received but not deleted yet."""

    waiting: int
    in_flight: int


class Message(NamedTuple):
    """A message that was read and may be read again."""

    id: str
    body: str
    sent_at: datetime
    received: int  # how often
    receipt: str
    attributes: dict[str, Any]


def depth(queue_url: str) -> Depth:
    """How long a queue is; SQS's figures are a few seconds old."""
    found = _attributes(queue_url)
    return Depth(int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"]))


def retention(queue_url: str) -> timedelta:
    """How long after it was first sent a message is kept."""
    return timedelta(seconds=int(_attributes(queue_url)["MessageRetentionPeriod"]))


def batches[T](items: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """The items in batches that SQS takes in one call; `size` is that of an item in bytes."""
    batch: list[T] = []
    total = 0
    for item in items:
        length = size(item)
        if batch and (len(batch) == BATCH or total + length > BATCH_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += length
    if batch:
        yield batch


def send(queue_url: str, entries: Mapping[str, Any], what: str) -> None:
    """Send up to ten entries, named by their ids; `what` they are is said where SQS refuses one. Failure.

    What SQS may take later is sent again with jitter. A message may come twice: where a reply is lost, it is sent again.
    """
    _repeated(clients.sqs().send_message_batch, queue_url, entries, f"SQS refused {what}")


def _attributes(queue_url: str) -> Mapping[Any, str]:
    return clients.sqs().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]


def _repeated(call: Callable[..., Any], queue_url: str, entries: Mapping[str, Any], complaint: str) -> None:
    """Call for all entries until none has failed. Failure for those that SQS will not take, now or later."""
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
        _wait(attempt)
    if failed:
        refused = [entry for entry in failed if entry.get("SenderFault")] or failed
        names, reason = ", ".join(entry["Id"] for entry in refused), refused[0].get("Message") or refused[0]["Code"]
        raise Failure(f"{complaint} {names}: {reason}")


def _is_temporary(error: Exception) -> bool:
    if not isinstance(error, ClientError):
        return True
    code = error.response["Error"].get("Code", "").rpartition(".")[2]
    return code in _TEMPORARY or error.response["ResponseMetadata"].get("HTTPStatusCode", 0) >= 500


def _wait(attempt: int) -> None:
    time.sleep(random.uniform(0, min(5.0, 0.2 * 2**attempt)))  # noqa: S311 - jitter, nothing secret


class Reading:
    """Every message of a queue, each once, as it is iterated over. What is not deleted is there again when it ends.

    While it lasts others do not see the messages; where it is killed, they come back by themselves after HIDDEN.
    `is_whole` is False where there are more than SQS gives out at a time.
    """

    def __init__(self, queue_url: str) -> None:
        self._queue_url = queue_url
        self._receipts: dict[str, str] = {}
        self._deleted: set[str] = set()
        self.is_whole = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let others see again what was read and not deleted."""
        kept = [receipt for message_id, receipt in self._receipts.items() if message_id not in self._deleted]
        entries = (
            {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0} for number, receipt in enumerate(kept)
        )
        clients.sqs()  # made before the threads: making a client is not thread-safe
        with ThreadPoolExecutor(_THREADS) as threads:
            list(threads.map(self._release, batched(entries, BATCH, strict=False)))

    def __iter__(self) -> Iterator[Message]:
        empty = 0
        while empty < _EMPTY_ANSWERS:
            found = self._received()
            if found is None:
                self.is_whole = False
                return
            new = [message for message in found if message.id not in self._receipts]
            self._receipts |= {message.id: message.receipt for message in found}
            yield from new
            if found and not new:  # it took so long that the first ones come again
                return
            empty = 0 if found else empty + 1

    def delete(self, messages: Sequence[Message]) -> None:
        """Delete up to ten messages that were read. Failure."""
        entries = {message.id: {"Id": message.id, "ReceiptHandle": message.receipt} for message in messages}
        _repeated(clients.sqs().delete_message_batch, self._queue_url, entries, "SQS did not delete the message")
        self._deleted |= entries.keys()

    def _received(self) -> list[Message] | None:
        try:
            answer = clients.sqs().receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=BATCH,
                WaitTimeSeconds=_WAIT_SECONDS,
                VisibilityTimeout=int(HIDDEN.total_seconds()),
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            )
        except ClientError as error:
            if error.response["Error"].get("Code", "").endswith("OverLimit"):
                return None
            raise
        return _messages(answer)

    def _release(self, entries: Sequence[Any]) -> None:
        clients.sqs().change_message_visibility_batch(QueueUrl=self._queue_url, Entries=entries)


def _messages(answer: "ReceiveMessageResultTypeDef") -> list[Message]:
    return [
        Message(
            id=message["MessageId"],
            body=message["Body"],
            receipt=message["ReceiptHandle"],
            sent_at=datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
            received=int(message["Attributes"]["ApproximateReceiveCount"]),
            attributes=dict(message.get("MessageAttributes", {})),
        )
        for message in answer.get("Messages", [])
    ]
