"""Order messages from the queue: each is taken, and exactly those that cannot be are handed back."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock
from clientela.handlers import sqs_batches
from clientela.orders import order_messages, orders
from clientela.stores import stores

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS: the messages of a batch one after the other, so that a customer's orders are taken in the order given."""
    return sqs_batches.answer(event, context, take, logger)


def take(record: SQSRecord) -> None:
    """One message. Whatever is raised hands it back to the queue, which gives it up after five receives."""
    message = order_messages.parse(record.body)
    orders.record_version(stores.get(message.store_id), message.order, clock.now())
