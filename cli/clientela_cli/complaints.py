"""What is wrong with given values, field by field, in words: a regular expression tells people nothing."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from clientela.schema.validation_errors import field_errors

STORE_ID = "3 to 50 lower-case letters, digits and dashes, with a letter or digit at both ends"
STOREFRONT_URL = "an address like https://shop.example.com/shop; http:// for localhost alone"
ORIGIN = "like https://shop.example.com, with nothing behind the host but a port; http:// for localhost alone"
SIGN_IN_PATH = "a path of letters, digits, dots, dashes and underscores, like /account"
CURRENCY = "the three capital letters of ISO 4217, like EUR"

# What a field must be, where its model says it by a pattern.
_ALLOWED = {
    "id": STORE_ID, "store_id": STORE_ID, "storefront_url": STOREFRONT_URL, "allowed_origins": ORIGIN,
    "sign_in_path": SIGN_IN_PATH, "currency": CURRENCY,
}  # fmt: skip


def complaints(error: ValidationError) -> list[str]:
    """A line for each value that its model refuses: `currency: must be the three capital letters of ISO 4217, …`."""
    return [_complaint(detail) for detail in error.errors()]


def _complaint(detail: Mapping[str, Any]) -> str:
    (field,) = field_errors([detail])
    message = _allowed(detail["loc"]) if detail["type"] == "string_pattern_mismatch" else field.message
    name = field.pointer.removeprefix("/")
    return f"{name}: {message}" if name else message


def _allowed(location: tuple[str | int, ...]) -> str:
    found = next((_ALLOWED[part] for part in reversed(location) if isinstance(part, str) and part in _ALLOWED), None)
    return f"must be {found}" if found else "is not written as it must be"
