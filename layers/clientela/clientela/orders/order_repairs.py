"""Invalid optional fields of an order message: read if their meaning is clear, else left out.

Order systems send `null`, empty lists, numbers for text and prices with rounding errors. None of
that may lose an order. A field that is left out gets a note in the order.
"""

from decimal import Decimal
from math import isfinite
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from clientela.orders.order_fields import MAX_NOTES, OrderMessage, Price
from clientela.schema.validation_errors import field_errors

_MUST_BE_VALID = {"id", "version", "placed_at", "currency", "total", "payment_status"}
_DEPTH = 4  # of a field's location: /order/items/0/price; what follows are alternatives of its type
_NOT_TEXT = {"email"}  # a number there is no value of it
_PRICE: TypeAdapter[Decimal] = TypeAdapter(Price)
_UNIT = Decimal("0.0001")  # of a price

type Location = tuple[str | int, ...]


def is_optional(location: Location) -> bool:
    """Return whether the location is an optional field of the order."""
    return len(location) > 1 and location[0] == "order" and location[1] not in _MUST_BE_VALID


def repair(body: str, error: ValidationError) -> OrderMessage:
    """Return the message of a JSON body whose only errors are in optional fields."""
    data = from_json(body)
    notes: dict[Location, str] = {}
    # The last come first: items that are left out do not shift those before them.
    for location, (kind, reason) in sorted(_errors(error).items(), reverse=True):
        *path, name = location
        parent = data
        for key in path:
            parent = parent[key]
        value = parent[name]
        readable = _read(location, kind, value)
        if readable is not None:
            parent[name] = readable
            continue
        del parent[name]
        if value is not None:
            notes[location[1:]] = reason
    message = OrderMessage.model_validate(data)
    message.order.notes = _lines(notes)
    return message


def _errors(error: ValidationError) -> dict[Location, tuple[str, str]]:
    """Return type and reason of the first error of each field."""
    first: dict[Location, tuple[str, str]] = {}
    for detail, field in zip(
        error.errors(include_url=False), field_errors(error.errors(include_url=False)), strict=True
    ):
        first.setdefault(detail["loc"][:_DEPTH], (detail["type"], field.message))
    return first


def _read(location: Location, kind: str, value: Any) -> str | Decimal | None:
    """Return the value that was meant, or None if it is unclear."""
    if kind == "string_type" and type(value) in (int, float) and location[-1] not in _NOT_TEXT:
        return _number_as_text(value)
    if kind.startswith("decimal_max") and location[-1] == "price":
        try:
            return _PRICE.validate_python(Decimal(str(value)).quantize(_UNIT).normalize())
        except (ValidationError, ArithmeticError):
            return None
    return None


def _number_as_text(number: float) -> str | None:
    if not isfinite(number):
        return None
    return str(int(number) if number == int(number) else number)


def _lines(notes: dict[Location, str]) -> list[str]:
    lines = ["/".join(map(str, location)) + f": {reason}" for location, reason in sorted(notes.items())]
    more = [f"and {len(lines) - MAX_NOTES} more"] if len(lines) > MAX_NOTES else []
    return lines[:MAX_NOTES] + more
