"""SQS → table: records orders. Only messages that fail return to the queue."""

from collections import Counter
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock
from clientela.handlers import cold_start, metrics, sqs_batches
from clientela.orders import order_messages, orders
from clientela.stores import stores

cold_start.prepare()

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Record the orders of a batch in order, and return the ids of the messages that failed."""
    counts: Counter[metrics.Name] = Counter()
    answer = sqs_batches.process_batch(event, context, lambda record: counts.update([_record(record)]), logger)
    metrics.count(context, counts)
    return answer


def _record(record: SQSRecord) -> metrics.Name:
    """Record the order of one message, and return what it counts as.

    After an error it is received again, 20 times in all.
    """
    message = order_messages.parse(record.body)
    is_new = orders.record_version(stores.get(message.store_id), message.order, clock.now())
    return "OrdersTaken" if is_new else "OrdersRepeated"
