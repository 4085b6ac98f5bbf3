"""Batches of the table's stream. Lambda repeats a batch from the first change that failed."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger

from clientela.handlers import error_logs
from clientela.handlers.turns import Turns
from clientela.table import stream
from clientela.table.stream import TableChange


def process_batch(
    event: dict[str, Any], context: Any, handle: Callable[[TableChange], None], logger: Logger
) -> dict[str, Any]:
    """Call `handle` with each change in order, and return the changes that failed.

    Changes after a failed one are handled too, so that it does not delay them; Lambda delivers them
    again with it. A change whose turn comes too late counts as failed. Errors are logged without
    their messages, which may hold personal data.
    """
    turns = Turns(context)
    failed = [record for record in event["Records"] if not _succeeds(record, turns, handle, logger)]
    return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]} for record in failed]}


def _succeeds(record: dict[str, Any], turns: Turns, handle: Callable[[TableChange], None], logger: Logger) -> bool:
    try:
        with turns.next():
            handle(stream.read(record))
    except Exception as error:
        logger.warning("change failed", event_id=record["eventID"], **error_logs.error_details(error))
        return False
    return True
