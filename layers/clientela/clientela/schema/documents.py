"""Pydantic documents in DynamoDB: a document is one attribute, so that a new field touches its model only."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo
from pynamodb.attributes import Attribute
from pynamodb.constants import NUMBER, STRING

STORED = "stored"  # validation context of documents read from the table


class InputContext(NamedTuple):
    """Validation context of what is sent to a store: `country` is the store's, for what leaves its own unsaid."""

    country: str | None


class Model(BaseModel):
    """Base of everything that comes in or goes out: unknown fields are refused, text is trimmed."""

    # Without hide_input_in_errors an unforeseen complaint would carry the value into a log.
    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, validate_default=False, hide_input_in_errors=True
    )


def on_input[T](rule: Callable[[T], T]) -> AfterValidator:
    """A rule for what comes in. What is read back from the table has passed it: not checked again, it may have changed."""

    def check(value: T, info: ValidationInfo) -> T:
        return value if info.context == STORED else rule(value)

    return AfterValidator(check)


def load[D: BaseModel](model: type[D], attribute: dict[str, Any]) -> D:
    """The document that a DynamoDB attribute holds."""
    return model.model_validate_json(attribute["S"], context=STORED)


def load_raw(attribute: dict[str, Any]) -> dict[str, Any]:
    """The fields of the document that a DynamoDB attribute holds, as JSON values and without the model's time.

    What is None, empty, or in a lean attribute at its default, is not among them.
    """
    found: dict[str, Any] = orjson.loads(attribute["S"])
    return found


class DocumentAttribute[D: BaseModel](Attribute[D]):
    """A pydantic model as JSON text: docs/decisions/0007-documents-are-json-text.md.

    `lean` leaves out what is at its default, so that it counts for no write units: for a model whose defaults mean
    "nothing said" and can never change.
    """

    attr_type = STRING

    def __init__(self, model: type[D], *, lean: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._model, self._lean = model, lean
        self._required = {name for name, field in model.model_fields.items() if field.is_required()}

    def serialize(self, value: D) -> str:
        written = value.model_dump(mode="json", exclude_none=True, exclude_defaults=self._lean)
        kept = {name: item for name, item in written.items() if item not in ([], {}) or name in self._required}
        return orjson.dumps(kept).decode()

    def deserialize(self, value: str) -> D:
        return load(self._model, {"S": value})


class DecimalAttribute(Attribute[Decimal]):
    """An exact number: pynamodb's own NumberAttribute goes through floats."""

    attr_type = NUMBER

    def serialize(self, value: Decimal) -> str:
        return str(value)

    def deserialize(self, value: str) -> Decimal:
        return Decimal(value)
