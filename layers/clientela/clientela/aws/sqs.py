"""A lean SendMessage: botocore spends a millisecond of CPU on one.

A message whose reply was lost is sent again and may then arrive twice, as SQS's own messages may.
Protocol: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
"""

from clientela.aws import clients
from clientela.aws.json_protocol import JsonClient, Service

client = JsonClient(Service("sqs", "AmazonSQS"), clients.sqs)


def send(queue_url: str, body: str, delay_seconds: int = 0) -> None:
    """Put one message on a queue; it can be received after `delay_seconds`.

    Raises:
        BusyError: SQS did not answer.
    """
    request: dict[str, str | int] = {"QueueUrl": queue_url, "MessageBody": body}
    if delay_seconds:
        request["DelaySeconds"] = delay_seconds
    client.call("SendMessage", request)
