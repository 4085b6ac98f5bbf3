"""Pydantic documents in DynamoDB: a document is one native map attribute, so that a new field touches its model only."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo
from pynamodb.attributes import Attribute
from pynamodb.constants import MAP, NUMBER

STORED = "stored"  # validation context of documents read from the table


class Document(BaseModel):
    """Base of everything that comes in or goes out: unknown fields are refused, text is trimmed."""

    # Without hide_input_in_errors an unforeseen complaint would carry the value into a log.
    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, validate_default=False, hide_input_in_errors=True
    )  # fmt: skip


def checked[T](rule: Callable[[T], T]) -> AfterValidator:
    """A rule for what comes in. What is read back from the table has passed it: not checked again, it may have changed."""

    def check(value: T, info: ValidationInfo) -> T:
        return value if info.context == STORED else rule(value)

    return AfterValidator(check)


def stored[D: BaseModel](model: type[D], attribute: dict[str, Any]) -> D:
    """The document that a DynamoDB map attribute holds."""
    return model.model_validate(decode(attribute), context=STORED)


def encode(value: Any) -> dict[str, Any]:
    """A JSON value as a DynamoDB attribute value; None, empty lists and empty maps are left out of maps."""
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | float() | Decimal():
            return {"N": str(value)}
        case dict():
            return {
                "M": {name: encode(item) for name, item in value.items() if item is not None and item not in ([], {})}
            }
        case list():
            return {"L": [encode(item) for item in value]}
        case None:
            return {"NULL": True}
        case _:
            raise TypeError(f"{type(value).__name__} has no place in a document")


def decode(attribute: dict[str, Any]) -> Any:
    """The JSON value of a DynamoDB attribute value.

    Exact amounts are texts in documents: so a number is an int where it is whole and of at most 19 digits, else a float.
    """
    for kind, value in attribute.items():
        if kind in {"S", "BOOL"}:
            return value
        if kind == "M":  # texts, the most of any document, are taken here: a third of a page's time is in this line
            return {name: item["S"] if "S" in item else decode(item) for name, item in value.items()}
        if kind == "L":
            return [decode(item) for item in value]
        if kind == "N":
            return int(value) if len(value) < 20 and value.lstrip("-").isdigit() else float(value)
        if kind == "SS":
            return list(value)
        if kind == "NULL":
            return None
    raise TypeError(f"{'/'.join(attribute)} has no place in a document")


class DocumentAttribute[D: BaseModel](Attribute[D]):
    """A pydantic model as a DynamoDB map."""

    attr_type = MAP

    def __init__(self, model: type[D], **options: Any) -> None:
        super().__init__(**options)
        self._model = model

    def serialize(self, value: D) -> dict[str, Any]:
        return encode(value.model_dump(mode="json", exclude_none=True))["M"]  # type: ignore[no-any-return]

    def deserialize(self, value: dict[str, Any]) -> D:
        return stored(self._model, {"M": value})


class DecimalAttribute(Attribute[Decimal]):
    """An exact number: pynamodb's own NumberAttribute goes through floats."""

    attr_type = NUMBER

    def serialize(self, value: Decimal) -> str:
        return str(value)

    def deserialize(self, value: str) -> Decimal:
        return Decimal(value)
