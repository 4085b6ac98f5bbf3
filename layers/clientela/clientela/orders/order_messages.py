"""Messages of the order queue: parsed, or refused with a reason that names the invalid fields."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from clientela.errors import OrderRefusedError
from clientela.orders.order_fields import Order, OrderMessage
from clientela.schema.validation_errors import field_errors

# Of an order as stored, without unknown fields. Well below DynamoDB's 400 KB per item, and the size
# of a message that every SQS queue accepts.
MAX_BYTES = 262_144
_MAX_ERRORS = 3  # in a reason: mostly one mistake is repeated in many fields

# The rules of fields whose model has a pattern.
_PATTERN_RULES = {
    "currency": "must be the three capital letters of ISO 4217, like EUR",
    "store_id": "must be 3 to 50 lower-case letters, digits and dashes, with a letter or digit at both ends",
}


def parse(body: str) -> OrderMessage:
    """Return the order message in a body, without unknown fields.

    Raises:
        OrderRefusedError: the message is invalid or too large; with the reason.
    """
    try:
        message = OrderMessage.model_validate_json(body)
    except ValidationError as error:
        raise OrderRefusedError(_reason(error)) from error
    # A character has at most four bytes, so short bodies need not be measured.
    if len(body) > MAX_BYTES // 5:
        _require_fits(message.order)
    return message


def _require_fits(order: Order) -> None:
    size = len(order.model_dump_json(exclude_none=True).encode())
    if size > MAX_BYTES:
        raise OrderRefusedError(f"too large: {size:,} bytes, at most {MAX_BYTES:,} are allowed")


def _reason(error: ValidationError) -> str:
    details = error.errors(include_url=False)
    if any(detail["type"] == "json_invalid" for detail in details):
        return "not JSON"
    more = [f"and {len(details) - _MAX_ERRORS} more"] if len(details) > _MAX_ERRORS else []
    return "; ".join([*map(_field_reason, details[:_MAX_ERRORS]), *more])


def _field_reason(detail: Mapping[str, Any]) -> str:
    [field] = field_errors([detail])
    message = field.message
    if detail["type"] == "string_pattern_mismatch":
        message = _PATTERN_RULES.get(detail["loc"][-1], "has an invalid format")
    return f"{field.pointer or 'the message'}: {message}"
