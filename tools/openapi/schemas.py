"""JSON Schemas of the models as components with clean names."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from tools.openapi import field_docs

type Mode = Literal["validation", "serialization"]

_PREFIX = "#/components/schemas/"
_BOUNDS = {"ge", "gt", "le", "lt"}  # of a number that is text in JSON: no words of JSON Schema


class Schemas:
    """The schemas of all models: `validation` for requests, `serialization` for responses."""

    def __init__(self, models: Iterable[tuple[type[BaseModel], Mode]]) -> None:
        pairs = sorted(set(models), key=lambda pair: (pair[0].__name__, pair[1]))
        by_model, document = models_json_schema(
            pairs, ref_template=f"{_PREFIX}{{model}}", schema_generator=_DocumentedSchema
        )
        self._refs = {pair: _rename(schema) for pair, schema in by_model.items()}
        self._all = {_clean_name(name): _tidy(_rename(schema)) for name, schema in document["$defs"].items()}
        if len(self._all) < len(document["$defs"]):
            raise ValueError(f"two models have the same name: {sorted(document['$defs'])}")

    def of(self, model: type[BaseModel], mode: Mode) -> dict[str, Any]:
        """Return a reference to the model's component."""
        reference: dict[str, Any] = self._refs[model, mode]
        return reference

    def fields(self, model: type[BaseModel]) -> dict[str, tuple[dict[str, Any], bool]]:
        """Return the schema of each field, and whether it is required.

        For parameters, which cannot be null.
        """
        schema = self._all[self._refs[model, "validation"]["$ref"].removeprefix(_PREFIX)]
        required = schema.get("required", [])
        return {name: (_without_null(field), name in required) for name, field in schema["properties"].items()}

    def components(self, without: Iterable[type[BaseModel]]) -> dict[str, Any]:
        """Return the components by name, without the models of parameters.

        They have no `default`: a client that sends the defaults would change what it does not name.
        """
        hidden = {self._refs[model, "validation"]["$ref"].removeprefix(_PREFIX) for model in without}
        used = self._used({schema["$ref"].removeprefix(_PREFIX) for schema in self._refs.values()})
        shown = {name: self._all[name] for name in sorted(used - hidden)}
        for schema in shown.values():
            for field in schema.get("properties", {}).values():
                field.pop("default", None)
        return shown

    def _used(self, names: set[str]) -> set[str]:
        """Return these components and those that they refer to: not those of hidden fields."""
        found = set[str]()
        while names:
            found |= names
            names = {ref for name in names for ref in _references(self._all[name])} - found
        return found


class _DocumentedSchema(GenerateJsonSchema):
    """Adds the fields' documentation, and requires in responses what is always there."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        described, model = super().model_schema(schema), schema["cls"]
        properties = described.get("properties", {})
        field_docs.parse(described.get("description", "")).add_to(described)
        for name, document in field_docs.of_model(model).items():
            if name in properties:
                document.add_to(properties[name])
        if self.mode == "serialization" and not field_docs.is_selection(model):
            described["required"] = [name for name in properties if not model.model_fields[name].exclude_if]
            if "examples" in described:
                described["examples"] = [dict.fromkeys(properties) | each for each in described["examples"]]
        return described


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].removeprefix(_PREFIX)
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from _references(part)


def _clean_name(name: str) -> str:
    """Return `CustomerList` for `Listing_Customer_`.

    For a model with different schemas for requests and responses: `DiscountInput` for
    `Discount-Input`, `Discount` for `Discount-Output`.
    """
    name = re.sub(r"^Listing_(\w+)_$", r"\1List", name)
    return name.removesuffix("-Output").replace("-", "")


def _rename(schema: Any) -> Any:
    match schema:
        case {"$ref": str(place), **rest}:
            return {"$ref": _PREFIX + _clean_name(place.removeprefix(_PREFIX)), **rest}
        case dict():
            return {name: _rename(value) for name, value in schema.items()}
        case list():
            return [_rename(value) for value in schema]
        case _:
            return schema


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Remove pydantic's titles, which repeat the names."""
    tidy = {name: value for name, value in schema.items() if name != "title"}
    if "properties" in tidy:
        tidy["properties"] = {name: _tidy_field(field) for name, field in tidy["properties"].items()}
    return tidy


def _tidy_field(field: dict[str, Any]) -> dict[str, Any]:
    """Remove pydantic's title and words, and a default of null."""
    return {
        name: value
        for name, value in field.items()
        if name not in {"title", *_BOUNDS} and not (name == "default" and value is None)
    }


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """Remove null from the schema of a parameter, because a parameter cannot be null."""
    options = [option for option in field.get("anyOf", []) if option != {"type": "null"}]
    rest = {name: value for name, value in field.items() if name not in {"anyOf", "title"}}
    if not options:
        return rest
    return {**options[0], **rest} if len(options) == 1 else {**rest, "anyOf": options}
