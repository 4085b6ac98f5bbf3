"""The queue of failed calls: work that no retry can finish, for a person to look at."""

import orjson

from clientela import settings
from clientela.aws import clients


def park(function: str, **details: str) -> None:
    """Put the work that a function gave up on the queue.

    `details` may name items, but never contain their data. Cost: 1 call of SQS.
    """
    body = orjson.dumps({"function": function, **details}).decode()
    clients.sqs().send_message(QueueUrl=settings.failed_calls_queue_url(), MessageBody=body)
