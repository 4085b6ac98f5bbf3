"""Batches of the table's stream: each change is worked on by itself, and Lambda goes on at the first one that failed."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger

from clientela.handlers import error_logs
from clientela.table import stream
from clientela.table.stream import TableChange


def answer(event: dict[str, Any], work: Callable[[TableChange], None], logger: Logger) -> dict[str, Any]:
    """Work on the changes of a batch in their order; the answer names those to be delivered again.

    Those behind a failed one are worked on all the same, so that one bad change keeps nobody waiting; Lambda delivers
    them again with it. What `work` raises is logged without anything that the change holds.
    """
    failed = [record for record in event["Records"] if not _worked(record, work, logger)]
    return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]} for record in failed]}


def _worked(record: dict[str, Any], work: Callable[[TableChange], None], logger: Logger) -> bool:
    try:
        work(stream.read(record))
    except Exception as error:
        logger.warning("change handed back", event_id=record["eventID"], **error_logs.error_details(error))
        return False
    return True
