"""Sentences for pydantic's errors: never a regular expression, never pydantic's words."""

import re
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from tests.support.openapi import document_file
from tests.support.sentences import is_sentence, refusals

from clientela.customers.customer_fields import NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.groups.groups import NewGroup
from clientela.orders.order_fields import Order
from clientela.schema import validation_errors
from clientela.schema.validation_errors import field_errors
from clientela.sentences import Sentence
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import StoreSettings

MODELS = [NewCustomer, CustomerFilter, NewGroup, Order, NewKey, StoreSettings]
# Values of every kind, for every field.
VALUES: list[Any] = [
    None, True, -1, 10**30, 1.5, float("inf"), "", "x", "a,b", "\x00", "\ud800", "x" * 6000, "1e5", "12.123456",
    "9" * 30, "2026-02-30", "2026-11-21T10:00", "ES B-1", "#12", "http://x", "+1", "a@b", [], [1], ["x"] * 200,
    [{"x": 1}], [{"street": "A"}, {"street": "A"}], {}, {"x": 1}, {"x" * 100: 1}, {"kind": "percent", "value": "200"},
    {"kind": "x", "value": 0}, {"amount": 1}, {"state": "x"}, {"country": "xx", "phone": "1"}, {"expires_on": "x"},
]  # fmt: skip
JARGON = re.compile(
    r"\^|\$|\\|\[a-z|\(\?|\bstring\b|\binput\b|\bvalid (string|integer|list|dictionary)\b|pydantic|instance|parse|"
    r"type_error|value_error|Decimal|datetime",
)


def errors_of(model: type[BaseModel], values: dict[str, Any]) -> list[ErrorDetails]:
    try:
        model.model_validate(values)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


@pytest.mark.parametrize("model", MODELS)
def test_every_refusal_is_a_sentence_without_jargon(model: type[BaseModel]) -> None:
    found: set[str] = set()
    for name in [*model.model_fields, "surprise"]:
        for value in VALUES:
            for error in field_errors(errors_of(model, {name: value})):
                template = error.message.template if isinstance(error.message, Sentence) else error.message
                found.add(template)
                assert is_sentence(error.message), error
                assert template in refusals(), error
                assert not JARGON.search(template), error
    assert len(found) > 4


def test_every_pattern_of_the_document_has_a_sentence() -> None:
    patterned = {
        name.split(".")[-1]
        for schema in document_file()["components"]["schemas"].values()
        for name, field in schema.get("properties", {}).items()
        if _has_own_pattern(field)
    }
    assert patterned
    assert patterned <= validation_errors._PATTERNS.keys() | {"home", "ink"}  # which are in answers only


def _has_own_pattern(schema: Any) -> bool:
    """Whether a pattern stands in the schema, other than pydantic's for numbers."""
    if isinstance(schema, dict):
        own = "pattern" in schema and not any(part in schema["pattern"] for part in ("\\d{0,", "0*\\d*"))
        return own or any(_has_own_pattern(value) for name, value in schema.items() if name != "examples")
    return isinstance(schema, list) and any(map(_has_own_pattern, schema))


def test_choices_are_named_without_quotes() -> None:
    (error,) = field_errors(errors_of(NewCustomer, {"email": "ana@example.com", "status": "x"}))
    assert (error.pointer, error.message) == ("/status", "Use one of these values: active, pending, disabled.")


def test_an_unknown_kind_of_error_has_a_plain_sentence() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(complex).validate_python("x")
    (error,) = field_errors(caught.value.errors())
    assert error.message == "This value is not valid."
