"""An import packs customers into as few transactions as DynamoDB's limits allow."""

from collections.abc import Sequence
from random import Random
from string import ascii_letters

import pytest
from benchmarks.traffic import record_traffic
from tests.support import export_lines

from clientela import clock
from clientela.csv import csv_cells, csv_headers, csv_values
from clientela.customers import customer_input, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.exports import export_cells
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.imports import import_customers, import_load, import_rows, import_writes
from clientela.imports.import_customers import ImportedCustomer, Rules
from clientela.schema.actors import OPERATOR
from clientela.stores.store_existence import Watch
from clientela.stores.stores import Store
from clientela.table.transactions import MAX_BYTES, MAX_WRITES

NOW = clock.now()


def apply_each(
    header: Sequence[str], rows: Sequence[Sequence[str]], before: Customer | None, rules: Rules
) -> list[ImportedCustomer]:
    columns = csv_headers.recognise(header)
    read = [import_rows.parse_row(line, cells, columns) for line, cells in enumerate(rows, 2)]
    own = [before and before.model_copy(update={"id": f"cus_{number}"}) for number in range(len(read))]
    return [import_customers.apply_rows([row], each, rules, NOW) for row, each in zip(read, own, strict=True)]


def rules(store: Store, header: Sequence[str]) -> Rules:
    return import_customers.reload_groups(
        store, Rules("imp_1", "upsert", csv_headers.recognise(header), NOW, frozenset())
    )


def context(store: Store, by: Rules) -> import_writes._Context:
    return import_writes._Context(store, by, lambda: NOW, Watch(store.id))


def packed(store: Store, changed: Sequence[ImportedCustomer], by: Rules) -> list[tuple[int, int]]:
    """Customers and writes of each transaction."""
    return [(len(batch.imported), len(batch.write)) for batch in import_writes._batches(context(store, by), changed)]


def emails(count: int) -> list[str]:
    return [f"person{number}@example.com" for number in range(count)]


def test_customers_who_are_created_fill_a_transaction(store: Store) -> None:
    by = rules(store, ["email"])
    created = apply_each(["email"], [[email] for email in emails(70)], None, by)
    assert packed(store, created, by) == [(50, 100), (20, 40)]


def test_a_group_is_read_once_for_each_transaction(store: Store) -> None:
    for code in ("vip", "trade"):
        groups.create(store, NewGroup(name=code, code=code), NOW)
    by = rules(store, ["email", "groups"])
    two = apply_each(["email", "groups"], [[email, "vip; trade"] for email in emails(34)], None, by)
    [batch] = import_writes._batches(context(store, by), two)
    with record_traffic() as traffic:
        batch.write.commit()
    assert [operation for operation, _ in traffic.requests] == ["GetItem", "GetItem", "TransactWriteItems"]


def test_changes_of_many_kinds_stay_within_a_hundred_writes(store: Store) -> None:
    header = ["email", "company", "city", "shipping city", "note", "groups"]
    groups.create(store, NewGroup(name="vip", code="vip"), NOW)
    ana, by = customers.build(NewCustomer(email="ana@example.com"), NOW, "merchant"), rules(store, header)
    changed = apply_each(header, [[email, "Acme", "Vigo", "Faro", "new", "vip"] for email in emails(40)], ana, by)
    assert packed(store, changed, by) == [
        (16, 96),
        (16, 96),
        (8, 48),
    ]  # each a profile and five history entries


def test_large_customers_stay_within_the_bytes(store: Store) -> None:
    letters = Random(1)  # texts that do not compress well
    fields = {f"f{number}": "".join(letters.choices(ascii_letters, k=1000)) for number in range(50)}
    large = NewCustomer(email="ana@example.com", custom_fields=fields)
    ana, by = customers.build(large, NOW, "merchant"), rules(store, ["email", "company"])
    changed = apply_each(["email", "company"], [[email, "Acme"] for email in emails(60)], ana, by)
    batches = list(import_writes._batches(context(store, by), changed))
    assert sum(len(batch.imported) for batch in batches) == 60
    assert len(batches) == 2
    assert all(batch.write._size <= MAX_BYTES and len(batch.write) <= MAX_WRITES for batch in batches)


