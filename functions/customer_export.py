"""Runs an export's job, or starts a job for every store on a schedule."""

from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger

from clientela import clock
from clientela.exports import export_jobs, export_runs
from clientela.handlers import error_logs
from clientela.stores import stores

logger = Logger()


@logger.inject_lambda_context
@error_logs.redact_errors
def handler(event: dict[str, Any], context: Any) -> None:
    """Run the job of an event `{"store_id", "job_id"}`; else start a job for every store."""
    if "job_id" in event:
        # Lambda retries a failed invocation with the same request id.
        job = export_runs.run(stores.get(event["store_id"]), event["job_id"], clock.now(), context.aws_request_id)
        logger.info("export", store_id=event["store_id"], job_id=job.id, status=job.status, rows=job.rows)
    else:
        started = export_jobs.start_nightly(clock.now(), scheduled_time(event.get("schedule")))
        logger.info("exports started", stores=started)


def scheduled_time(schedule: str | None) -> datetime | None:
    """Return the scheduled time that EventBridge Scheduler fills in; None for any other text."""
    try:
        return datetime.fromisoformat(schedule) if schedule else None
    except ValueError:
        return None
