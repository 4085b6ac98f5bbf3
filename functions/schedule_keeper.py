"""Schedule → EventBridge Scheduler: mends the entries of export schedules, reports failing ones."""

from typing import Any

from aws_lambda_powertools import Logger

from clientela import clock
from clientela.exports import schedule_states, scheduler_entries
from clientela.handlers import cold_start, error_logs

cold_start.prepare()

logger = Logger()


@logger.inject_lambda_context
@error_logs.redact_errors
def handler(event: dict[str, Any], context: Any) -> None:
    """Report the schedules that need attention, then bring all entries in step with the table."""
    for failing in schedule_states.list_failing(clock.now()):
        logger.warning("export schedule failing", **failing._asdict())  # a metric filter counts this line
    report = scheduler_entries.sync_all()
    logger.info("schedules synchronized", **report._asdict())
