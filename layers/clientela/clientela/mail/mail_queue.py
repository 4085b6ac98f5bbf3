"""The queue of mails to send. A message names a mail and whom it is about: it holds no token, code or address."""

from collections.abc import Mapping

import orjson

from clientela import settings
from clientela.aws import sqs

LATER = 15  # seconds: longer than a function that calls `put_later` may run


def put(mail: str, store_id: str, **about: str) -> None:
    """Ask for a mail, e.g. `put("welcome", "demo", customer_id="cus_01K…")`. One call of SQS."""
    sqs.send(settings.mail_queue_url(), _message(mail, store_id, about))


def put_later(mail: str, store_id: str, **about: str) -> None:
    """Ask for a mail about what is done right after this call; when the message is read, it was done or never will be."""
    sqs.send(settings.mail_queue_url(), _message(mail, store_id, about), LATER)


def _message(mail: str, store_id: str, about: Mapping[str, str]) -> str:
    return orjson.dumps({"mail": mail, "store_id": store_id, **about}).decode()
