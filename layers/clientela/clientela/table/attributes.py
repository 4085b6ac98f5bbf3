"""Pydantic models as attributes of a record.

A model is one attribute, so that a new field changes its model only.
"""

import lzma
from base64 import b64decode, b64encode
from typing import Any

import orjson
from pydantic import BaseModel
from pynamodb.attributes import Attribute
from pynamodb.constants import BINARY, STRING

from clientela.schema.documents import STORED


def load[D: BaseModel](model: type[D], attribute: dict[str, Any]) -> D:
    """Return the model that a DynamoDB attribute holds."""
    return model.model_validate_json(attribute["S"], context=STORED)


def load_raw(attribute: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the model that a DynamoDB attribute holds, as JSON values.

    Faster than `load`, because no model is built. Fields that are None, empty or (in a lean
    attribute) at their default are missing.
    """
    fields: dict[str, Any] = orjson.loads(attribute["S"])
    return fields


class DocumentAttribute[D: BaseModel](Attribute[D]):
    """A pydantic model as JSON text: docs/decisions/0007-documents-are-json-text.md.

    `lean` leaves out fields at their default, which saves write units. Use it only for a model
    whose defaults mean "not set" and will never change.
    """

    attr_type = STRING

    def __init__(self, model: type[D], *, lean: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._model, self._lean = model, lean
        self._required = {name for name, field in model.model_fields.items() if field.is_required()}

    def serialize(self, value: D) -> str:
        dumped = value.model_dump(mode="json", exclude_none=True, exclude_defaults=self._lean)
        fields = {name: item for name, item in dumped.items() if item not in ([], {}) or name in self._required}
        return orjson.dumps(fields).decode()

    def deserialize(self, value: str) -> D:
        return load(self._model, {"S": value})


class CompressedTextAttribute(Attribute[str]):
    """A long text as compressed bytes.

    LZMA, because zlib does not see repetitions that are hundreds of KB apart.
    """

    attr_type = BINARY

    def serialize(self, value: str) -> str:
        return b64encode(lzma.compress(value.encode(), preset=1)).decode()

    def deserialize(self, value: str) -> str:
        return lzma.decompress(b64decode(value)).decode()
