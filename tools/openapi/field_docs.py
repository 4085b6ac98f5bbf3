"""Descriptions and examples of the models' fields, read from their source code.

A field's documentation is the string below it, in the class. It may end with `Example: …`, a value
in JSON or a text. Python drops such strings when it compiles, so they cost a function no time to
start. `Field(description=…)` would: 25 µs of CPU for each field.
"""

import ast
import inspect
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

_EXAMPLE = "Example: "


class FieldDoc(NamedTuple):
    """The documentation of a field: one or more sentences, and the text of an example or none."""

    description: str
    example: str

    def add_to(self, schema: dict[str, Any]) -> None:
        """Add the documentation to the field's schema."""
        schema["description"] = self.description
        if self.example:
            schema["examples"] = [_value(self.example, schema)]


def of_model(model: type[BaseModel]) -> dict[str, FieldDoc]:
    """Return the documentation of each documented field: a class's own, else that of its bases.

    A model of optional fields that is created from another one has that one's.
    """
    found: dict[str, FieldDoc] = {}
    for class_ in reversed(model.__mro__):
        if issubclass(class_, BaseModel) and class_ is not BaseModel:
            name = class_.__name__.partition("[")[0]  # Listing for Listing[Customer]
            documents, originals = _of_module(class_.__module__)
            if name in originals:
                found |= of_model(getattr(sys.modules[class_.__module__], originals[name]))
            found |= documents.get(name, {})
    return found


def is_selection(model: type[BaseModel]) -> bool:
    """Return whether a model is created from another one with all fields optional."""
    return model.__name__ in _of_module(model.__module__)[1]


def parse(text: str) -> FieldDoc:
    """Return the description and the example in a documentation string."""
    description, _, example = unwrap(text).partition(_EXAMPLE)
    return FieldDoc(description.strip(), example.strip())


def unwrap(text: str) -> str:
    """Return a documentation string with its paragraphs as one line each."""
    return "\n\n".join(paragraph.replace("\n", " ") for paragraph in inspect.cleandoc(text).split("\n\n"))


def _value(example: str, schema: dict[str, Any]) -> Any:
    """Return the value of an example: JSON, but text where the field takes text, such as `1001`."""
    try:
        value = json.loads(example)
    except ValueError:
        return example
    return example if isinstance(value, int | float) and _takes_text(schema) else value


def _takes_text(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "string" or any(map(_takes_text, schema.get("anyOf", [])))


@cache
def _of_module(module: str) -> tuple[dict[str, dict[str, FieldDoc]], dict[str, str]]:
    """Return a module's documented fields by class, and the models of optional fields it creates.

    These are assignments of `create_model` with `all_optional(original)`.
    """
    file = sys.modules[module].__file__
    tree = ast.parse(Path(file).read_text("utf-8") if file else "")
    classes = {node.name: _of_class(node) for node in tree.body if isinstance(node, ast.ClassDef)}
    originals = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            for call in ast.walk(node.value):
                match call:
                    case ast.Call(func=ast.Name(id="all_optional"), args=[ast.Name(id=original)]):
                        originals[node.targets[0].id] = original
    return classes, originals


def _of_class(node: ast.ClassDef) -> dict[str, FieldDoc]:
    documents = {}
    for statement, below in zip(node.body, node.body[1:], strict=False):
        match statement, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                documents[name] = parse(text)
    return documents
