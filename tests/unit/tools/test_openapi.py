"""The OpenAPI document: valid, as the functions are, readable for who writes a client, and served to everybody."""

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.support.template_file import PROJECT
from tools.openapi.document import document

FILES = [PROJECT / "docs" / "openapi.json", PROJECT / "functions" / "openapi.json"]


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document()


def operations(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation for item in described["paths"].values() for name, operation in item.items() if name != "parameters"
    ]


def test_files_are_as_the_functions_are(described: dict[str, Any]) -> None:
    first, second = (file.read_text("utf-8") for file in FILES)
    assert first == second
    assert json.loads(first) == described, "run `make openapi`"


def test_document_is_valid(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    assert not list(OpenAPIV31SpecValidator(described).iter_errors())


def test_every_operation_has_a_summary_a_tag_and_an_id_of_its_own(described: dict[str, Any]) -> None:
    found = operations(described)
    assert all(operation["summary"] and operation["tags"] for operation in found)
    assert len({operation["operationId"] for operation in found}) == len(found)
    used = {tag for operation in found for tag in operation["tags"]}
    assert used == {tag["name"] for tag in described["tags"]}


def test_names_of_components_are_plain_words(described: dict[str, Any]) -> None:
    names = [name for kind in ("schemas", "responses") for name in described["components"][kind]]
    assert all(name.isalpha() and name[0].isupper() for name in names), names
    assert {"Customer", "CustomerList", "CustomerChanges", "NewCustomer", "Problem"} <= set(names)


def test_a_merge_patch_is_its_own_type_and_model(described: dict[str, Any]) -> None:
    patch = described["paths"]["/v1/stores/{store_id}/customers/{customer_id}"]["patch"]
    content = patch["requestBody"]["content"]
    assert list(content) == ["application/merge-patch+json"]
    assert content["application/merge-patch+json"]["schema"] == {"$ref": "#/components/schemas/CustomerChanges"}
    assert "required" not in described["components"]["schemas"]["CustomerChanges"]
    assert {"200", "308", "401", "403", "404", "409", "412", "415", "422", "429", "500", "503"} == set(
        patch["responses"]
    )


def test_what_is_done_once_says_so(described: dict[str, Any]) -> None:
    """The key of the request and the mark of a repeated answer stand together, on what the API does once."""
    marked = {
        operation["operationId"]
        for operation in operations(described)
        if any("Idempotency-Replayed" in answer.get("headers", {}) for answer in operation["responses"].values())
    }
    keyed = {
        operation["operationId"]
        for operation in operations(described)
        if "Idempotency-Key" in {parameter["name"] for parameter in operation.get("parameters", [])}
    }
    assert marked == {
        "createCustomer",
        "previewMail",
        "testMail",
        "changeCustomers",
        "createGroup",
        "startExport",
        "createExportSchedule",
        "runExportSchedule",
        "eraseCustomer",
        "mergeCustomers",
        "inviteCustomer",
        "undoMerge",
        "requestImport",
        "completeImport",
        "startImport",
        "cancelImport",
        "undoImport",
        "retryImport",
    }
    assert keyed == marked | {"createSession"}  # whose repetition opens the same session, and is not marked


def test_filters_are_parameters_with_their_types(described: dict[str, Any]) -> None:
    listed = described["paths"]["/v1/stores/{store_id}/customers"]["get"]["parameters"]
    parameters = {parameter["name"]: parameter for parameter in listed}
    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}
    assert parameters["created_from"]["schema"]["anyOf"] == [{"format": "date"}, {"format": "date-time"}]
    assert (parameters["ids"]["schema"]["type"], parameters["ids"]["explode"]) == ("array", False)
