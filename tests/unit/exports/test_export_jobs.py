import csv
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.support.deployment import EXPORTS
from tests.support.template_file import PROJECT

import customer_export
from clientela import clock
from clientela.aws import clients
from clientela.csv import csv_headers
from clientela.customers import customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import ExportNotFoundError, ExportUnfinishedError, InvalidInputError
from clientela.exports import export_columns, export_files, export_jobs
from clientela.exports.export_jobs import ExportIncompleteError, ExportJob
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.handlers import error_logs
from clientela.imports import import_rows, row_groups
from clientela.imports.import_rows import StoreContext
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings

NOW = clock.now()
SCHEDULED = json.loads((PROJECT / "events" / "scheduled_export.json").read_text())


class Functions:
    """Lambda's client: remembers the calls."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803
        assert (FunctionName, InvocationType) == ("customer-export", "Event")
        self.calls.append(json.loads(Payload))


@pytest.fixture(autouse=True)
def functions(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Functions:
    calls = Functions()
    monkeypatch.setattr(clients, "lambda_", lambda: calls)
    return calls


def add(store: Store, email: str, **fields: object) -> Customer:
    return customers.create(store, NewCustomer.model_validate({"email": email} | fields), NOW)


def handle(event: dict[str, Any], request_id: str = "request") -> None:
    class Context:
        function_name, memory_limit_in_mb, aws_request_id = "customer-export", 512, request_id
        invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:customer-export"

    customer_export.handler(event, Context())


def export(store: Store, wanted: CustomerFilter | None = None) -> ExportJob:
    return export_jobs.run(store, export_jobs.start(store, NOW, wanted or CustomerFilter()).id, NOW)


def content(aws: Any, key: str | None) -> bytes:
    body: bytes = aws("s3").get_object(Bucket=EXPORTS, Key=key)["Body"].read()
    return body


def rows(aws: Any, job: ExportJob) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(aws, job.file).decode("utf-8-sig"), newline=""), strict=True))


def objects(aws: Any) -> list[str]:
    return [item["Key"] for item in aws("s3").list_objects_v2(Bucket=EXPORTS).get("Contents", [])]


def test_a_started_export_is_queued_and_its_function_called(store: Store, functions: Functions) -> None:
    job = export_jobs.start(store, NOW)
    assert (job.status, job.file, job.created_at) == ("queued", None, NOW)
    assert functions.calls == [{"store_id": "demo", "job_id": job.id}]
    assert export_jobs.get(store, job.id) == job


def test_the_function_writes_the_file_and_then_the_manifest(store: Store, aws: Any, functions: Functions) -> None:
    add(store, "ana@example.com", name="Ana")
    add(store, "ben@example.com")
    started = export_jobs.start(store, NOW)
    handle(functions.calls[0])
    job = export_jobs.get(store, started.id)
    assert (job.status, job.rows) == ("succeeded", 2)
    file = content(aws, job.file)
    assert job.file == f"demo/customers-{NOW:%Y%m%dT%H%M%S}.{NOW.microsecond // 1000:03}Z.csv"
    assert (job.sha256, job.size) == (hashlib.sha256(file).hexdigest(), len(file))
    manifest = json.loads(content(aws, job.manifest))
    assert manifest | {"finished": "", "started": "", "filter": {}} == {
        "export": job.id,
        "file": job.file,
        "rows": 2,
        "size": len(file),
        "sha256": job.sha256,
        "columns": list(export_columns.HEADERS),
        "filter": {},
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
        "created_at": clock.format_timestamp(NOW),
        "updated_at": clock.format_timestamp(NOW),
        "type": "registered",
        "source": "merchant",
        "email_status": "unproven",
        "vat_id_status": "none",
        "orders_count": "3",
        "total_spent": "10.50 EUR; 21.00 USD",
        "average_order_value": "10.50 USD",
        "first_order_at": "2026-01-01T00:00:00.000Z",
        "last_order_at": "2026-01-03T00:00:00.000Z",
        "last_order_status": "paid",
        "last_payment_method": "card",
    }
    assert tuple(row) == export_columns.HEADERS


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
        only_once = {"source", "shipping_addresses", "marketing_consent"}  # who said it, and when
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
    profile = {"customer": {"S": json.dumps({"email": "ana@example.com", "note": "x" * 5000})}}
    monkeypatch.setattr(customer_search, "all_profiles", lambda *_: iter([profile] * 4000))
    monkeypatch.setattr(customer_search, "count", lambda *_: 4000)
    job = export(store)
    head = aws("s3").head_object(Bucket=EXPORTS, Key=job.file)
    assert head["ContentLength"] == job.size > 2 * export_files.PART_BYTES
    assert head["ETag"].strip('"').endswith("-3")
    assert hashlib.sha256(content(aws, job.file)).hexdigest() == job.sha256


def test_an_export_that_breaks_leaves_nothing_behind(store: Store, aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Iterator[dict[str, Any]]:
        yield from [{"customer": {"S": json.dumps({"note": "x" * 5000})}}] * 4000
        raise OSError("ana@example.com")

    monkeypatch.setattr(customer_search, "all_profiles", broken)
    started = export_jobs.start(store, NOW)
    with pytest.raises(OSError, match="ana"):
        export_jobs.run(store, started.id, NOW)
    job = export_jobs.get(store, started.id)
    assert (job.status, job.file, job.message) == ("failed", None, "The export failed: OSError.")
    assert job.finished_at
    assert objects(aws) == []
    assert aws("s3").list_multipart_uploads(Bucket=EXPORTS).get("Uploads", []) == []


def test_a_row_too_few_fails_the_export_and_the_next_try_can_succeed(
    store: Store, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ana", "ben", "eve"):
        add(store, f"{name}@example.com")
    started = export_jobs.start(store, NOW)
    with monkeypatch.context() as patch:
        everybody = list(customer_search.all_profiles(store))
        patch.setattr(customer_search, "all_profiles", lambda *_: iter(everybody[:2]))
        with pytest.raises(ExportIncompleteError):
            export_jobs.run(store, started.id, NOW)
    assert export_jobs.get(store, started.id).message == "2 rows were written, but 3 to 3 customers were counted."
    assert objects(aws) == []
    job = export_jobs.run(store, started.id, NOW)
    assert (job.status, job.rows, job.message) == ("succeeded", 3, None)


def test_customers_who_come_while_it_is_written_do_not_fail_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    add(store, "ana@example.com")
    counts = iter([0, 2])
    monkeypatch.setattr(customer_search, "count", lambda *_: next(counts))
    assert export(store).rows == 1


def test_a_second_call_changes_nothing(store: Store, aws: Any) -> None:
    add(store, "ana@example.com")
    job = export(store)
    add(store, "ben@example.com")
    assert export_jobs.run(store, job.id, NOW + timedelta(hours=1)) == job
    assert len(rows(aws, job)) == 1


def test_a_running_job_is_left_to_who_runs_it_until_it_is_dead(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    started = export_jobs.start(store, NOW)
    seen = []

    def look(*_: object) -> Iterator[dict[str, Any]]:
        seen.append(export_jobs.run(store, started.id, NOW + timedelta(minutes=1)).status)
        raise SystemExit  # killed

    with monkeypatch.context() as patch:
        patch.setattr(customer_search, "all_profiles", look)
        with pytest.raises(SystemExit):
            export_jobs.run(store, started.id, NOW)
    assert seen == ["running"]
    assert export_jobs.run(store, started.id, NOW + timedelta(minutes=14)).status == "running"
    assert export_jobs.run(store, started.id, NOW + timedelta(minutes=16)).status == "succeeded"


def killed(*_: object) -> Iterator[dict[str, Any]]:
    raise SystemExit


def test_what_was_killed_early_is_run_again_when_lambda_repeats_the_call(
    store: Store, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda repeats an asynchronous call that failed after a minute or two, with the same request id."""
    started = export_jobs.start(store, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(customer_search, "all_profiles", killed)
        with pytest.raises(SystemExit):
            handle(functions.calls[0], "first")
    handle(functions.calls[0], "another")
    assert export_jobs.get(store, started.id).status == "running"
    handle(functions.calls[0], "first")
    assert export_jobs.get(store, started.id).status == "succeeded"


def test_a_job_whose_last_write_failed_is_run_again_when_lambda_repeats_the_call(
    store: Store, aws: Any, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "ana@example.com")
    started, changed = export_jobs.start(store, NOW), export_jobs._update

    def fails_at_the_end(record: Any, **changes: Any) -> Any:
        if changes["status"] == "succeeded":
            raise ConnectionError
        return changed(record, **changes)

    with monkeypatch.context() as patch:
        patch.setattr(export_jobs, "_update", fails_at_the_end)
        with pytest.raises(error_logs.FaultError):
            handle(functions.calls[0])
    assert export_jobs.get(store, started.id).status == "running"
    handle(functions.calls[0])
    job = export_jobs.get(store, started.id)
    assert (job.status, job.rows) == ("succeeded", 1)
    assert sorted(objects(aws)) == sorted([str(job.file), str(job.manifest)])


def test_the_schedule_starts_each_store_once(store: Store, functions: Functions) -> None:
    stores.create("other", StoreSettings(name="Other"), NOW)
    stores.create("quiet", StoreSettings(name="Quiet", nightly_export=False), NOW)
    handle(SCHEDULED)
    assert sorted(call["store_id"] for call in functions.calls) == ["demo", "other"]
    for call in functions.calls[:]:
        handle(call)
    handle(SCHEDULED)
    assert len(functions.calls) == 2
    assert [job.status for job in export_jobs.list_all(store).items] == ["succeeded"]


def test_a_call_without_a_planned_time_starts_exports_too(store: Store, functions: Functions) -> None:
    handle({"all_stores": True})
    handle({"schedule": "<aws.scheduler.scheduled-time>"})
    assert len({call["job_id"] for call in functions.calls}) == 2


def test_a_function_that_cannot_be_called_fails_the_job(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Down:
        def invoke(self, **_: object) -> None:
            raise OSError

    monkeypatch.setattr(clients, "lambda_", Down)
    with pytest.raises(OSError):  # noqa: PT011 - whatever it is
        export_jobs.start(store, NOW)
    assert [job.status for job in export_jobs.list_all(store).items] == ["failed"]


@pytest.mark.parametrize("broken", ["demo", "other"])
def test_a_store_that_fails_keeps_no_other_from_its_night(
    store: Store, functions: Functions, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    stores.create("other", StoreSettings(name="Other"), NOW)
    with monkeypatch.context() as patch:
        patch.setattr(functions, "invoke", refusing(functions, broken))
        with pytest.raises(error_logs.FaultError):
            handle(SCHEDULED)
    assert [call["store_id"] for call in functions.calls] == [{"demo": "other", "other": "demo"}[broken]]
    handle(SCHEDULED)
    assert sorted({call["store_id"] for call in functions.calls}) == ["demo", "other"]
    assert len({call["job_id"] for call in functions.calls}) == 2


def refusing(functions: Functions, store_id: str) -> Any:
    """Lambda's `invoke`, which fails for one store."""
    invoke = functions.invoke

    def called(**request: Any) -> None:
        if json.loads(request["Payload"])["store_id"] == store_id:
            raise OSError
        invoke(**request)

    return called


def test_jobs_are_listed_newest_first_in_pages(store: Store) -> None:
    started = [export_jobs.start(store, NOW + timedelta(seconds=number)).id for number in range(3)]
    first = export_jobs.list_all(store, 2)
    second = export_jobs.list_all(store, 2, first.next_cursor)
    assert [job.id for job in first.items + second.items] == started[::-1]
    assert second.next_cursor is None
    with pytest.raises(InvalidInputError):
        export_jobs.list_all(store, 2, "nonsense")


def test_the_file_is_downloaded_by_a_signed_url(store: Store, aws: Any) -> None:
    from urllib.request import urlopen

    job = export(store)
    with urlopen(export_jobs.download_url(store, job.id)) as answer:
        assert answer.read() == content(aws, job.file)
    with pytest.raises(ExportUnfinishedError):
        export_jobs.download_url(store, export_jobs.start(store, NOW).id)


def test_an_export_of_another_store_is_not_found(store: Store) -> None:
    other = stores.create("other", StoreSettings(name="Other"), NOW)
    with pytest.raises(ExportNotFoundError):
        export_jobs.get(other, export_jobs.start(store, NOW).id)
