"""The queue of customers whose removal is to be finished. A message comes when whoever began it has ended, or has died."""

from clientela import settings
from clientela.aws import sqs
from clientela.schema.documents import Model

DELAY = 30  # seconds: as long as a request can take


class Removal(Model):
    """A message: see whether anything of this customer is left to remove."""

    store_id: str
    customer_id: str


def put(store_id: str, customer_id: str, delay: int = DELAY) -> None:
    """Ask for a removal to be finished. Sent before it begins: a process that dies in it leaves nothing undone.

    One call of SQS.
    """
    body = Removal(store_id=store_id, customer_id=customer_id).model_dump_json()
    sqs.send(settings.removal_queue_url(), body, delay)
