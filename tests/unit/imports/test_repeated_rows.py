"""Rows that repeat what a customer has, and those that only look so."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientela import clock
from clientela.csv import csv_headers
from clientela.customers import customers, stored_customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.imports import import_customers, import_rows, repeated_rows
from clientela.imports.import_customers import Rules
from clientela.imports.import_rows import StoreContext

NOW = clock.now()
HEADER = [
    "email", "name", "first name", "last name", "company", "phone", "language", "accepts marketing", "tags",
    "tax exempt", "billing city", "billing country", "billing phone", "shipping city", "shipping country", "created at",
]  # fmt: skip
COLUMNS = csv_headers.recognise(HEADER)
ADDRESS: dict[str, Any] = {"city": "Vigo", "country": "ES", "phone": "986123456"}
STORED: dict[str, Any] = {
    "email": "ana@example.com", "name": "Ana Pérez", "company": "Acme", "phone": "+34911222333", "language": "es",
    "accepts_marketing": True, "tags": ["vip", "b2b"], "billing_address": ADDRESS,
    "shipping_addresses": [{"city": "Faro", "country": "PT"}],
}  # fmt: skip
REPEATED = ["ana@example.com", "Ana Pérez", "", "", "Acme", "+34911222333", "es", "yes", "vip; b2b",
            "", "Vigo", "España", "986 12 34 56", "Faro", "Portugal", "2021-03-04"]  # fmt: skip
CELLS = st.sampled_from(
    ["", "Ana Pérez", "Ana", "Pérez", "Acme", "911 222 333", "+34911222333", "es", "en", "yes", "no", "vip; b2b", "vip",
     "Vigo", "España", "Spanien", "PT", "986123456", "Faro", "2021-03-04", "nothing", "\ufffd", "NULL"]
)  # fmt: skip


def customer(**fields: Any) -> Customer:
    return customers.build(NewCustomer.model_validate(STORED | fields), NOW, "merchant")


def answer(cells: list[str], before: Customer, context: StoreContext) -> bool:
    row = import_rows.parse_row(2, cells, COLUMNS)
    return repeated_rows.repeats(row, stored_customers.stored_json(before), context)


def test_a_row_that_says_what_is_stored_is_a_repetition() -> None:
    assert answer(REPEATED, customer(), StoreContext(country="ES"))


@pytest.mark.parametrize("index", range(1, len(HEADER) - 1))
def test_any_other_cell_makes_it_none(index: int) -> None:
    cells = [cell if number != index else "other" for number, cell in enumerate(REPEATED)]
    assert not answer(cells, customer(), StoreContext(country="ES"))


def test_a_file_in_a_guessed_encoding_repeats_nothing() -> None:
    assert not answer(REPEATED, customer(), StoreContext(country="ES", is_guess=True))


@given(cells=st.lists(CELLS, min_size=len(HEADER) - 1, max_size=len(HEADER) - 1), picks=st.sets(st.integers(1, 15)))
def test_what_is_called_a_repetition_changes_nothing_and_warns_of_nothing(cells: list[str], picks: set[int]) -> None:
    """Whatever the other cells are: a row between a repetition and chaos."""
    whole = [REPEATED[0], *cells]
    mixed = [whole[index] if index in picks else REPEATED[index] for index in range(len(HEADER))]
    before, context = customer(), StoreContext(country="ES")
    if answer(mixed, before, context):
        row = import_rows.parse_row(2, mixed, COLUMNS)
        applied = import_rows.change_customer(row, before, COLUMNS, context)
        assert applied.customer == before
        assert applied.warnings == []


def test_only_rows_that_may_update_are_repetitions() -> None:
    before = customer()
    stored = stored_customers.stored_json(before)
    row = import_rows.parse_row(2, REPEATED, COLUMNS)
    rules = Rules("imp_1", "upsert", COLUMNS, NOW, frozenset(), context=StoreContext(country="ES"))
    assert import_customers.only_repeats(row, stored, rules)
    assert not import_customers.only_repeats(row, stored, rules._replace(mode="create"))
    assert not import_customers.only_repeats(row, stored, rules._replace(earlier_updates=frozenset({2})))
    own = import_customers.new_id(
        rules.started_at, rules.job_id, row.line
    )  # an earlier attempt created the customer from this row
    assert not import_customers.only_repeats(row, stored | {"id": own}, rules)
