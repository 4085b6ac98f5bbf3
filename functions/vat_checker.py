"""SQS → VIES → customer: asks whether VAT IDs are registered. What no registry answers comes back later."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock
from clientela.handlers import sqs_batches
from clientela.stores import stores
from clientela.vat import vat_check_queue, vat_checks
from clientela.vat.vat_check_queue import VatCheck

logger = Logger()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Make the checks of a batch; the answer names the messages to be delivered again."""
    return sqs_batches.answer(event, context, _check, logger)


def _check(record: SQSRecord) -> None:
    wanted = VatCheck.model_validate_json(record.body)
    outcome = vat_checks.check(stores.get(wanted.store_id), wanted.customer_id, wanted.vat_id, clock.now())
    logger.info("vat check", store_id=wanted.store_id, customer_id=wanted.customer_id, outcome=outcome)
    if outcome == "unanswered":
        vat_check_queue.postpone(wanted, record.receipt_handle, int(record.attributes.approximate_receive_count))
