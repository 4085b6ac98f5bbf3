"""DynamoDB stream → SQS: has the VAT IDs checked that customers were given. The template filters what comes here."""

from typing import Any

from aws_lambda_powertools import Logger

from clientela import faults, vat_check_queue, vat_checks

logger = Logger()


@faults.wordless
def handler(event: dict[str, Any], context: Any) -> None:
    """Queue the checks of a batch; if it fails Lambda brings the batch again, and a check made twice changes nothing."""
    checks = [check for record in event["Records"] if (check := vat_checks.wanted(record["dynamodb"]))]
    vat_check_queue.put(checks)
    logger.info("vat checks wanted", checks=len(checks))
