"""Batches of SQS messages: each is worked on by itself, and exactly those that fail go back to the queue."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela.handlers import error_logs


class _Messages(BatchProcessor):
    def __init__(self, log: Logger) -> None:
        # A batch in which every message fails is reported like any other: raising would hide which ones they are.
        super().__init__(EventType.SQS, raise_on_entire_batch_failure=False)
        self._log = log

    def failure_handler(self, record: SQSRecord, exception: Any) -> Any:
        self._log.warning("message handed back", message_id=record.message_id, **error_logs.error_details(exception[1]))
        return super().failure_handler(record, exception)


def answer(
    event: dict[str, Any], context: Any, record_handler: Callable[[SQSRecord], None], logger: Logger
) -> dict[str, Any]:
    """Work on the messages of a batch one after the other; the answer names those to be delivered again.

    What `record_handler` raises hands its message back, and is logged without anything that the message holds.
    """
    return dict(process_partial_response(event, record_handler, _Messages(logger), context))
