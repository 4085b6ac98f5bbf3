"""A lean SendMessage: botocore takes a millisecond of CPU for one, most of what asking for a sign-in link takes in all.

A message whose reply was lost is sent again, and then comes twice: as SQS's own messages may.
Protocol: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
"""

from functools import cache

from clientela.aws import clients, json_protocol
from clientela.aws.http_connections import Connections, Reply
from clientela.aws.json_protocol import Service

SERVICE = Service("sqs", "AmazonSQS")


def send(queue_url: str, body: str, delay_seconds: int = 0) -> None:
    """Put one message on a queue, to be read after a while. BusyError."""
    request = {"QueueUrl": queue_url, "MessageBody": body} | ({"DelaySeconds": delay_seconds} if delay_seconds else {})
    json_protocol.call(_send, "SendMessage", request, json_protocol.wait)


def _send(operation: str, body: bytes) -> Reply:
    return json_protocol.send(SERVICE, clients.sqs(), _connections(), operation, body)


@cache
def _connections() -> Connections:
    return Connections(clients.sqs().meta.endpoint_url)
