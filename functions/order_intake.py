"""Order messages from the queue: each is taken, and exactly those that cannot be are handed back."""

from typing import Any, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from pydantic import ValidationError

from clientela import clock, orders, stores
from clientela.order_fields import OrderMessage

logger = Logger()
# A batch in which every message fails is reported like any other: raising would hide which ones they are.
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS: the messages of a batch one after the other, so that a customer's orders are taken in the order given."""
    answer = process_partial_response(event, take, processor, context)
    refused = cast("list[SQSRecord]", processor.fail_messages)
    for record, (_, error, _) in zip(refused, processor.exceptions, strict=True):
        logger.error("order message not taken", message_id=record.message_id, **reason(error))
    return dict(answer)


def take(record: SQSRecord) -> None:
    """One message. Whatever is raised hands it back to the queue, which gives it up after five receives."""
    message = OrderMessage.model_validate_json(record.body)
    orders.take(stores.get(message.store_id), message.order, clock.now())


def reason(error: BaseException | None) -> dict[str, Any]:
    """Why a message was not taken, without anything of what it holds."""
    if isinstance(error, ValidationError):
        return {
            "error": "invalid",
            "fields": [".".join(map(str, part["loc"])) for part in error.errors(include_input=False)],
        }
    return {"error": type(error).__name__}
