"""Examples: of each property, and of whole bodies, assembled from those of their properties."""

from collections.abc import Iterable
from typing import Any

from clientela.errors import ClientelaError
from clientela.web import problems

type Schema = dict[str, Any]

_PREFIX = "#/components/schemas/"


class NoExampleError(Exception):
    """A schema has no example, and its type does not suggest one."""


class Examples:
    """Examples for the schemas of a document's components."""

    def __init__(self, components: dict[str, Schema]) -> None:
        self._components = components

    def complete(self) -> None:
        """Add to each property the example that its type suggests, unless it has one.

        A property that is an object, or a list of objects, has those of the object's properties.
        """
        for component in self._components.values():
            for field in component.get("properties", {}).values():
                if "examples" not in field and not _has_reference(field):
                    try:
                        field["examples"] = [self.of(field)]
                    except NoExampleError:
                        continue  # a test names it

    def of_parameter(self, schema: Schema) -> Any:
        """Return a parameter's example and remove it from the schema. A test finds None."""
        try:
            example = self.of(schema)
        except NoExampleError:
            return None
        schema.pop("examples", None)
        return example

    def of(self, schema: Schema) -> Any:
        """Return the example of a schema.

        Raises:
            NoExampleError: it has none, and its type does not suggest one.
        """
        match schema:
            case {"examples": [example, *_]} | {"const": example} | {"enum": [example, *_]}:
                return example
            case {"$ref": str(place)}:
                return self.of(self._components[place.removeprefix(_PREFIX)])
            case {"anyOf": [first, *_]}:
                return self.of(first)
            case {"properties": properties}:
                return {name: self.of(field) for name, field in properties.items()}
            case {"type": "array", "items": items}:
                return [self.of(items)]
            case {"type": "boolean"}:
                return True
            case {"type": "string", "format": "date"}:
                return "2027-01-31"
        raise NoExampleError


def of_errors(errors: Iterable[type[ClientelaError]]) -> dict[str, Any]:
    """Return the problem details of each error, by code, as the `examples` of a response."""
    return {
        error.code: {
            "summary": error.title,
            "value": {
                "type": problems.PROBLEM_BASE + error.code,
                "title": error.title,
                "status": int(problems.STATUS[error]),
                "code": error.code,
            },
        }
        for error in errors
    }


def _has_reference(schema: Any) -> bool:
    if isinstance(schema, dict):
        return "$ref" in schema or any(map(_has_reference, schema.values()))
    return isinstance(schema, list) and any(map(_has_reference, schema))
