"""An export's file and its manifest."""

import csv
import hashlib
import io
import json
from typing import Any

import pytest
from tests.support.deployment import EXPORTS
from tests.support.exports import NOW, add, content, export, handle, objects, rows, start_of

from clientela.aws import s3_objects
from clientela.csv import csv_headers
from clientela.customers import directory_walks, stored_customers
from clientela.customers.customer_filter import CustomerFilter
from clientela.exports import export_columns, export_formats, export_jobs
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.imports import import_rows, row_groups
from clientela.imports.import_rows import StoreContext
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.stores.stores import Store


def test_the_function_writes_the_file_and_then_the_manifest(store: Store, aws: Any) -> None:
    add(store, "ana@example.com", name="Ana")
    add(store, "ben@example.com")
    started = export_jobs.start(store, NOW)
    assert handle(start_of(started))
    job = export_jobs.get(store, started.id)
    assert (job.status, job.rows) == ("succeeded", 2)
    file = content(aws, job.file)
    time = f"{NOW:%Y%m%dT%H%M%S}.{NOW.microsecond // 1000:03}Z"
    assert job.file == f"demo/customers-{time}-{job.id[-8:]}.csv"
    assert (job.sha256, job.size) == (hashlib.sha256(file).hexdigest(), len(file))
    manifest = json.loads(content(aws, job.manifest))
    assert manifest | {"finished": "", "started": "", "filter": {}} == {
        "export": job.id,
        "file": job.file,
        "rows": 2,
        "size": len(file),
        "sha256": job.sha256,
        "what": "customers",
        "columns": list(export_columns.names("customers")),
        "changes": None,
        "removed": None,
        "removed_file": None,
        "filter": {},
        "format": export_formats.default_of(store).model_dump(),
        "timezone": "UTC",
        "started": "",
        "finished": "",
    }
    assert sorted(objects(aws)) == sorted([job.file, str(job.manifest)])


def test_the_file_opens_in_excel_and_has_a_line_for_each_customer(store: Store, aws: Any) -> None:
    add(store, "ana@example.com", name='Ana "A" Pérez\nJr.', company="Acme, S.L.")
    file = content(aws, export(store).file)
    assert file.startswith(b"\xef\xbb\xbfemail,name,first_name")
    assert file.endswith(b"\r\n")
    assert b'\r\nana@example.com,"Ana ""A"" P\xc3\xa9rez\nJr.",,,"Acme, S.L.",' in file


def test_a_row_holds_what_the_merchant_and_the_orders_wrote(store: Store, aws: Any) -> None:
    members = [groups.create(store, NewGroup(name=code.title(), code=code), NOW).id for code in ("retail", "vip")]
    ana = add(
        store,
        "ana@example.com",
        first_name="Ana",
        last_name="Pérez",
        phone="+34911222333",
        language="es",
        groups=members,
        tags=["a", "b"],
        tax_exempt=True,
        accepts_marketing=False,
        note="rings twice",
        billing_address={"street": "Calle 1", "country": "ES", "phone": "+34911222333"},
        shipping_addresses=[{"city": "Vigo"}, {"city": "Lugo", "is_default": True}],
    )
    for number, currency in enumerate(["USD", "EUR", "USD"]):
        placed = {"placed_at": f"2026-01-0{number + 1}T00:00:00Z", "email": "ana@example.com", "version": 1}
        money = {"currency": currency, "total": "10.50", "payment_status": "paid", "payment_method": "card"}
        orders.record_version(store, Order.model_validate({"id": str(number)} | placed | money), NOW)
    [row] = rows(aws, export(store))
    assert {name: cell for name, cell in row.items() if cell} == {
        "email": "ana@example.com",
        "name": "Ana Pérez",
        "first_name": "Ana",
        "last_name": "Pérez",
        "phone": "'+34911222333",
        "language": "es",
        "status": "active",
        "groups": "retail; vip",
        "tags": "a; b",
        "tax_exempt": "yes",
        "accepts_marketing": "no",
        "note": "rings twice",
        "billing_street": "Calle 1",
        "billing_country": "ES",
        "billing_phone": "'+34911222333",
        "shipping_city": "Lugo",
        "id": ana.id,
        "consent_at": f"{NOW:%Y-%m-%d %H:%M:%S}",
        "consent_source": "merchant",
        "created_at": f"{NOW:%Y-%m-%d %H:%M:%S}",
        "updated_at": f"{NOW:%Y-%m-%d %H:%M:%S}",
        "type": "registered",
        "source": "merchant",
        "email_status": "unproven",
        "vat_id_status": "none",
        "orders_count": "3",
        "orders_total": "3",
        "total_spent": "21.00",
        "total_spent_currency": "USD",
        "total_spent_other": "EUR: 10.50",
        "average_order_value": "10.50",
        "average_order_currency": "USD",
        "first_order_at": "2026-01-01 00:00:00",
        "last_order_at": "2026-01-03 00:00:00",
        "last_order_status": "paid",
        "last_payment_method": "card",
    }
    assert tuple(row) == export_columns.names("customers")


