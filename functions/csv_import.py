"""The CSV import: a file arrives in the bucket, its chunks are loaded side by side, the job is ended."""

from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger

from clientela import clock
from clientela.csv.csv_files import Chunk
from clientela.handlers import error_logs
from clientela.imports import import_finish, import_load, import_receive

logger = Logger()  # job ids only: a key or a row may name a person


@error_logs.redact_errors
def receive(event: dict[str, Any], context: object) -> None:
    """S3 ObjectCreated. S3's test event has no records."""
    for record in event.get("Records", []):
        bucket, stored = record["s3"]["bucket"]["name"], record["s3"]["object"]
        job_id = import_receive.receive(bucket, unquote_plus(stored["key"]), stored.get("versionId"), clock.now())
        logger.info("received" if job_id else "ignored", job_id=job_id)


@error_logs.redact_errors
def load(event: dict[str, Any], context: object) -> None:
    """One chunk of the plan, from the state machine's Map."""
    chunk = Chunk(**{name: event["chunk"][name] for name in Chunk.model_fields})
    import_load.run(event["store_id"], event["job_id"], chunk, clock.now())
    logger.info("loaded", job_id=event["job_id"], chunk=chunk.index)


@error_logs.redact_errors
def finish(event: dict[str, Any], context: object) -> None:
    """The end of the state machine; `failed` is the name of the error that stopped it."""
    status = import_finish.finish(event["store_id"], event["job_id"], clock.now(), event.get("failed"))
    logger.info("finished", job_id=event["job_id"], status=status)
