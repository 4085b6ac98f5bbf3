"""What an import does with a file: its customers, its reports and its passwords."""

import json
from collections.abc import Callable
from typing import Any
from urllib.request import urlopen

import boto3
import pytest
from tests.support import table_items
from tests.support.deployment import IMPORT_JOBS, IMPORTS
from tests.support.import_runs import StateMachines, downloaded
from tests.support.template_file import PROJECT

from clientela import clock
from clientela.customers import customer_search, customers
from clientela.customers.customer_fields import NewCustomer
from clientela.imports import import_jobs
from clientela.imports.import_jobs import ImportJob
from clientela.stores.stores import Store

CHINOOK = (PROJECT / "tests/data/chinook/customers.csv").read_bytes()


type Import = Callable[..., ImportJob]


def report(store: Store, job_id: str, name: Any = "rejects") -> list[dict[str, str]]:
    return downloaded(import_jobs.report_url(store, job_id, name))


def counts(job: ImportJob) -> tuple[int, int, int, int, int]:
    return job.created, job.updated, job.unchanged, job.rejected, job.warnings


def test_chinook_is_imported_whole_and_a_second_time_changes_nothing(store: Store, run: Import) -> None:
    job = run(CHINOOK)
    assert (job.status, job.rows_total, job.rows_done) == ("succeeded", 59, 59)
    assert counts(job) == (59, 0, 0, 0, 1)
    luis = customers.find(store, "luisg@embraer.com.br", clock.now())
    assert luis is not None
    assert (luis.name, luis.phone, luis.source) == ("Luís Gonçalves", "+551239235555", "import")
    assert luis.billing_address is not None
    assert luis.billing_address.country == "BR"
    again = run(CHINOOK)
    assert again.id != job.id
    assert counts(again) == (0, 0, 59, 0, 1)
    assert customer_search.count(store) == 59
    assert [row["line"] for row in report(store, job.id, "warnings")] == ["10"]


def test_a_job_shows_what_the_file_was_found_to_be(run: Import) -> None:
    detected = run(CHINOOK).detected
    assert detected is not None
    assert (detected.encoding, detected.delimiter, detected.language) == ("utf-8", ",", "en")
    known = {column.header: column.field for column in detected.columns}
    assert known["FirstName"] == "first_name"
    assert known["PostalCode"] == "billing_address.postal_code"
    assert [header for header, field in known.items() if field is None] == ["CustomerId", "Fax", "SupportRepId"]


def test_a_tab_separated_utf_16_file_of_a_spreadsheet_is_read(store: Store, run: Import) -> None:
    job = run("Nombre\tApellidos\tCorreo electrónico\tPaís\nAna\tPérez\tana@example.com\tEspaña\n".encode("utf-16"))
    assert counts(job) == (1, 0, 0, 0, 0)
    assert job.detected is not None
    assert (job.detected.delimiter, job.detected.language) == ("\t", "es")
    ana = customers.find(store, "ana@example.com", clock.now())
    assert ana is not None
    assert ana.name == "Ana Pérez"


def test_an_import_changes_only_what_its_cells_say(store: Store, run: Import) -> None:
    fields = {
        "email": "Ana@example.com",
        "name": "Ana",
        "company": "Acme",
        "note": "VIP",
        "tags": ["old"],
        "billing_address": {"city": "Vigo", "country": "ES"},
        "shipping_addresses": [{"city": "Lugo"}, {"city": "Faro", "is_default": True}],
    }
    new = NewCustomer.model_validate(fields)
    customers.create(store, new, clock.now())
    job = run(b'email,company,note,tags,city,shipping city\nANA@example.com,Beta,,"a; b",Madrid,Porto\n')
    assert counts(job) == (0, 1, 0, 0, 0)
    ana = customers.find(store, "ana@example.com", clock.now())
    assert ana is not None
    assert (ana.email, ana.company, ana.note, ana.tags, ana.version) == (
        "Ana@example.com",
        "Beta",
        "VIP",
        ["a", "b"],
        2,
    )
    assert ana.billing_address is not None
    assert (ana.billing_address.city, ana.billing_address.country) == ("Madrid", "ES")
    assert [address.city for address in ana.shipping_addresses] == ["Lugo", "Porto"]


def test_each_bad_row_is_reported_with_its_line_column_and_code(store: Store, run: Import) -> None:
    job = run(
        b"Email,Name,Country,Newsletter\n"
        b'ana@example.com,"Ana\nMaria",Spain,yes\n'  # lines 2 and 3
        b"nobody,Bo,,\n"
        b",Cy,,\n"
        b"di@example.com,Di,Atlantis,\n"
        b"ed@example.com,Ed,,maybe\n"
        b"fi@example.com,Fi\n"
        b"gi@example.com,Gi,,,more\n"
        b'hi@example.com,"Hi"x,,\n'
        b"io@example.com,I\0,,\n"
        b"\n,,,\n"
        b"jo@example.com,=Jo,,"
    )
    assert (job.rows_total, *counts(job)) == (10, 5, 0, 0, 5, 2)
    found = report(store, job.id)
    assert [(row["line"], row["column"], row["code"]) for row in found] == [
        ("4", "Email", "email_invalid"),
        ("5", "Email", "email_missing"),
        ("9", "", "cells_too_many"),
        ("10", "", "malformed"),
        ("11", "", "nul"),
    ]
    assert found[0]["Email"] == "nobody"
    assert all(row["message"] for row in found)
    assert [tuple(row.values())[:3] for row in report(store, job.id, "warnings")] == [
        ("6", "Country", "country_invalid"),
        ("7", "Newsletter", "accepts_marketing_invalid"),
    ]


