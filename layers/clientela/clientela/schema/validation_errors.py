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


def invalid_input(error: ValidationError) -> InvalidInputError:
    """Return the API's error for a failed validation."""
    return InvalidInputError("Some fields are invalid.", fields=field_errors(error.errors()))


def field_errors(errors: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """Return each validation error with the JSON pointer (RFC 6901) of its field."""
    return [FieldError(_pointer(error["loc"]), _message(error)) for error in errors]


def _message(error: Mapping[str, Any]) -> str:
    message: str = _MESSAGES.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return message


def _pointer(location: Iterable[str | int]) -> str:
    # Pydantic appends "[key]" if a mapping's key is invalid: point to the key itself.
    parts = (part for part in location if part != "[key]")
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
