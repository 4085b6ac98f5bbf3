"""Runs the job of a bulk change. Invoked asynchronously."""

from typing import Any

from aws_lambda_powertools import Logger

from clientela import clock
from clientela.bulk import bulk_jobs
from clientela.handlers import cold_start, error_logs
from clientela.stores import stores

cold_start.prepare()

logger = Logger()
RESERVE_MILLISECONDS = 60_000  # more than a batch of 100 customers takes


@logger.inject_lambda_context
@error_logs.redact_errors
def handler(event: dict[str, Any], context: Any) -> None:
    """Run or continue the job of an event `{"store_id", "job_id"}`."""
    store = stores.get(event["store_id"])
    job = bulk_jobs.run(
        store, event["job_id"], clock.now, lambda: context.get_remaining_time_in_millis() < RESERVE_MILLISECONDS
    )
    logger.info("bulk", store_id=store.id, job_id=job.id, status=job.status, changed=job.changed, failed=job.failed)
