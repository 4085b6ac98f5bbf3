"""Exports: one store's job, or every store's on a schedule."""

from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger

from clientela import clock
from clientela.exports import export_jobs
from clientela.handlers import error_logs
from clientela.stores import stores

logger = Logger()


@logger.inject_lambda_context
@error_logs.redact_errors
def handler(event: dict[str, Any], context: Any) -> None:
    """`{"store_id", "job_id"}` runs that job; anything else is the schedule, which starts a job for every store."""
    if "job_id" in event:
        # Lambda repeats a call that failed under the same request id.
        job = export_jobs.run(stores.get(event["store_id"]), event["job_id"], clock.now(), context.aws_request_id)
        logger.info("export", store_id=event["store_id"], job_id=job.id, status=job.status, rows=job.rows)
    else:
        started = export_jobs.start_nightly(clock.now(), planned(event.get("schedule")))
        logger.info("exports started", stores=started)


def planned(schedule: str | None) -> datetime | None:
    """When the call was planned for, which the scheduler fills in; None where something else calls."""
    try:
        return datetime.fromisoformat(schedule) if schedule else None
    except ValueError:
        return None
