"""The queue of customers whose removal must be finished.

A message arrives after the first caller ended or died.
"""

from clientela import settings
from clientela.aws import sqs
from clientela.schema.documents import Model

DELAY = 30  # seconds: as long as a request can take


class Removal(Model):
    """A message: check whether anything of this customer is left to remove."""

    store_id: str
    customer_id: str


def put(store_id: str, customer_id: str, delay: int = DELAY) -> None:
    """Queue a customer whose removal must be finished.

    Send it before the removal begins, in case the process dies.

    Cost: one call of SQS.
    """
    body = Removal(store_id=store_id, customer_id=customer_id).model_dump_json()
    sqs.send(settings.removal_queue_url(), body, delay)
