"""SES → EventBridge → table: records bounces and complaints of sent mails."""

from typing import Any

from aws_lambda_powertools import Logger

from clientela import clock
from clientela.handlers import cold_start, error_logs
from clientela.notifications import bounces
from clientela.notifications.bounces import Feedback

cold_start.prepare()

logger = Logger()


@error_logs.redact_errors
def handler(event: dict[str, Any], context: Any) -> None:
    """Record one event. Lambda retries if it fails."""
    stopped = bounces.record(Feedback.model_validate(event["detail"]), clock.now())
    logger.info("feedback", kind=event["detail-type"], stopped=stopped)
