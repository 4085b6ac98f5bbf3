"""DynamoDB stream → EventBridge and the log of changes: what the template's filters pass."""

from typing import Any

from aws_lambda_powertools import Logger

from clientela import clock
from clientela.aws import failed_calls
from clientela.customers import change_log
from clientela.events import change_events, event_bus
from clientela.events.change_events import BusEvent
from clientela.handlers import cold_start, error_logs
from clientela.table import stream

cold_start.prepare()

logger = Logger()


@error_logs.redact_errors
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Log and publish a batch of changes; return the sequence numbers of those to deliver again.

    The log comes first, and a batch that cannot be logged is delivered again as a whole: a change
    that is missing in the log would be missing in an export for good.

    A change that raises an error, or whose event the bus refuses for good, is put on the queue of
    failed calls. It must not hold up its shard of the stream, which has the changes of many
    customers.
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
        change_log.record_changes(map(stream.read, changes), clock.now())
    except Exception as error:
        error_logs.log(error)
        return False
    return True


def _event(record: dict[str, Any]) -> BusEvent | None:
    try:
        return change_events.event_from_change(stream.read(record))
    except Exception as error:
        error_logs.log(error)
        _park(record["dynamodb"]["SequenceNumber"], type(error).__name__)
        return None


def _park(number: str, reason: str) -> None:
    failed_calls.park("event-publisher", sequence_number=number, error=reason)
