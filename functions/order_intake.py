"""SQS → table: records orders. Only messages that fail return to the queue."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock
from clientela.handlers import cold_start, sqs_batches
from clientela.orders import order_messages, orders
from clientela.stores import stores

cold_start.prepare()

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Record the orders of a batch in order, and return the ids of the messages that failed."""
    return sqs_batches.process_batch(event, context, _record, logger)


def _record(record: SQSRecord) -> None:
    """Record the order of one message. After an error it is received again, 20 times in all."""
    message = order_messages.parse(record.body)
    orders.record_version(stores.get(message.store_id), message.order, clock.now())
