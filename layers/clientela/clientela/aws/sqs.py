"""Sends messages to SQS queues without the millisecond of CPU that botocore spends on a call.

If a response is lost, the message is sent again and may arrive twice. SQS itself may deliver a
message twice, too. Protocol:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
"""

from collections.abc import Iterable
from itertools import batched

from clientela.aws import clients
from clientela.aws.json_protocol import JsonClient, Service
from clientela.errors import BusyError

MAX_BATCH = 10  # messages, SQS's limit for one call

client = JsonClient(Service("sqs", "AmazonSQS"), clients.sqs)


def send(queue_url: str, body: str, delay_seconds: int = 0) -> None:
    """Put one message on a queue; it can be received after `delay_seconds`.

    Raises:
        BusyError: SQS did not respond.
    """
    request: dict[str, str | int] = {"QueueUrl": queue_url, "MessageBody": body}
    if delay_seconds:
        request["DelaySeconds"] = delay_seconds
    client.call("SendMessage", request)


def hide(queue_url: str, receipt_handle: str, seconds: int) -> None:
    """Hide a received message for `seconds` from now, in place of the queue's visibility timeout.

    Raises:
        BusyError: SQS did not respond.
        RefusedError: the message is deleted, or it is visible again.
    """
    request = {"QueueUrl": queue_url, "ReceiptHandle": receipt_handle, "VisibilityTimeout": seconds}
    client.call("ChangeMessageVisibility", request)


def send_all(queue_url: str, bodies: Iterable[str], delay_seconds: int = 0) -> None:
    """Put messages on a queue, ten per call; they can be received after `delay_seconds`.

    Raises:
        BusyError: SQS did not accept all messages; repeating sends all of them again.
    """
    for batch in batched(bodies, MAX_BATCH, strict=False):
        entries = [
            {"Id": str(number), "MessageBody": body, "DelaySeconds": delay_seconds} for number, body in enumerate(batch)
        ]
        reply = client.call("SendMessageBatch", {"QueueUrl": queue_url, "Entries": entries})
        if reply.get("Failed"):
            raise BusyError("SQS did not accept all messages.")
