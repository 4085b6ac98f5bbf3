"""The base of all pydantic models, and the context in which a value is validated."""

from collections.abc import Callable
from typing import NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo

STORED = "stored"  # validation context of documents read from the table


class InputContext(NamedTuple):
    """Validation context of a request: the store's country, used when the input names none."""

    country: str | None


class Model(BaseModel):
    """Base of every input and output: unknown fields are rejected, text is trimmed."""

    # Without hide_input_in_errors an unexpected validation error would carry the value into a log.
    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, validate_default=False, hide_input_in_errors=True
    )


def on_input[T](rule: Callable[[T], T]) -> AfterValidator:
    """Return a validator that applies `rule` to input only.

    Stored values passed the rule when they were written. It may have changed since, so they are not
    checked again.
    """

    def check(value: T, info: ValidationInfo) -> T:
        return value if info.context == STORED else rule(value)

    return AfterValidator(check)
