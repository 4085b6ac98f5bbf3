"""The CSV import: receives a file, loads its chunks in parallel, finishes the job."""

from contextlib import suppress
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger

from clientela import clock
from clientela.csv.csv_survey import Chunk
from clientela.errors import ImportNotFoundError
from clientela.handlers import cold_start, error_logs, metrics
from clientela.imports import (
    import_finish,
    import_jobs,
    import_load,
    import_passwords,
    import_planning,
    import_reading,
    import_receive,
    import_start,
    source_sweep,
)
from clientela.lifecycle import import_undo

cold_start.prepare()

logger = Logger()  # logs job ids only: an object key or a row may contain personal data


@error_logs.redact_errors
def receive(event: dict[str, Any], context: object) -> None:
    """Create and start the job of each new object (S3 ObjectCreated).

    S3's test event has no records. An event with a job asks to read its file again.
    """
    if "job_id" in event:
        import_reading.read_again(event["store_id"], event["job_id"], clock.now())
        logger.info("read again", job_id=event["job_id"])
    for record in event.get("Records", []):
        bucket, s3_object = record["s3"]["bucket"]["name"], record["s3"]["object"]
        key, version_id, sequencer = (
            unquote_plus(s3_object["key"]),
            s3_object.get("versionId"),
            s3_object.get("sequencer"),
        )
        job_id = import_receive.receive(bucket, key, version_id, clock.now(), sequencer or "")
        if job_id:
            logger.info("received", job_id=job_id)
        else:  # the store is unknown, or the file is deleted
            folder = import_receive.shown_folder(key)
            logger.warning("not imported", folder=folder, version_id=version_id, size=s3_object.get("size"))
            metrics.count(context, {"FilesNotImported": 1})


@error_logs.redact_errors
def load(event: dict[str, Any], context: object) -> None:
    """Load, only plan or undo one chunk. Called by the state machine's Map."""
    chunk = Chunk(**{name: event["chunk"][name] for name in Chunk.model_fields})
    store_id, job_id = event["store_id"], event["job_id"]
    kind, number = _run(event)
    if kind == import_start.PLANNING:
        import_planning.plan_chunk(store_id, job_id, chunk, number, clock.now())
    elif kind == import_start.LOADING:
        import_load.run(store_id, job_id, chunk, clock.now)
    elif kind == import_start.UNDOING:
        import_undo.undo_chunk(store_id, job_id, chunk, clock.now())
    logger.info("done", job_id=job_id, run=kind, chunk=chunk.index)


@error_logs.redact_errors
def store_passwords(event: dict[str, Any], context: object) -> None:
    """Store the passwords of one chunk. Called by the state machine's second Map."""
    chunk = Chunk(**{name: event["chunk"][name] for name in Chunk.model_fields})
    stored = import_passwords.store_chunk(event["store_id"], event["job_id"], chunk, clock.now())
    logger.info("passwords stored", job_id=event["job_id"], chunk=chunk.index, stored=stored)


@error_logs.redact_errors
def finish(event: dict[str, Any], context: object) -> str:
    """Finish the job or its plan, and return its status.

    `failed` is the name of the error that stopped the state machine. `expired`: nobody has started
    the plan.
    """
    store_id, job_id, now, failed = event["store_id"], event["job_id"], clock.now(), event.get("failed")
    kind, number = _run(event)
    status: str
    if event.get("expired"):
        status = import_planning.expire(store_id, job_id, number, now)
    elif kind == import_start.PLANNING:
        status = import_planning.finish(store_id, job_id, number, now, failed)
    elif kind == import_start.UNDOING:
        status = import_undo.finish(store_id, job_id, number, now, failed)
    else:
        status = import_finish.finish(store_id, job_id, now, failed)
        _count_rows(store_id, job_id, context)
    logger.info("finished", job_id=job_id, run=kind, status=status)
    return status


@error_logs.redact_errors
def sweep(event: dict[str, Any], context: object) -> None:
    """Delete source files that no import deleted, every hour."""
    deleted = source_sweep.sweep(clock.now())
    logger.info("swept", deleted=deleted)


def _count_rows(store_id: str, job_id: str, context: object) -> None:
    with suppress(ImportNotFoundError):  # its store is deleted
        job = import_jobs.get_record(store_id, job_id).as_job()
        rows: dict[metrics.Name, int] = {
            "ImportRowsCreated": job.created,
            "ImportRowsUpdated": job.updated,
            "ImportRowsUnchanged": job.unchanged,
            "ImportRowsRejected": job.rejected,
        }
        metrics.count(context, {} if job.dry_run else rows)


def _run(event: dict[str, Any]) -> tuple[str, int]:
    """Return what the state machine does with the chunks, and the number of it: `plan-2`."""
    kind, _, number = event.get("run", import_start.LOADING).partition("-")
    return kind, int(number or 0)
