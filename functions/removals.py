"""SQS → table: finishes removals of customers, and of a deleted group's members."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock
from clientela.bulk import group_removal
from clientela.handlers import cold_start, sqs_batches
from clientela.lifecycle import customer_removal, removal_queue
from clientela.lifecycle.removal_queue import GroupRemoval, Removal
from clientela.stores import stores

cold_start.prepare()

logger = Logger()
RESERVE_MILLISECONDS = 30_000  # more than some dozens of items take


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Finish a batch of removals, and return the ids of the messages that failed."""

    def finish(record: SQSRecord) -> None:
        _finish(removal_queue.MESSAGE.validate_json(record.body), context)

    return sqs_batches.process_batch(event, context, finish, logger)


def _finish(removal: Removal | GroupRemoval, context: Any) -> None:
    def out_of_time() -> bool:
        return bool(context.get_remaining_time_in_millis() < RESERVE_MILLISECONDS)

    store, now = stores.get(removal.store_id), clock.now()
    if isinstance(removal, GroupRemoval):
        is_left = group_removal.finish(store, removal, now, out_of_time)
    else:
        is_left = customer_removal.finish(store, removal.customer_id, now, out_of_time)
    if is_left:
        removal_queue.put_message(removal, delay=0)
    logger.info("removal", store_id=store.id, is_left=is_left)
