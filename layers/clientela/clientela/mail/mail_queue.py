"""The two queues of mails to send, so that nobody waits for a sign-in link behind an import.

A message has a mail's name and ids, but no token, code or address. Mails of sign-ins and of the
account's security have a queue of their own; all others are bulk mails.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from clientela import clock, settings
from clientela.aws import sqs

DELAY_SECONDS = 15  # longer than the timeout of functions that call `put_later`
# Somebody waits for a test mail, too, and there are only a few.
URGENT = frozenset({"sign_in_link", "email_change", "email_changed", "password_changed", "new_device", "mail_test"})
# A mail that cannot be sent for so long goes to the dead letters. SQS forgets a message after its
# retention time, which starts anew with each `put_back`.
MAX_HELD = timedelta(days=4)


class HeldTooLongError(Exception):
    """The mail could not be sent for MAX_HELD."""


def is_bulk(mail: str) -> bool:
    """Return whether a mail may wait."""
    return mail not in URGENT


def put(mail: str, store_id: str, **about: str) -> None:
    """Queue a mail, e.g. `put("welcome", "demo", customer_id="cus_01K…")`. One call of SQS."""
    sqs.send(_url(mail), _message(mail, store_id, about))


def put_later(mail: str, store_id: str, **about: str) -> None:
    """Queue a mail about a change that the caller makes right after. One call of SQS.

    The message is received after the change has succeeded or failed.
    """
    sqs.send(_url(mail), _message(mail, store_id, about), DELAY_SECONDS)


def put_back(message: Mapping[str, Any], delay_seconds: int, now: datetime) -> None:
    """Queue a received message again, which uses up none of its receives. One call of SQS.

    Raises:
        HeldTooLongError: it was first put back MAX_HELD ago.
    """
    held_since = message.get("held_since") or clock.format_timestamp(now)
    if now - datetime.fromisoformat(held_since) > MAX_HELD:
        raise HeldTooLongError
    body = orjson.dumps({**message, "held_since": held_since}).decode()
    sqs.send(_url(message["mail"]), body, delay_seconds)


def _url(mail: str) -> str:
    return settings.bulk_mail_queue_url() if is_bulk(mail) else settings.mail_queue_url()


def _message(mail: str, store_id: str, about: Mapping[str, str]) -> str:
    return orjson.dumps({"mail": mail, "store_id": store_id, **about}).decode()
