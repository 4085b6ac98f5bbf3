"""The queue of mails to send.

A message has a mail's name and ids, but no token, code or address.
"""

from collections.abc import Mapping

import orjson

from clientela import settings
from clientela.aws import sqs

DELAY_SECONDS = 15  # longer than the timeout of functions that call `put_later`


def put(mail: str, store_id: str, **about: str) -> None:
    """Queue a mail, e.g. `put("welcome", "demo", customer_id="cus_01K…")`. One call of SQS."""
    sqs.send(settings.mail_queue_url(), _message(mail, store_id, about))


def put_later(mail: str, store_id: str, **about: str) -> None:
    """Queue a mail about a change that the caller makes right after. One call of SQS.

    The message is received after the change has succeeded or failed.
    """
    sqs.send(settings.mail_queue_url(), _message(mail, store_id, about), DELAY_SECONDS)


def _message(mail: str, store_id: str, about: Mapping[str, str]) -> str:
    return orjson.dumps({"mail": mail, "store_id": store_id, **about}).decode()
