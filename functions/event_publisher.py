"""DynamoDB stream → EventBridge: tells other systems what has changed. The template filters what comes here."""

from typing import Any

from aws_lambda_powertools import Logger

from clientela.aws import failed_calls
from clientela.events import change_events, event_bus
from clientela.events.change_events import BusEvent
from clientela.handlers import error_logs
from clientela.table import stream

logger = Logger()


@error_logs.redact_errors
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Publish a batch of changes; the answer names those to be delivered again.

    A change that cannot be told, or whose event the bus refuses for good, is put aside: its shard of the stream, which
    holds the changes of many customers, must not wait for it.
    """
    told = [each for record in event["Records"] if (each := _told(record))]
    left = event_bus.publish(told)
    for refused in left.refused:
        _put_aside(refused.number, "RefusedByBus")
    logger.info("published", events=len(told) - len(left.waiting) - len(left.refused), waiting=len(left.waiting))
    if left.error:
        error_logs.log(left.error)
    return {"batchItemFailures": [{"itemIdentifier": each.number} for each in left.waiting]}


def _told(record: dict[str, Any]) -> BusEvent | None:
    try:
        return change_events.event_from_change(stream.read(record))
    except Exception as error:
        error_logs.log(error)
        _put_aside(record["dynamodb"]["SequenceNumber"], type(error).__name__)
        return None


def _put_aside(number: str, reason: str) -> None:
    failed_calls.park("event-publisher", sequence_number=number, error=reason)
