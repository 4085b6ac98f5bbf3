"""Groups that a cell names."""

from datetime import UTC, datetime

import pytest

from clientela.csv import csv_headers
from clientela.customers.customer_fields import Customer
from clientela.groups.groups import Group
from clientela.imports import import_rows, row_groups
from clientela.imports.import_rows import StoreContext

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def group(number: int, code: str, name: str) -> Group:
    return Group(id=f"grp_{number}", code=code, name=name, created_at=NOW, updated_at=NOW)


IDS = row_groups.group_ids(
    [
        group(1, "vip", "Très bons clients"),
        group(2, "trade", "Trade, and Retail"),
        group(3, "friends", "vip"),
        group(4, "a", "Twin"),
        group(5, "b", "twin"),
    ]
)


@pytest.mark.parametrize(
    ("cell", "ids", "unknown"),
    [
        ("grp_1", ["grp_1"], []),
        ("VIP; GRP_2", ["grp_1", "grp_2"], []),
        ("tres  bons CLIENTS,friends", ["grp_1", "grp_3"], []),
        ("Trade, and Retail", ["grp_2"], []),
        ("Trade, and Retail; a", ["grp_2", "grp_4"], []),
        ("vip, VIP;;, Très bons clients", ["grp_1"], []),
        ("gold, vip, silver; gold", ["grp_1"], ["gold", "silver"]),
        ("Twin", [], ["Twin"]),
        (" ; ", [], []),
    ],
)
def test_a_group_is_named_by_id_code_or_name(cell: str, ids: list[str], unknown: list[str]) -> None:
    assert row_groups.find_named(cell, IDS) == (ids, unknown)


def applied(cell: str, before: Customer | None = None) -> import_rows.AppliedRow:
    columns = csv_headers.recognise(["email", "Kundengruppe"])
    row = import_rows.parse_row(2, ["ana@example.com", cell], columns)
    return (
        import_rows.change_customer(row, before, columns, StoreContext(IDS))
        if before
        else import_rows.create_customer(row, "cus_1", columns, NOW, StoreContext(IDS))
    )


def test_a_customer_comes_into_the_groups_that_are_there_and_a_warning_names_the_others() -> None:
    customer, warnings = applied("vip; gold")
    assert customer.groups == ["grp_1"]
    assert [(note.column, note.code, "“gold”" in str(note.message)) for note in warnings] == [
        ("Kundengruppe", "group_unknown", True)
    ]


def test_groups_are_replaced_but_by_unknown_ones_alone_they_stay() -> None:
    before = applied("vip, trade").customer
    assert applied("friends", before).customer.groups == ["grp_3"]
    assert applied("gold", before).customer == before


def test_the_primary_group_goes_with_its_group_and_stays_with_it() -> None:
    before = applied("vip, trade").customer.model_copy(update={"primary_group": "grp_1"})
    assert applied("trade", before).customer.primary_group is None
    assert applied("vip", before).customer.primary_group == "grp_1"