def test_no_cell_is_run_by_a_spreadsheet(store: Store, aws: Any) -> None:
    add(
        store,
        "=cmd@b.com",
        name="@SUM(1)",
        company="-1",
        note="＝1+1",  # noqa: RUF001 - a full-width sign, as Excel reads it
        tags=["=x"],
        billing_address={"street": "'=1", "city": "=1", "phone": "+34911222333"},
    )
    [row] = rows(aws, export(store))
    assert all(cell[:1] not in set("=+-@\t\r\n\x00＝＋－＠") for cell in row.values() if cell)  # noqa: RUF001
    assert (row["email"], row["billing_street"]) == ("'=cmd@b.com", "''=1")


def test_the_file_goes_back_in_and_changes_nothing(store: Store, aws: Any) -> None:
    address = {"name": "'=x", "street": "-1", "city": "@home", "country": "ES", "phone": "+34911222333"}
    group = groups.create(store, NewGroup(name="Friends; family", code="friends"), NOW)
    people = [
        add(store, "=cmd@b.com", name="+Ana", company="'+co", note="a\r\n=b", tags=["=x", "y"], groups=[group.id]),
        add(
            store,
            "+1@b.com",
            first_name="-",
            last_name="'",
            vat_id="ESB12345674",
            phone="+34911222333",
            language="pt-BR",
        ),
        add(store, "stanisław.wójcik@wp.pl", tax_exempt=True, accepts_marketing=False, status="disabled"),
        add(
            store,
            "b@b.com",
            billing_address=address,
            shipping_addresses=[{"city": "Vigo"}, address | {"is_default": True}],
        ),
    ]
    file = content(aws, export(store).file).decode("utf-8-sig")
    header, *lines = csv.reader(io.StringIO(file, newline=""), strict=True)
    columns, known = csv_headers.recognise(header), row_groups.group_ids([group])
    for before, line in zip(people, lines, strict=True):
        row = import_rows.parse_row(2, line, columns)
        assert import_rows.change_customer(row, before, columns, StoreContext(known)) == (before, [])
        again = import_rows.create_customer(row, before.id, columns, NOW, StoreContext(known)).customer
        only_once = {"source", "shipping_addresses", "marketing_consent", "created_at"}  # the file has whole seconds
        assert again.model_dump(exclude=only_once) == before.model_dump(exclude=only_once)


def test_a_filter_limits_the_rows(store: Store, aws: Any) -> None:
    add(store, "ana@example.com", tax_exempt=True)
    add(store, "ben@example.com")
    job = export(store, CustomerFilter(tax_exempt=True))
    assert [row["email"] for row in rows(aws, job)] == ["ana@example.com"]
    assert json.loads(content(aws, job.manifest))["filter"]["tax_exempt"] is True
    assert export_jobs.get(store, job.id).filter == CustomerFilter(tax_exempt=True)


def test_a_store_without_customers_gets_a_header(store: Store, aws: Any) -> None:
    job = export(store)
    assert (job.status, job.rows, rows(aws, job)) == ("succeeded", 0, [])


def test_a_large_file_goes_up_in_parts(store: Store, aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = {"customer": {"B": stored_customers.compress({"email": "ana@example.com", "note": "x" * 5000})}}
    monkeypatch.setattr(directory_walks, "profiles", lambda *_: iter([profile] * 4000))
    job = export(store)
    head = aws("s3").head_object(Bucket=EXPORTS, Key=job.file)
    assert head["ContentLength"] == job.size > 2 * s3_objects.PART_BYTES
    assert head["ETag"].strip('"').endswith("-3")
    assert hashlib.sha256(content(aws, job.file)).hexdigest() == job.sha256
