"""Exports of orders and of their items, with or without an account."""

import csv
import io
from typing import Any

import pytest
from tests.support.exports import NOW, Machine, add, content
from tests.support.http_events import answered, http_event

import customers_api
from clientela import clock
from clientela.aws import clients
from clientela.customers.customer_filter import CustomerFilter
from clientela.exports import export_columns, export_jobs, export_runs
from clientela.exports.export_formats import FormatChoices
from clientela.exports.export_jobs import ExportJob
from clientela.exports.export_requests import ExportRequest
from clientela.orders import orders, unclaimed_orders
from clientela.orders.order_fields import Order, OrderItem
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store

ISO = FormatChoices(times="iso", mark_texts=False)


def record(store: Store, number: int, email: str | None, **fields: Any) -> None:
    needed = {"version": 1, "placed_at": f"2026-01-{number:02}T10:00:00Z", "currency": "EUR", "total": "49.90"}
    order = {"id": f"{number}", "number": f"A-{number}", "email": email, "payment_status": "paid"} | needed | fields
    orders.record_version(store, Order.model_validate(order), NOW)


def rows(aws: Any, store: Store, request: ExportRequest) -> list[dict[str, str]]:
    job = export_runs.run(store, export_jobs.start(store, NOW, request).id, clock.now())
    assert job.status == "succeeded"
    text = content(aws, job.file).decode("utf-8-sig")
    found = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert job.rows == len(found)
    return found


def orders_of(aws: Any, store: Store, **wanted: Any) -> list[dict[str, str]]:
    return rows(aws, store, ExportRequest(what="orders", format=ISO, **wanted))


def test_each_order_is_a_row_and_those_without_account_are_too(store: Store, aws: Any) -> None:
    ana = add(store, "ana@example.com")
    add(store, "ben@example.com")
    record(store, 2, "ana@example.com")
    record(store, 1, "ana@example.com", currency="USD", total="1.50")
    record(store, 4, "new@example.com", payment_status="awaiting_payment")  # makes an account
    record(store, 5, "nobody@example.com", payment_status="cancelled")  # makes none
    record(store, 3, None)
    found = orders_of(aws, store)
    assert [row["order_id"] for row in found] == ["1", "2", "4", "3", "5"]
    assert [bool(row["customer_id"]) for row in found] == [True, True, True, False, False]
    assert found[0] == dict.fromkeys(export_columns.names("orders"), "") | {
        "order_id": "1",
        "number": "A-1",
        "placed_at": "2026-01-01T10:00:00.000Z",
        "version": "1",
        "payment_status": "paid",
        "currency": "USD",
        "total": "1.50",
        "items_count": "0",
        "customer_id": ana.id,
        "email": "ana@example.com",
    }


def test_a_filter_chooses_customers_and_leaves_out_orders_without_account(store: Store, aws: Any) -> None:
    add(store, "ana@example.com", tags=["vip"])
    add(store, "ben@example.com", tags=["vip"])
    record(store, 1, "ana@example.com")
    record(store, 2, "eva@example.com")
    record(store, 3, None)
    assert [row["order_id"] for row in orders_of(aws, store, filter=CustomerFilter(tag="vip"))] == ["1"]
    assert [row["order_id"] for row in orders_of(aws, store, filter=CustomerFilter(email="eva@example.com"))] == ["2"]
    assert orders_of(aws, store, filter=CustomerFilter(min_orders=2)) == []


def test_an_adopted_order_is_in_the_file_once(store: Store, aws: Any) -> None:
    record(store, 1, "ana@example.com", payment_status="cancelled")
    assert [row["customer_id"] for row in orders_of(aws, store)] == [""]
    ana = add(store, "ana@example.com")
    unclaimed_orders.adopt(store, ana, NOW)
    assert [row["customer_id"] for row in orders_of(aws, store)] == [ana.id]


def test_each_item_is_a_row_with_its_amount(store: Store, aws: Any) -> None:
    items = [
        {"sku": "A", "name": "T-shirt", "quantity": 2, "price": "24.95"},
        {"sku": "=B", "quantity": -1, "price": "10.00"},
        {"name": "Gift", "quantity": 0.5},
        {},
    ]
    record(store, 1, "ana@example.com", items=items)
    record(store, 2, None, items=items[:1])
    record(store, 3, "ana@example.com")
    columns = ["order_id", "position", "sku", "item_name", "quantity", "price", "amount", "currency", "amount.USD"]
    found = rows(aws, store, ExportRequest(what="order_items", columns=columns, format=ISO))
    assert [tuple(row.values()) for row in found] == [
        ("1", "1", "A", "T-shirt", "2", "24.95", "49.90", "EUR", ""),
        ("1", "2", "'=B", "", "-1", "10.00", "-10.00", "EUR", ""),
        ("1", "3", "", "Gift", "0.5", "", "", "EUR", ""),
        ("1", "4", "", "", "1", "", "", "EUR", ""),
        ("2", "1", "A", "T-shirt", "2", "24.95", "49.90", "EUR", ""),
    ]


