"""SQS → exports: starts exports of schedules and runs exports; and the steps of a large one."""

import time
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela import clock
from clientela.customers.directory_walks import KeyRange
from clientela.errors import ExportNotFoundError, StoreNotFoundError
from clientela.exports import export_jobs, export_runs, export_starts
from clientela.exports.export_content import FilterGroupDeletedError
from clientela.exports.export_starts import ExportStart, ScheduledSlot
from clientela.handlers import cold_start, error_logs, sqs_batches
from clientela.stores import stores

cold_start.prepare()

logger = Logger()
POLL_SECONDS = 5
RESERVE_MILLISECONDS = 30_000  # more than one look and a message take


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work on a batch of the queue of exports, and return the ids of the messages that failed."""

    def work(record: SQSRecord) -> None:
        export_starts.hold(record.receipt_handle, context.get_remaining_time_in_millis())
        try:
            _work(record, context)
        except Exception:
            export_starts.postpone(record.receipt_handle, int(record.attributes.approximate_receive_count))
            raise

    return sqs_batches.process_batch(event, context, work, logger)


@error_logs.redact_errors
def part(event: dict[str, Any], context: object) -> None:
    """Write one part of a large export. Called by the state machine's Map."""
    number, within = event["part"]["number"], KeyRange(event["part"]["low"], event["part"]["high"])
    export_runs.run_part(event["store_id"], event["job_id"], event["run"], number, within, clock.now())
    logger.info("part", store_id=event["store_id"], job_id=event["job_id"], part=number)


@error_logs.redact_errors
def finish(event: dict[str, Any], context: object) -> None:
    """Finish a large export; `failed` is the name of the error that stopped the state machine."""
    run, parts, failed = event["run"], event["parts"], event.get("failed")
    status = export_runs.finish(event["store_id"], event["job_id"], run, parts, clock.now(), failed)
    logger.info("export", store_id=event["store_id"], job_id=event["job_id"], status=status)


def _work(record: SQSRecord, context: Any) -> None:
    message = export_starts.MESSAGE.validate_json(record.body)
    if isinstance(message, ScheduledSlot):
        _start(message)
    else:
        _run(message, record, context)


def _start(slot: ScheduledSlot) -> None:
    job = export_starts.start_slot(slot, clock.now())
    ids: dict[str, Any] = {"store_id": slot.store_id, "schedule_id": slot.schedule_id}
    logger.info("scheduled export", **ids, slot=slot.slot.isoformat(), job_id=job.id if job else None)


def _run(start: ExportStart, record: SQSRecord, context: Any) -> None:
    now = clock.now()
    next_try_at = export_starts.next_try(int(record.attributes.approximate_receive_count), now)
    try:
        # A message that is received again has the same id; it is, only after its run has died.
        store = stores.get(start.store_id)
        job = export_runs.run(store, start.job_id, now, record.message_id, next_try_at)
        # The state machine writes a large export. Its turn lasts until it ends, so that the limit
        # of exports at a time holds for large ones, too.
        while job.status == "running" and job.parts:
            if context.get_remaining_time_in_millis() < RESERVE_MILLISECONDS:
                export_starts.put(start)
                break
            time.sleep(POLL_SECONDS)
            job = export_jobs.get(stores.get(start.store_id), start.job_id)
    except (StoreNotFoundError, ExportNotFoundError):  # deleted, with its exports
        logger.info("export of a deleted store", store_id=start.store_id, job_id=start.job_id)
        return
    except FilterGroupDeletedError:  # the job says so, and a repeat would not help
        logger.info("export of a deleted group", store_id=start.store_id, job_id=start.job_id)
        return
    logger.info("export", store_id=start.store_id, job_id=job.id, status=job.status, rows=job.rows)
