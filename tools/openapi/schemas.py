"""JSON Schemas of the models as components with clean names."""

import re
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

type Mode = Literal["validation", "serialization"]

_PREFIX = "#/components/schemas/"


class Schemas:
    """The schemas of all models: `validation` for requests, `serialization` for responses."""

    def __init__(self, models: Iterable[tuple[type[BaseModel], Mode]]) -> None:
        pairs = sorted(set(models), key=lambda pair: (pair[0].__name__, pair[1]))
        by_model, document = models_json_schema(pairs, ref_template=f"{_PREFIX}{{model}}")
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
        """Return the components by name, without the models of parameters."""
        hidden = {self._refs[model, "validation"]["$ref"].removeprefix(_PREFIX) for model in without}
        return {name: self._all[name] for name in sorted(self._all) if name not in hidden}


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
        tidy["properties"] = {name: _without_title(field) for name, field in tidy["properties"].items()}
    return tidy


def _without_title(field: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in field.items() if name != "title" and not (name == "default" and value is None)
    }


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """Remove null from the schema of a parameter, because a parameter cannot be null."""
    options = [option for option in field.get("anyOf", []) if option != {"type": "null"}]
    rest = {name: value for name, value in field.items() if name not in {"anyOf", "title"}}
    if not options:
        return rest
    return {**rest, **options[0]} if len(options) == 1 else {**rest, "anyOf": options}