def test_a_row_that_makes_a_customer_too_large_is_rejected_and_the_others_are_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_writes, "WRITERS", 1)  # moto's transactions are not thread-safe
    monkeypatch.setattr(customer_input, "MAX_BYTES", 3000)
    by = rules(store, ["email", "note"])
    customers.create(store, NewCustomer(email="ci@example.com"), NOW, OPERATOR)
    rows = [["ana@example.com", "x" * 4000], ["bo@example.com", "x"], ["ci@example.com", "x" * 4000]]
    read = [import_rows.parse_row(line, cells, by.columns) for line, cells in enumerate(rows, 2)]
    written = import_writes.write(store, import_load.apply_chunk(store, read, by, NOW), by, lambda: NOW)
    outcomes = {each.rows[0].email: each.results[0].outcome for each in written}
    assert outcomes == {"ana@example.com": "rejected", "bo@example.com": "created", "ci@example.com": "rejected"}
    assert {issue.code for each in written for result in each.results for issue in result.issues} == {
        "customer_too_large"
    }
    assert [customers.find(store, cells[0], NOW) is not None for cells in rows] == [False, True, True]


def load(store: Store, by: Rules, rows: Sequence[Sequence[str]]) -> list[ImportedCustomer]:
    read = [import_rows.parse_row(line, cells, by.columns) for line, cells in enumerate(rows, 2)]
    return import_writes.write(store, import_load.apply_chunk(store, read, by, NOW), by, lambda: NOW)


def test_rows_get_their_external_ids_and_one_that_is_taken_rejects_its_row(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_writes, "WRITERS", 1)  # moto's transactions are not thread-safe
    customers.create(store, NewCustomer(email="old@example.com", external_ids={"pos": "7"}), NOW)
    customers.create(store, NewCustomer(email="ana@example.com", external_ids={"pos": "8"}), NOW)
    rows = [
        ["ana@example.com", "Shopify: 1; "],
        ["bo@example.com", "shopify:1"],  # of the row above
        ["ci@example.com", "pos:7"],  # of another customer
        ["di@example.com", "shopify:gid://shopify/Customer/4; pos:9"],
        ["eva@example.com", "6543"],
    ]
    written = load(store, rules(store, ["email", "External IDs"]), rows)
    results = {each.rows[0].email[:2]: each.results[0] for each in written}
    issues = {name: [issue.code for issue in result.issues] for name, result in results.items()}
    assert issues == {
        "an": [],
        "bo": ["external_id_taken"],
        "ci": ["external_id_taken"],
        "di": [],
        "ev": ["external_ids_invalid"],
    }
    assert [results[name].outcome for name in ("an", "bo", "ci", "di")] == [
        "updated",
        "rejected",
        "rejected",
        "created",
    ]
    stored = {each: customers.find(store, f"{each}@example.com", NOW) for each in ("ana", "bo", "ci", "di", "eva")}
    assert {name: each and each.external_ids for name, each in stored.items()} == {
        "ana": {"pos": "8", "shopify": "1"},
        "bo": None,
        "ci": None,
        "di": {"shopify": "gid://shopify/Customer/4", "pos": "9"},
        "eva": {},
    }


def test_an_exported_cell_of_external_ids_is_read_as_it_was() -> None:
    external_ids = {"shopify": "6543", "crm": "=a,b:c", "pos": "77"}
    printed = export_cells.printers(export_lines.PLAIN, "UTC")["external_ids"]
    cell = csv_cells.escape(printed(external_ids))
    assert csv_values.parse_external_ids(csv_cells.read(cell)) == external_ids
    assert printed({"shopify": "6543", "pos": "77"}) == "shopify:6543; pos:77"
