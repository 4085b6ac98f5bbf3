"""SQS → VIES → customer: checks whether VAT IDs are registered, and retries unanswered checks."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock
from clientela.handlers import cold_start, metrics, sqs_batches
from clientela.stores import stores
from clientela.vat import vat_check_queue, vat_checks
from clientela.vat.vat_check_queue import VatCheck

cold_start.prepare()

COUNTED: dict[vat_checks.Outcome, metrics.Name] = {
    "valid": "VatIdsValid",
    "invalid": "VatIdsInvalid",
    "unanswered": "VatChecksUnanswered",
}
logger = Logger()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run the checks of a batch, and return the ids of the messages that failed."""
    return sqs_batches.process_batch(event, context, lambda record: _check(record, context), logger)


def _check(record: SQSRecord, context: Any) -> None:
    check = VatCheck.model_validate_json(record.body)
    outcome = vat_checks.check(stores.get(check.store_id), check.customer_id, check.vat_id, clock.now())
    logger.info("vat check", store_id=check.store_id, customer_id=check.customer_id, outcome=outcome)
    if outcome in COUNTED:
        metrics.count(context, {COUNTED[outcome]: 1})
    if outcome == "unanswered":
        vat_check_queue.postpone(check, record.receipt_handle, int(record.attributes.approximate_receive_count))
