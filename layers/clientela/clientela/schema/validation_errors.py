"""Pydantic's validation errors as errors of the API."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from clientela.errors import FieldError, InvalidInputError

# Replaces messages of pydantic that help a caller too little.
_MESSAGES = {
    "extra_forbidden": "is not a field of this request",
    "missing": "is required",
    "date_from_datetime_parsing": "must be a date such as 2027-01-31",
    "date_parsing": "must be a date such as 2027-01-31",
}

STORE_ID = "3 to 50 lower-case letters, digits and dashes, with a letter or digit at both ends"
_URL = "an address like https://shop.example.com/shop; http:// for localhost only"

# Words for the patterns of these fields: people cannot read a regular expression.
_PATTERNS = {
    "id": STORE_ID,
    "store_id": STORE_ID,
    "storefront_url": _URL,
    "logo_url": _URL,
    "allowed_origins": "like https://shop.example.com, without a path; http:// for localhost only",
    "sign_in_path": "a path of letters, digits, dots, dashes and underscores, like /account",
    "currency": "the three capital letters of ISO 4217, like EUR",
    "colour": "a colour like #aa0000",
}


def invalid_input(error: ValidationError) -> InvalidInputError:
    """Return the API's error for a failed validation."""
    return InvalidInputError("Some fields are invalid.", fields=field_errors(error.errors()))


def field_errors(errors: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """Return each validation error with the JSON pointer (RFC 6901) of its field."""
    return [FieldError(_pointer(error["loc"]), _message(error)) for error in errors]


def readable_errors(error: ValidationError) -> list[FieldError]:
    """Return the field errors with words in place of regular expressions: for people to read."""
    return [FieldError(_pointer(detail["loc"]), _readable(detail)) for detail in error.errors(include_url=False)]


def _readable(error: Mapping[str, Any]) -> str:
    if error["type"] != "string_pattern_mismatch":
        return _message(error)
    names = [part for part in reversed(error["loc"]) if part in _PATTERNS]
    return f"must be {_PATTERNS[names[0]]}" if names else "has an invalid format"


def _message(error: Mapping[str, Any]) -> str:
    message: str = _MESSAGES.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return message


def _pointer(location: Iterable[str | int]) -> str:
    # Pydantic appends "[key]" if a mapping's key is invalid: point to the key itself.
    parts = (part for part in location if part != "[key]")
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
