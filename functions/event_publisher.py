"""DynamoDB stream → EventBridge, the log of changes and the queue of reports."""

from typing import Any

from aws_lambda_powertools import Logger

from clientela import clock
from clientela.aws import failed_calls
from clientela.customers import change_log
from clientela.events import change_events, event_bus
from clientela.events.change_events import BusEvent
from clientela.handlers import cold_start, error_logs
from clientela.reports import report_changes, report_queue
from clientela.reports.report_queue import ReportMessage
from clientela.table import stream
from clientela.table.stream import TableChange

cold_start.prepare()

logger = Logger()


@error_logs.redact_errors
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Log and publish a batch of changes; return the sequence numbers of those to deliver again.

    The log and the queue of reports come first, and a batch that they do not take is delivered
    again as a whole: a change that is missing there would be missing in an export or a report for
    good.

    A change that raises an error in events or reports, or whose event the bus refuses for good, is
    put on the queue of failed calls. It must not hold up its shard of the stream, which has the
    changes of many customers.
    """
    if not _is_logged(event["Records"]):
        return {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["dynamodb"]["SequenceNumber"]}]}
    events = [each for record in event["Records"] if (each := _event(record))]
    unpublished = event_bus.publish(events)
    for refused in unpublished.refused:
        _park(refused.number, "RefusedByBus")
    logger.info(
        "published",
        events=len(events) - len(unpublished.waiting) - len(unpublished.refused),
        waiting=len(unpublished.waiting),
    )
    if unpublished.error:
        error_logs.log(unpublished.error)
    return {"batchItemFailures": [{"itemIdentifier": each.number} for each in unpublished.waiting]}


def _is_logged(changes: list[dict[str, Any]]) -> bool:
    try:
        read = [stream.read(change) for change in changes]
        change_log.record_changes(read, clock.now())
        report_queue.put(dict.fromkeys(message for change in read for message in _report_messages(change)))
    except Exception as error:
        error_logs.log(error)
        return False
    return True


def _report_messages(change: TableChange) -> list[ReportMessage]:
    """Return the messages of a change; none if it cannot be read: then it is put aside."""
    try:
        return report_changes.messages_for([change])
    except Exception as error:
        error_logs.log(error)
        _park(change.number, f"{type(error).__name__} in reports")
        return []


def _event(record: dict[str, Any]) -> BusEvent | None:
    try:
        return change_events.event_from_change(stream.read(record))
    except Exception as error:
        error_logs.log(error)
        _park(record["dynamodb"]["SequenceNumber"], type(error).__name__)
        return None


def _park(number: str, reason: str) -> None:
    failed_calls.park("event-publisher", sequence_number=number, error=reason)
