"""SQS → VIES → customer: asks whether VAT IDs are registered. What no registry answers comes back later."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock, stores, vat_check_queue, vat_checks
from clientela.vat_check_queue import VatCheck

logger = Logger()


class _Checks(BatchProcessor):
    def failure_handler(self, record: SQSRecord, exception: Any) -> Any:
        # The kind only: a message that cannot be read may hold anything.
        logger.warning("vat check not done", message_id=record.message_id, reason=exception[0].__name__)
        return super().failure_handler(record, exception)


processor = _Checks(EventType.SQS, raise_on_entire_batch_failure=False)


def handler(event: dict[str, Any], context: Any) -> Any:
    """Make the checks of a batch; the answer names the messages to be delivered again."""
    return process_partial_response(event=event, record_handler=_check, processor=processor, context=context)


def _check(record: SQSRecord) -> None:
    wanted = VatCheck.model_validate_json(record.body)
    outcome = vat_checks.check(stores.get(wanted.store_id), wanted.customer_id, wanted.vat_id, clock.now())
    logger.info("vat check", store_id=wanted.store_id, customer_id=wanted.customer_id, outcome=outcome)
    if outcome == "unanswered":
        vat_check_queue.postpone(wanted, record.receipt_handle, int(record.attributes.approximate_receive_count))
