"""SQS → table: finishes deletions and erasures of customers that a request began."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock
from clientela.handlers import sqs_batches
from clientela.lifecycle import customer_removal, removal_queue
from clientela.lifecycle.removal_queue import Removal
from clientela.stores import stores

logger = Logger()
RESERVE_MILLISECONDS = 30_000  # more than some dozens of items take


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Finish a batch of removals, and return the ids of the messages that failed."""

    def finish(record: SQSRecord) -> None:
        _finish(Removal.model_validate_json(record.body), context)

    return sqs_batches.process_batch(event, context, finish, logger)


def _finish(removal: Removal, context: Any) -> None:
    def out_of_time() -> bool:
        return bool(context.get_remaining_time_in_millis() < RESERVE_MILLISECONDS)

    is_left = customer_removal.finish(stores.get(removal.store_id), removal.customer_id, clock.now(), out_of_time)
    if is_left:
        removal_queue.put(removal.store_id, removal.customer_id, delay=0)
    logger.info("removal", store_id=removal.store_id, is_left=is_left)
