"""JSON Schemas of the models, as components with clean names."""

import re
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

type Mode = Literal["validation", "serialization"]

_PLACE = "#/components/schemas/"


class Schemas:
    """The schemas of all models of the document: what comes in by `validation`, what goes out by `serialization`."""

    def __init__(self, models: Iterable[tuple[type[BaseModel], Mode]]) -> None:
        wanted = sorted(set(models), key=lambda pair: (pair[0].__name__, pair[1]))
        by_model, found = models_json_schema(wanted, ref_template=f"{_PLACE}{{model}}")
        self._refs = {pair: _renamed(schema) for pair, schema in by_model.items()}
        self._all = {_clean_name(name): _tidy(_renamed(schema)) for name, schema in found["$defs"].items()}
        if len(self._all) < len(found["$defs"]):
            raise ValueError(f"two models have one name: {sorted(found['$defs'])}")

    def of(self, model: type[BaseModel], mode: Mode) -> dict[str, Any]:
        """A reference to the model's component."""
        reference: dict[str, Any] = self._refs[model, mode]
        return reference

    def fields(self, model: type[BaseModel]) -> dict[str, tuple[dict[str, Any], bool]]:
        """The schemas of a model's fields, and whether each is required: for parameters, which cannot be null."""
        schema = self._all[self._refs[model, "validation"]["$ref"].removeprefix(_PLACE)]
        required = schema.get("required", [])
        return {name: (_never_null(field), name in required) for name, field in schema["properties"].items()}

    def components(self, without: Iterable[type[BaseModel]]) -> dict[str, Any]:
        """The components by name, without models that are only there for their fields."""
        hidden = {self._refs[model, "validation"]["$ref"].removeprefix(_PLACE) for model in without}
        return {name: self._all[name] for name in sorted(self._all) if name not in hidden}


def _clean_name(name: str) -> str:
    """`Listing_Customer_` → `CustomerList`. Where what comes in and what goes out differ: `Discount-Input` →
    `DiscountInput`, `Discount-Output` → `Discount`."""
    name = re.sub(r"^Listing_(\w+)_$", r"\1List", name)
    return name.removesuffix("-Output").replace("-", "")


def _renamed(schema: Any) -> Any:
    match schema:
        case {"$ref": str(place), **rest}:
            return {"$ref": _PLACE + _clean_name(place.removeprefix(_PLACE)), **rest}
        case dict():
            return {name: _renamed(value) for name, value in schema.items()}
        case list():
            return [_renamed(value) for value in schema]
        case _:
            return schema


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Without pydantic's titles, which repeat the names, and with descriptions in one line each paragraph."""
    tidy = {name: value for name, value in schema.items() if name != "title"}
    if "properties" in tidy:
        tidy["properties"] = {name: _untitled(field) for name, field in tidy["properties"].items()}
    return tidy


def _untitled(field: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in field.items() if name != "title"}
    return {name: value for name, value in kept.items() if not (name == "default" and value is None)}


def _never_null(field: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or not: JSON's null is no value that it can have."""
    options = [option for option in field.get("anyOf", []) if option != {"type": "null"}]
    rest = {name: value for name, value in field.items() if name not in {"anyOf", "title"}}
    if not options:
        return rest
    return {**rest, **options[0]} if len(options) == 1 else {**rest, "anyOf": options}
