"""Reading a whole SQS queue without losing or hiding messages."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import batched
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from botocore.exceptions import ClientError

from clientela.aws import clients
from clientela_cli.sending.sqs_queue import BATCH_SIZE, call_for_all

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import ReceiveMessageResultTypeDef

# Enough to read 120,000 messages, the most that SQS allows in flight. If the process is killed,
# its messages stay hidden for this long.
VISIBILITY_TIMEOUT = timedelta(minutes=5)
_THREADS = 8
# A long poll asks all of SQS's servers. A short poll asks a few, and may miss messages.
_WAIT_SECONDS = 1
_EMPTY_ANSWERS = 2  # in a row mark the end of a queue


class ReceivedMessage(NamedTuple):
    """A message that was received and not deleted."""

    id: str
    body: str
    sent_at: datetime
    receive_count: int
    receipt: str
    attributes: dict[str, Any]


class QueueReader:
    """Iterates over every message of a queue once, and releases those not deleted when it ends.

    Other consumers do not see the messages meanwhile. `is_complete` becomes False if the queue has
    more messages than SQS allows in flight.
    """

    def __init__(self, queue_url: str) -> None:
        self._queue_url = queue_url
        self._receipts: dict[str, str] = {}
        self._deleted: set[str] = set()
        self.is_complete = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Make the messages that were not deleted visible again."""
        receipts = [receipt for message_id, receipt in self._receipts.items() if message_id not in self._deleted]
        entries = (
            {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
            for number, receipt in enumerate(receipts)
        )
        clients.sqs()  # created before the threads start: creating a client is not thread-safe
        with ThreadPoolExecutor(_THREADS) as threads:
            list(threads.map(self._release, batched(entries, BATCH_SIZE, strict=False)))

    def __iter__(self) -> Iterator[ReceivedMessage]:
        empty_answers = 0
        while empty_answers < _EMPTY_ANSWERS:
            messages = self._receive()
            if messages is None:
                self.is_complete = False
                return
            new = [message for message in messages if message.id not in self._receipts]
            self._receipts |= {message.id: message.receipt for message in messages}
            yield from new
            if messages and not new:  # the first messages are visible again: all were read
                return
            empty_answers = 0 if messages else empty_answers + 1

    def delete(self, messages: Sequence[ReceivedMessage]) -> None:
        """Delete up to ten messages that were read. CommandError if SQS refuses."""
        entries = {message.id: {"Id": message.id, "ReceiptHandle": message.receipt} for message in messages}
        call_for_all(clients.sqs().delete_message_batch, self._queue_url, entries, "SQS did not delete message")
        self._deleted |= entries.keys()

    def _receive(self) -> list[ReceivedMessage] | None:
        """Return up to ten messages, or None if too many are in flight."""
        try:
            answer = clients.sqs().receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=BATCH_SIZE,
                WaitTimeSeconds=_WAIT_SECONDS,
                VisibilityTimeout=int(VISIBILITY_TIMEOUT.total_seconds()),
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            )
        except ClientError as error:
            if error.response["Error"].get("Code", "").endswith("OverLimit"):
                return None
            raise
        return _parse(answer)

    def _release(self, entries: Sequence[Any]) -> None:
        clients.sqs().change_message_visibility_batch(QueueUrl=self._queue_url, Entries=entries)


def _parse(answer: "ReceiveMessageResultTypeDef") -> list[ReceivedMessage]:
    return [
        ReceivedMessage(
            id=message["MessageId"],
            body=message["Body"],
            receipt=message["ReceiptHandle"],
            sent_at=datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
            receive_count=int(message["Attributes"]["ApproximateReceiveCount"]),
            attributes=dict(message.get("MessageAttributes", {})),
        )
        for message in answer.get("Messages", [])
    ]
