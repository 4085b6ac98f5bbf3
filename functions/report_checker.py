"""Schedule → SQS → reports: the nightly check of each store, RFM's cut-offs, due rebuilds."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock
from clientela.errors import ReportsNotReadyError, StoreNotFoundError
from clientela.handlers import cold_start, error_logs, sqs_batches
from clientela.reports import report_check, report_queue, report_rebuild, rfm_scores
from clientela.reports.report_queue import CheckMessage, ReportMessage
from clientela.stores import stores
from clientela.stores.stores import Store

cold_start.prepare()

logger = Logger()


@logger.inject_lambda_context
@error_logs.redact_errors
def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Queue the check of every store; from the queue, check one. So each has the time of a call."""
    if "Records" in event:
        return sqs_batches.process_batch(event, context, _check_message, logger)
    report_queue.put_checks(stores.list_ids())
    return None


def _check_message(record: SQSRecord) -> None:
    try:
        store = stores.read(CheckMessage.model_validate_json(record.body).store_id)
    except StoreNotFoundError:  # deleted meanwhile
        return
    if report_rebuild.is_due(store):  # counts everybody anew; a check beside it would compare with what goes
        report_queue.put([ReportMessage(store_id=store.id)])
        return
    try:
        _check(store)
    except ReportsNotReadyError:
        return


def _check(store: Store) -> None:
    now = clock.now()
    found = report_check.check(store, now)
    rfm_scores.compute(store, now)
    if found.differing:
        # A metric filter counts this line.
        logger.warning("reports differ", store_id=store.id, checked=found.checked, differing=found.differing)
    logger.info("reports checked", store_id=store.id, checked=found.checked, differing=len(found.differing))
