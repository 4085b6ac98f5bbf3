"""EventBridge ← SES: bounces and complaints of the mails that were sent."""

from typing import Any

from aws_lambda_powertools import Logger

from clientela import clock
from clientela.handlers import faults
from clientela.notifications import mail_feedback
from clientela.notifications.mail_feedback import Feedback

logger = Logger()


@faults.wordless
def handler(event: dict[str, Any], context: Any) -> None:
    """Take one event; what fails is called again."""
    stopped = mail_feedback.take(Feedback.model_validate(event["detail"]), clock.now())
    logger.info("feedback", kind=event["detail-type"], stopped=stopped)
