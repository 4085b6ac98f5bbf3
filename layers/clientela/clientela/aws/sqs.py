"""A lean SendMessage: botocore takes a millisecond of CPU for one, most of what asking for a sign-in link takes in all.

A message whose reply was lost is sent again, and then comes twice: as SQS's own messages may.
Protocol: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
"""

from functools import cache

from clientela.aws import clients, signed_calls
from clientela.aws.connections import Connections, Reply
from clientela.aws.signed_calls import Service

SERVICE = Service("sqs", "AmazonSQS")


def send(queue_url: str, body: str, delay_seconds: int = 0) -> None:
    """Put one message on a queue, to be read after a while. BusyError."""
    request = {"QueueUrl": queue_url, "MessageBody": body} | ({"DelaySeconds": delay_seconds} if delay_seconds else {})
    signed_calls.call(_send, "SendMessage", request, signed_calls.wait)


def _send(operation: str, body: bytes) -> Reply:
    return signed_calls.send(SERVICE, clients.sqs(), _connections(), operation, body)


@cache
def _connections() -> Connections:
    return Connections(clients.sqs().meta.endpoint_url)
