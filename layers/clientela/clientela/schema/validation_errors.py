"""Pydantic's complaints, in the words of the API."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from clientela.errors import FieldError, InvalidInputError

# Where pydantic's own words tell a caller too little.
_WORDS = {
    "extra_forbidden": "is not a field that can be sent here",
    "missing": "is needed",
    "date_from_datetime_parsing": "must be a date such as 2027-01-31",
    "date_parsing": "must be a date such as 2027-01-31",
}


def invalid_input(error: ValidationError) -> InvalidInputError:
    """The error to answer for a document that did not pass its model."""
    return InvalidInputError("Some fields cannot be taken.", fields=field_errors(error.errors()))


def field_errors(errors: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """Each complaint with the JSON pointer (RFC 6901) of its field."""
    return [FieldError(_pointer(error["loc"]), _message(error)) for error in errors]


def _message(error: Mapping[str, Any]) -> str:
    message: str = _WORDS.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return message


def _pointer(location: Iterable[str | int]) -> str:
    # "[key]" marks a name that cannot be one: its field is the place.
    parts = (part for part in location if part != "[key]")
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