def test_a_corrected_reject_report_goes_back_in(store: Store, run: Import) -> None:
    first = run(b"email,phone,status\nana@example.com,+34 911 222 333,asleep\n")
    with urlopen(import_jobs.report_url(store, first.id, "rejects")) as answer:
        corrected = answer.read().replace(b"asleep", b"active")
    second = run(corrected)
    assert counts(second) == (1, 0, 0, 0, 0)
    ana = customers.find(store, "ana@example.com", clock.now())
    assert ana is not None
    assert ana.phone == "+34911222333"


def test_clear_passwords_are_nowhere_and_their_file_is_deleted(store: Store, run: Import) -> None:
    job = run("correo electrónico,contraseña\nana@example.com,hunter2\nnobody,hunter3\nx@example.com\n".encode())
    assert counts(job) == (2, 0, 0, 1, 0)
    assert any("assword" in note for note in job.notes)
    assert b"hunter" not in everything_stored()


def everything_stored() -> bytes:
    s3 = boto3.client("s3")
    files = b"".join(
        s3.get_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])["Body"].read()
        for bucket in (IMPORTS, IMPORT_JOBS)
        for entry in s3.list_object_versions(Bucket=bucket).get("Versions", [])
    )
    return files + json.dumps(table_items.everything()).encode()


@pytest.mark.parametrize(
    "header",
    ["Contraseña (opcional)", "Temporary password", "Wachtwoord", "Clave web", "Votre mot de passe", "senha 1"],
)
def test_no_password_is_stored_whatever_its_column_is_called(store: Store, run: Import, header: str) -> None:
    rows = ["nobody,Secreta-123", "bo@example.com,Clave-456", "x@example.com,Secreta-789,more", "asleep"]
    job = run("\n".join([f"email,{header}", *rows]).encode())
    assert (job.created, job.rejected) == (1, 3)
    assert job.detected is not None
    assert job.detected.columns[1].secret
    assert not any(secret in everything_stored() for secret in (b"Secreta", b"Clave-456"))


def test_no_message_quotes_what_may_be_a_password_in_a_row_of_the_wrong_length(store: Store, run: Import) -> None:
    job = run(b"email,status,password\nana@example.com,Secreta-123\nbo@example.com,Secreta-456,Secreta-456\n")
    assert job.rejected == 2
    assert b"Secreta" not in everything_stored()


def test_a_file_without_a_header_leaves_no_row_in_its_message(store: Store, run: Import) -> None:
    job = run(b"Ana,Secreta-123,911222333\nBo,Secreta-456,911222334\n")
    assert job.status == "failed"
    assert "Secreta" not in job.model_dump_json()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n", "empty"),
        (b"email,name\n\n", "has a header, but no rows"),
        (b'sep=;\r\n"email";"name"\r\n;\r\n \r\n', "has a header, but no rows"),
        ("email,name\n".encode("utf-16"), "has a header, but no rows"),
        ("email,name\nana@example.com,Ana\n".encode("utf-32"), "in UTF-32"),
        (b"name,phone\nAna,1\n", "The file has no e-mail column"),
        (b"email,name,E-Mail\na@example.com,A,b@example.com\n", "twice"),
    ],
)
def test_a_file_that_is_no_customer_list_fails_with_the_reason(
    store: Store, machines: StateMachines, run: Import, content: bytes, reason: str
) -> None:
    job = run(content)
    assert job.status == "failed"
    assert reason in str(job.message)
    assert job.finished_at is not None
    assert not machines.started
    assert customer_search.count(store) == 0


def test_a_dry_run_tells_what_would_happen_and_does_nothing(store: Store, run: Import) -> None:
    job = run(b"email\nana@example.com\nnobody\n", **{"dry-run": "true"})
    assert (job.dry_run, *counts(job)) == (True, 1, 0, 0, 1, 0)
    assert customer_search.count(store) == 0


def test_a_word_that_is_neither_yes_nor_no_refuses_the_file(store: Store, run: Import) -> None:
    for option in ("dry-run", "send-welcome"):
        job = run(b"email\nana@example.com\n", **{option: "perhaps"})
        assert (job.status, job.message) == ("failed", f"Invalid {option} 'perhaps': use true or false.")
    assert customer_search.count(store) == 0


def test_modes_keep_to_creating_or_to_updating(store: Store, run: Import) -> None:
    both = b"email,company\nana@example.com,Acme\nbo@example.com,Beta\n"
    run(b"email\nana@example.com\n")
    assert counts(run(both, mode="update")) == (0, 1, 0, 1, 0)
    created = run(both, mode="create")
    assert counts(created) == (1, 0, 0, 1, 0)
    assert [row["code"] for row in report(store, created.id)] == ["email_taken"]
    assert run(both, mode="destroy").status == "failed"


def test_rows_of_one_email_are_taken_in_their_order(store: Store, run: Import) -> None:
    job = run(b"email,company\nana@example.com,Acme\nANA@example.com,Beta\nana@EXAMPLE.com,Beta\n")
    assert counts(job) == (1, 1, 1, 0, 2)
    found = report(store, job.id, "warnings")
    assert [(row["line"], row["column"], row["code"]) for row in found] == [
        ("2", "email", "email_repeated"),
        ("3", "email", "email_repeated"),
    ]
    assert all("Line 4 " in row["message"] for row in found)
    ana = customers.find(store, "ana@example.com", clock.now())
    assert ana is not None
    assert ana.company == "Beta"
