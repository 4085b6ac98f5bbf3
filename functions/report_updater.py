"""SQS → reports: counts changed customers and orders, and goes on with rebuilds."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock
from clientela.errors import StoreNotFoundError
from clientela.handlers import cold_start, sqs_batches
from clientela.reports import report_queue, report_rebuild
from clientela.reports.report_queue import ReportMessage
from clientela.stores import stores

cold_start.prepare()

logger = Logger()
RESERVE_MILLISECONDS = 30_000  # more than a block of customers takes
MAX_DELAY = 900  # seconds: SQS's limit


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Count the sources of a batch, each once, and return the ids of the messages that failed."""
    done: set[ReportMessage] = set()

    def count(record: SQSRecord) -> None:
        message = ReportMessage.model_validate_json(record.body)
        if message not in done:
            _work(message, context)
        if message.source:  # two messages about a rebuild are two parts of it
            done.add(message)

    return sqs_batches.process_batch(event, context, count, logger)


def _work(message: ReportMessage, context: Any) -> None:
    try:
        store = stores.read(message.store_id)
    except StoreNotFoundError:  # deleted, with its reports
        return
    if message.source:
        report_rebuild.count(store, message.source, clock.now())
        return

    def out_of_time() -> bool:
        return bool(context.get_remaining_time_in_millis() < RESERVE_MILLISECONDS)

    progress = report_rebuild.advance(store, clock.now(), out_of_time)
    if progress.wait is not None:
        report_queue.put([message], delay=min(progress.wait, MAX_DELAY))
    logger.info("reports rebuilt", store_id=store.id, **progress._asdict())
