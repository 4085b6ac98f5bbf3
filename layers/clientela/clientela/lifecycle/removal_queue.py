"""The queue of removals to finish: of customers, and of the members of a deleted group.

A message arrives after the first caller ended or died.
"""

from pydantic import TypeAdapter

from clientela import settings
from clientela.aws import sqs
from clientela.schema.actors import Actor
from clientela.schema.documents import Model

DELAY = 30  # seconds: as long as a request can take


class Removal(Model):
    """A message: check whether anything of this customer is left to remove."""

    store_id: str
    customer_id: str


class GroupRemoval(Model):
    """A message: check whether a deleted group still has members. `by` deleted it."""

    store_id: str
    group_id: str
    by: Actor


MESSAGE: TypeAdapter[Removal | GroupRemoval] = TypeAdapter(Removal | GroupRemoval)


def put(store_id: str, customer_id: str, delay: int = DELAY) -> None:
    """Queue a customer whose removal must be finished.

    Send it before the removal begins, in case the process dies.

    Cost: one call of SQS.
    """
    put_message(Removal(store_id=store_id, customer_id=customer_id), delay)


def put_message(message: Removal | GroupRemoval, delay: int) -> None:
    """Queue a removal, to be received after `delay` seconds. Cost: one call of SQS."""
    sqs.send(settings.removal_queue_url(), message.model_dump_json(), delay)
