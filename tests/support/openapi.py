"""The OpenAPI document, and its operations."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.support.template_file import PROJECT


class DocumentedOperation(NamedTuple):
    """A method of a path."""

    id: str
    method: str
    path: str
    described: dict[str, Any]


def document_file() -> dict[str, Any]:
    """The committed document. `make check` finds it outdated."""
    document: dict[str, Any] = json.loads((PROJECT / "docs" / "openapi.json").read_text("utf-8"))
    return document


def operations(document: dict[str, Any]) -> Iterator[DocumentedOperation]:
    """All operations in the order of the document."""
    for path, item in document["paths"].items():
        for method, described in item.items():
            if method != "parameters":
                yield DocumentedOperation(described["operationId"], method.upper(), path, described)
