"""Batches of SQS messages. Only messages that failed, or were too late, return to the queue."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from clientela.handlers import error_logs
from clientela.handlers.turns import Turns


class _Messages(BatchProcessor):
    def __init__(self, log: Logger) -> None:
        # Otherwise a batch in which all messages fail raises an error.
        super().__init__(EventType.SQS, raise_on_entire_batch_failure=False)
        self._log = log

    def failure_handler(self, record: SQSRecord, exception: Any) -> Any:
        self._log.warning("message failed", message_id=record.message_id, **error_logs.error_details(exception[1]))
        return super().failure_handler(record, exception)


def process_batch(
    event: dict[str, Any], context: Any, handle: Callable[[SQSRecord], None], logger: Logger
) -> dict[str, Any]:
    """Call `handle` with each message in order, and return the ids of the messages that failed.

    SQS delivers these again, and those whose turn came too late. Errors are logged without their
    messages, which may hold personal data.
    """
    turns = Turns(context)

    def take(record: SQSRecord) -> None:
        with turns.next():
            handle(record)

    return dict(process_partial_response(event, take, _Messages(logger), context))
