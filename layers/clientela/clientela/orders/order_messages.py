"""Order messages as the queue brings them: read whole, or refused with a reason that people can act on."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from clientela.errors import OrderRefusedError
from clientela.orders.order_fields import Order, OrderMessage
from clientela.schema.validation_errors import field_errors

# Bytes of an order as it is kept, which is without what nobody knows. Far enough below DynamoDB's 400 KB an item, and what
# every SQS takes as a message.
MAX_BYTES = 262_144
_SHOWN = 3  # bad fields: who made the message mostly made one mistake in many places

# What a field must be, where its model says it by a pattern.
_ALLOWED = {
    "currency": "must be the three capital letters of ISO 4217, like EUR",
    "store_id": "must be 3 to 50 lower-case letters, digits and dashes, with a letter or digit at both ends",
}


def parse(body: str) -> OrderMessage:
    """The message that a body holds, without the fields that are not known here. OrderRefusedError, which says why."""
    try:
        message = OrderMessage.model_validate_json(body)
    except ValidationError as error:
        raise OrderRefusedError(_reason(error)) from error
    # No letter becomes more than four bytes: only what is long has to be written out to be measured.
    if len(body) > MAX_BYTES // 5:
        _require_room(message.order)
    return message


def reason_refused(body: str) -> str | None:
    """Why a message cannot be taken, in one line that names fields and quotes no more than it must; None where it can.

    Whether there is its store is not asked: that may change.
    """
    try:
        parse(body)
    except OrderRefusedError as error:
        return error.detail
    return None


def _require_room(order: Order) -> None:
    size = len(order.model_dump_json(exclude_none=True).encode())
    if size > MAX_BYTES:
        raise OrderRefusedError(f"too large: {size:,} bytes, of {MAX_BYTES:,} that an order may have")


def _reason(error: ValidationError) -> str:
    details = error.errors(include_url=False)
    if any(detail["type"] == "json_invalid" for detail in details):
        return "not JSON"
    more = [f"and {len(details) - _SHOWN} more"] if len(details) > _SHOWN else []
    return "; ".join([*map(_complaint, details[:_SHOWN]), *more])


def _complaint(detail: Mapping[str, Any]) -> str:
    [field] = field_errors([detail])
    message = field.message
    if detail["type"] == "string_pattern_mismatch":
        message = _ALLOWED.get(detail["loc"][-1], "is not written as it must be")
    return f"{field.pointer or 'the message'}: {message}"
