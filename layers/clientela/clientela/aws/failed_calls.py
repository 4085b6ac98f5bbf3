"""The queue of what a function could not do and will never be able to: a person must look at it."""

import orjson

from clientela import settings
from clientela.aws import clients


def park(function: str, **about: str) -> None:
    """Put something aside. It may name items, never what is in them. One call of SQS."""
    body = orjson.dumps({"function": function, **about}).decode()
    clients.sqs().send_message(QueueUrl=settings.failed_calls_queue_url(), MessageBody=body)
