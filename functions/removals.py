"""SQS → table: finishes removals of customers that were begun and not ended, a customer at a time."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock
from clientela.handlers import sqs_batches
from clientela.lifecycle import customer_removal, removal_queue
from clientela.lifecycle.removal_queue import Removal
from clientela.stores import stores

logger = Logger()
RESERVE = 30_000  # milliseconds: more than some dozens of items need


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Finish a batch of removals; the answer names the messages to be delivered again."""

    def finish(record: SQSRecord) -> None:
        _finish(Removal.model_validate_json(record.body), context)

    return sqs_batches.answer(event, context, finish, logger)


def _finish(wanted: Removal, context: Any) -> None:
    def out_of_time() -> bool:
        return bool(context.get_remaining_time_in_millis() < RESERVE)

    is_left = customer_removal.finish(stores.get(wanted.store_id), wanted.customer_id, clock.now(), out_of_time)
    if is_left:
        removal_queue.put(wanted.store_id, wanted.customer_id, delay=0)
    logger.info("removal", store_id=wanted.store_id, is_left=is_left)
