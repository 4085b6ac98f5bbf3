"""The document explains itself: what is said of each operation, parameter and property, and shown by an example.

CONTRIBUTING.md tells how to document a new field.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.openapi import document_file, operations

# The words of JSON Schema 2020-12 that the document uses. Pydantic leaves its own (`ge`) where it finds none.
WORDS = {
    "$ref", "additionalProperties", "anyOf", "const", "default", "description", "enum", "examples",
    "exclusiveMinimum", "format", "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength",
    "minimum", "pattern", "patternProperties", "properties", "propertyNames", "required", "type",
}  # fmt: skip
MAX_WORDS = 5  # of a summary


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return document_file()


def properties(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            yield f"{name}.{field}", described


def parameters(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from document["components"]["parameters"].items()
    for operation in operations(document):
        for parameter in operation.described.get("parameters", []):
            yield f"{operation.id} {parameter['name']}", parameter


def is_sentence(text: str) -> bool:
    return text[:1] in '`"' or (text[:1].isupper() and text.rstrip("`").endswith((".", "?")))


def test_every_property_has_a_sentence(document: dict[str, Any]) -> None:
    missing = [name for name, described in properties(document) if not is_sentence(described.get("description", ""))]
    assert not missing, "write a sentence below each of these fields, in its class"


def test_every_property_has_an_example(document: dict[str, Any]) -> None:
    """An object, or a list of objects, has those of its own properties."""
    missing = [
        name
        for name, described in properties(document)
        if not described.get("examples") and '"$ref"' not in json.dumps(described)
    ]
    assert not missing, "end the text below each of these fields with `Example: …`"


def test_every_parameter_has_a_sentence_and_an_example(document: dict[str, Any]) -> None:
    missing = [
        name
        for name, parameter in parameters(document)
        if not is_sentence(parameter.get("description", "")) or parameter.get("example") is None
    ]
    assert not missing


def test_every_operation_has_a_sentence_and_examples(document: dict[str, Any]) -> None:
    for operation in operations(document):
        assert is_sentence(operation.described["description"]), operation.id
        answers = operation.described["responses"].values()
        resolved = [
            document["components"]["responses"].get(str(answer.get("$ref")).split("/")[-1], answer)
            for answer in answers
        ]
        for body in [operation.described.get("requestBody", {}), *resolved]:
            for media_type, content in body.get("content", {}).items():
                if "json" in media_type and operation.id != "getOpenApi":
                    assert "example" in content or content["examples"], (operation.id, media_type)


def test_summaries_are_short(document: dict[str, Any]) -> None:
    long = [
        operation.id for operation in operations(document) if len(operation.described["summary"].split()) > MAX_WORDS
    ]
    assert not long


def test_schemas_use_the_words_of_json_schema(document: dict[str, Any]) -> None:
    def walk(schema: Any, place: str) -> None:
        if isinstance(schema, dict):
            assert schema.keys() <= WORDS, f"{place}: {schema.keys() - WORDS}"
            for word, value in schema.items():
                if word in {"properties", "patternProperties"}:
                    for name, field in value.items():
                        walk(field, f"{place}.{name}")
                elif word not in {"examples", "default", "enum", "const"}:
                    walk(value, place)
        elif isinstance(schema, list):
            for each in schema:
                walk(each, place)

    for name, schema in document["components"]["schemas"].items():
        walk(schema, name)
    for name, parameter in parameters(document):
        walk(parameter["schema"], name)


def test_requests_have_no_defaults(document: dict[str, Any]) -> None:
    """A client that sends the defaults would change what its caller does not name."""
    assert not [name for name, described in properties(document) if '"default":' in json.dumps(described)]


def test_answers_require_what_is_always_there(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert set(schemas["Customer"]["required"]) == set(schemas["Customer"]["properties"])
    assert set(schemas["Address"]["required"]) == set(schemas["Address"]["properties"])
    assert "required" not in schemas["AddressInput"]
    assert schemas["CustomerRow"]["required"] == ["id"]
    assert set(schemas["CustomerList"]["required"]) == {"items", "next_cursor", "limit"}
    assert set(schemas["Problem"]["required"]) == {"type", "title", "status", "code"}


def test_names_of_responses_do_not_depend_on_the_order_of_errors(document: dict[str, Any]) -> None:
    for name in document["components"]["responses"]:
        errors = re.split("(?<=[a-z])Or(?=[A-Z])", name)
        assert errors == sorted(errors)
