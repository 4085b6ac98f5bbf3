"""The queue of mails to send. A message names a mail and whom it is about: it holds no token, code or address."""

import orjson

from clientela import settings, sqs


def put(mail: str, store_id: str, **about: str) -> None:
    """Ask for a mail, e.g. `put("welcome", "demo", customer_id="cus_01K…")`. One call of SQS."""
    body = orjson.dumps({"mail": mail, "store_id": store_id, **about}).decode()
    sqs.send(settings.mail_queue_url(), body)
