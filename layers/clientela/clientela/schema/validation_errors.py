"""Pydantic's validation errors as errors of the API: sentences, never a regular expression."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from clientela.errors import FieldError, InvalidInputError
from clientela.sentences import Sentence

_TEXT, _NUMBER, _WHOLE_NUMBER = "Use text.", "Use a number.", "Use a whole number."
_BOOLEAN, _OBJECT, _LIST = "Use true or false.", "Use an object.", "Use a list."
_DATE, _TIME = "Use a date such as 2027-01-31.", "Use a time such as 2026-11-21T10:00:00Z."

# The sentences by pydantic's type of error. Their placeholders are pydantic's.
_SENTENCES = {
    "missing": "This field is required.",
    "extra_forbidden": "This request has no such field.",
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_too_long": "Use at most {max_length} characters.",
    "string_too_short": "Use at least {min_length} characters.",
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": "Use a smaller number.",
    "int_from_float": _WHOLE_NUMBER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "decimal_max_digits": "Use at most {max_digits} digits.",
    "decimal_max_places": "Use at most {decimal_places} decimals.",
    "decimal_whole_digits": "Use at most {whole_digits} digits before the decimal point.",
    "greater_than": "Use a number greater than {gt}.",
    "greater_than_equal": "Use a number of {ge} or more.",
    "less_than": "Use a number less than {lt}.",
    "less_than_equal": "Use a number of {le} or less.",
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "list_type": _LIST,
    "too_long": "Use at most {max_length} entries.",
    "too_short": "Use at least {min_length} entries.",
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "literal_error": "Use one of these values: {expected}.",
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "datetime_from_date_parsing": _TIME,
    "timezone_aware": _TIME,
    "json_invalid": "The body is not JSON.",
    "json_type": "The body is not JSON.",
}
_OTHERWISE = "This value is not valid."
_EMPTY = "This field must not be empty."

STORE_ID = "Use 3 to 50 lower-case letters, digits and dashes, with a letter or digit at both ends."
_URL = "Use an address such as https://shop.example.com/shop; http:// is for localhost only."
# The sentences for the patterns of these fields.
_COLOUR = "Use a colour such as #aa0000."
_PATTERNS = {
    "id": STORE_ID,
    "store_id": STORE_ID,
    "storefront_url": _URL,
    "logo_url": _URL,
    "url": "Use an address with TLS, such as https://shop.example.com/passwords.",
    "allowed_origins": "Use an origin such as https://shop.example.com, without a path; http:// is for localhost only.",
    "sign_in_path": "Use a path of letters, digits, dots, dashes and underscores, such as /account.",
    "currency": "Use the three capital letters of ISO 4217, such as EUR.",
    "colour": _COLOUR,
    "logo_plate": _COLOUR,
    "tags": "Use no commas and no semicolons.",
    "external_ids": "Name the system with up to 40 lower-case letters, digits, dashes and underscores, such as shopify.",
    "code": "Use up to 40 lower-case letters, digits, dashes and underscores, such as wholesale.",
}


def invalid_input(error: ValidationError) -> InvalidInputError:
    """Return the API's error for a failed validation."""
    return InvalidInputError("Some fields are invalid.", fields=field_errors(error.errors(include_url=False)))


def field_errors(errors: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """Return each validation error with the JSON pointer (RFC 6901) of its field."""
    return [FieldError(_pointer(error["loc"]), _message(error)) for error in errors]


def _message(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":  # raised by a rule of ours, with its sentence
        reason: str = context["error"].args[0]
        return reason
    if kind == "string_pattern_mismatch":
        names = [part for part in reversed(error["loc"]) if part in _PATTERNS]
        return _PATTERNS[names[0]] if names else _OTHERWISE
    if context.get("min_length") == 1:
        return _EMPTY
    if kind == "literal_error":
        context = {"expected": tuple(re.findall(r"'([^']*)'", context["expected"]))}
    return Sentence(_SENTENCES.get(kind, _OTHERWISE), **context)


def _pointer(location: Iterable[str | int]) -> str:
    # Pydantic appends "[key]" if a mapping's key is invalid: point to the key itself.
    parts = (part for part in location if part != "[key]")
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
