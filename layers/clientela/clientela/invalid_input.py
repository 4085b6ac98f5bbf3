"""Pydantic's complaints, in the words of the API."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from clientela.errors import FieldError, InvalidInputError


def invalid_input(error: ValidationError) -> InvalidInputError:
    """The error to answer for a document that did not pass its model."""
    return InvalidInputError("Some fields cannot be taken.", fields=field_errors(error.errors()))


def field_errors(errors: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """Each complaint with the JSON pointer (RFC 6901) of its field."""
    return [FieldError(_pointer(error["loc"]), error["msg"].removeprefix("Value error, ")) for error in errors]


def _pointer(location: Iterable[str | int]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)
