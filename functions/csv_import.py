"""The CSV import: receives a file, loads its chunks in parallel, finishes the job."""

from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from clientela import clock
from clientela.csv.csv_survey import Chunk
from clientela.handlers import error_logs
from clientela.imports import import_finish, import_load, import_passwords, import_receive, source_sweep

logger = Logger()  # logs job ids only: an object key or a row may contain personal data


@error_logs.redact_errors
def receive(event: dict[str, Any], context: object) -> None:
    """Create and start the job of each new object (S3 ObjectCreated).

    S3's test event has no records.
    """
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
            with single_metric("FilesNotImported", MetricUnit.Count, 1, namespace="Clientela") as metric:
                metric.add_dimension("FunctionName", getattr(context, "function_name", "csv-import-receive"))


@error_logs.redact_errors
def load(event: dict[str, Any], context: object) -> None:
    """Load one chunk of the plan. Called by the state machine's Map."""
    chunk = Chunk(**{name: event["chunk"][name] for name in Chunk.model_fields})
    import_load.run(event["store_id"], event["job_id"], chunk, clock.now)
    logger.info("loaded", job_id=event["job_id"], chunk=chunk.index)


@error_logs.redact_errors
def store_passwords(event: dict[str, Any], context: object) -> None:
    """Store the passwords of one chunk. Called by the state machine's second Map."""
    chunk = Chunk(**{name: event["chunk"][name] for name in Chunk.model_fields})
    stored = import_passwords.store_chunk(event["store_id"], event["job_id"], chunk, clock.now())
    logger.info("passwords stored", job_id=event["job_id"], chunk=chunk.index, stored=stored)


@error_logs.redact_errors
def finish(event: dict[str, Any], context: object) -> None:
    """Finish the job; `failed` is the name of the error that stopped the state machine."""
    status = import_finish.finish(event["store_id"], event["job_id"], clock.now(), event.get("failed"))
    logger.info("finished", job_id=event["job_id"], status=status)


@error_logs.redact_errors
def sweep(event: dict[str, Any], context: object) -> None:
    """Delete source files that no import deleted, every hour."""
    deleted = source_sweep.sweep(clock.now())
    logger.info("swept", deleted=deleted)