def test_amounts_of_one_currency_have_a_column_of_their_own(store: Store, aws: Any) -> None:
    record(store, 1, "ana@example.com", total="1234.50")
    record(store, 2, "ana@example.com", currency="USD", total="3.00")
    request = ExportRequest(what="orders", columns=["order_id", "total.EUR", "total.USD"], spreadsheet="es")
    job = export_runs.run(store, export_jobs.start(store, NOW, request).id, clock.now())
    assert content(aws, job.file).decode("utf-8-sig").splitlines() == [
        "ID del pedido;Total EUR;Total USD",
        "1;1234,50;",
        "2;;3,00",
    ]
    customers = ExportRequest(
        columns=["email", "total_spent.EUR", "total_spent", "total_spent_other"], spreadsheet="de"
    )
    job = export_runs.run(store, export_jobs.start(store, NOW, customers).id, clock.now())
    assert content(aws, job.file).decode("utf-8-sig").splitlines() == [
        "E-Mail;Gesamtumsatz EUR;Gesamtumsatz;Umsatz in anderen Währungen",
        "ana@example.com;1234,50;3,00;EUR: 1234,50",
    ]


def test_orders_are_exported_in_parts_once_each(store: Store, aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPORT_PART_ROWS", "2")
    machine = Machine()
    monkeypatch.setattr(clients, "step_functions", lambda: machine)
    for number in range(1, 26):
        record(store, number, f"p{number % 24}@example.com")
    record(store, 28, None)
    job: ExportJob = export_jobs.start(store, NOW, ExportRequest(what="orders", format=ISO))
    assert export_runs.run(store, job.id, NOW).status == "running"
    assert len(machine.inputs[-1]["parts"]) > 1
    assert machine.run() == "succeeded"
    done = export_jobs.get(store, job.id)
    assert done.file
    assert done.file.startswith("demo/orders-")
    found = list(csv.DictReader(io.StringIO(content(aws, done.file).decode("utf-8-sig"))))
    assert sorted(int(row["order_id"]) for row in found) == [*range(1, 26), 28]


def test_every_field_of_an_order_is_a_column_or_left_out_by_name() -> None:
    columns = {column.parent or column.field or column.name for column in export_columns.COLUMNS["orders"]}
    # Each item is a row of an export of order items; `base` repeats the total for the reports.
    assert {*Order.model_fields} - columns == {"base", "items"}
    item_columns = {column.name for column in export_columns.COLUMNS["order_items"]}
    renamed = {"name": "item_name"}
    assert {renamed.get(name, name) for name in OrderItem.model_fields} <= item_columns


def call(store: Store, method: str, path: str, body: Any = None, status: int = 202) -> dict[str, Any]:
    key = api_keys.create(store.id, NewKey(name="test"), clock.now()).key
    answer = customers_api.handler(http_event(method, f"{store.id}/{path}", body, key=key), None)
    assert answer["statusCode"] == status, answer["body"]
    found: dict[str, Any] = answered(answer)
    return found


def test_the_api_takes_contents_and_answers_with_what_was_decided(store: Store) -> None:
    body = {"what": "orders", "columns": ["order_id", "total"], "spreadsheet": "es", "format": {"times": "iso"}}
    job = call(store, "POST", "exports", body)
    assert (job["what"], job["columns"]) == ("orders", ["order_id", "total"])
    assert job["format"] == {
        "delimiter": ";",
        "decimal": ",",
        "header_language": "es",
        "bom": True,
        "times": "iso",
        "mark_texts": True,
    }
    assert call(store, "POST", "exports", {"format": {"delimiter": "\t"}})["format"]["delimiter"] == "\t"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"columns": ["emial"]}, "/columns/0"),
        ({"spreadsheet": "es", "format": {"decimal": "."}}, "/format/decimal"),
        ({"spreadsheet": "xx"}, "/spreadsheet"),
        ({"format": {"delimiter": "x"}}, "/format/delimiter"),
        ({"what": "groups"}, "/what"),
    ],
)
def test_the_api_refuses_what_cannot_be(store: Store, body: dict[str, Any], pointer: str) -> None:
    problem = call(store, "POST", "exports", body, 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
