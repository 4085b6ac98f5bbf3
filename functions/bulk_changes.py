"""Bulk changes: works on one job, called asynchronously."""

from typing import Any

from aws_lambda_powertools import Logger

from clientela import clock
from clientela.bulk import bulk_jobs
from clientela.handlers import error_logs
from clientela.stores import stores

logger = Logger()
RESERVE = 60_000  # milliseconds: more than the last hundred needs


@logger.inject_lambda_context
@error_logs.redact_errors
def handler(event: dict[str, Any], context: Any) -> None:
    """`{"store_id", "job_id"}`: go on with that job."""
    store = stores.get(event["store_id"])
    job = bulk_jobs.run(store, event["job_id"], clock.now, lambda: context.get_remaining_time_in_millis() < RESERVE)
    logger.info("bulk", store_id=store.id, job_id=job.id, status=job.status, changed=job.changed, failed=job.failed)
