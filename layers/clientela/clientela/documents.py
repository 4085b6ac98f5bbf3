"""Pydantic documents in DynamoDB: a document is one native map attribute, so that a new field touches its model only."""

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict
from pynamodb.attributes import Attribute
from pynamodb.constants import MAP, NUMBER


class Document(BaseModel):
    """Base of everything that comes in or goes out: unknown fields are refused, text is trimmed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, validate_default=False)


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
            return {"M": {name: encode(item) for name, item in value.items() if item is not None and item not in ([], {})}}
        case list():
            return {"L": [encode(item) for item in value]}
        case None:
            return {"NULL": True}
        case _:
            raise TypeError(f"{type(value).__name__} has no place in a document")


def decode(attribute: dict[str, Any]) -> Any:
    """The JSON value of a DynamoDB attribute value. Numbers become int where they are whole, else Decimal."""
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return int(value) if value.lstrip("-").isdigit() else Decimal(value)
        case "M":
            return {name: decode(item) for name, item in value.items()}
        case "L":
            return [decode(item) for item in value]
        case "SS":
            return list(value)
        case "NULL":
            return None
        case _:
            raise TypeError(f"{kind} has no place in a document")


class DocumentAttribute[D: BaseModel](Attribute[D]):
    """A pydantic model as a DynamoDB map."""

    attr_type = MAP

    def __init__(self, model: type[D], **options: Any) -> None:
        super().__init__(**options)
        self._model = model

    def serialize(self, value: D) -> dict[str, Any]:
        return encode(value.model_dump(mode="json", exclude_none=True))["M"]  # type: ignore[no-any-return]

    def deserialize(self, value: dict[str, Any]) -> D:
        return self._model.model_validate(decode({"M": value}))


class DecimalAttribute(Attribute[Decimal]):
    """An exact number: pynamodb's own NumberAttribute goes through floats."""

    attr_type = NUMBER

    def serialize(self, value: Decimal) -> str:
        return str(value)

    def deserialize(self, value: str) -> Decimal:
        return Decimal(value)
