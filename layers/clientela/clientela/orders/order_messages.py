"""Messages of the order queue: parsed, or refused with a reason that names the invalid fields."""

import re

from pydantic import ValidationError

from clientela.errors import OrderRefusedError
from clientela.orders import order_repairs
from clientela.orders.order_fields import Order, OrderMessage
from clientela.schema.validation_errors import field_errors
from clientela.sentences import Sentence

# Of an order as stored, without unknown fields. Well below DynamoDB's 400 KB per item, and the size
# of a message that every SQS queue accepts.
MAX_BYTES = 262_144
# An escape of JSON. Two that follow each other can be one character; a half of it is no character.
_ESCAPE = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<half>\\u[dD][89a-fA-F]..)|\\.", re.DOTALL)
_MAX_ERRORS = 3  # in a reason: mostly one mistake is repeated in many fields


def parse(body: str) -> OrderMessage:
    """Return the order message in a body, without unknown fields and invalid optional ones.

    Raises:
        OrderRefusedError: the message is invalid or too large; with the reason.
    """
    try:
        message = OrderMessage.model_validate_json(body)
    except ValidationError as error:
        if (whole := _with_whole_characters(body)) != body:
            return parse(whole)
        if reason := _reason(error):
            raise OrderRefusedError(reason) from error
        message = order_repairs.repair(body, error)
    # A character has at most four bytes, so short bodies need not be measured.
    if len(body) > MAX_BYTES // 5:
        _require_fits(message.order)
    return message


def _with_whole_characters(body: str) -> str:
    """Replace the halves of characters that a sender cut in two: the parser refuses them."""
    return _ESCAPE.sub(lambda match: r"\ufffd" if match["half"] else match[0], body)


def _require_fits(order: Order) -> None:
    size = len(order.model_dump_json(exclude_none=True).encode())
    if size > MAX_BYTES:
        raise OrderRefusedError(
            Sentence(
                "The message is too large: it has {size} bytes, and at most {max} are allowed.",
                size=f"{size:,}",
                max=f"{MAX_BYTES:,}",
            )
        )


def _reason(error: ValidationError) -> str:
    """Return the reason of a refusal; empty if only optional fields are invalid."""
    if any(detail["type"] == "json_invalid" for detail in error.errors(include_url=False)):
        return "The message is not JSON."
    locations = [detail["loc"] for detail in error.errors(include_url=False)]
    errors = zip(locations, field_errors(error.errors(include_url=False)), strict=True)
    fields = [field for location, field in errors if not order_repairs.is_optional(location)]
    more = [f"and {len(fields) - _MAX_ERRORS} more"] if len(fields) > _MAX_ERRORS else []
    shown = [f"{field.pointer or 'the message'}: {field.message}" for field in fields[:_MAX_ERRORS]]
    return "; ".join([*shown, *more])
