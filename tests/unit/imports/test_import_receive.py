"""Files that are not imported: refused or deleted, with or without passwords."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.support.counts import counted
from tests.support.deployment import IMPORTS
from tests.support.import_runs import StateMachines, dropped, imported

import csv_import
from clientela import clock
from clientela.aws import clients
from clientela.csv.file_texts import FileNote
from clientela.errors import ImportNotFoundError
from clientela.handlers import error_logs
from clientela.imports import import_files, import_jobs, import_marks
from clientela.imports.import_jobs import Counts, ImportJob
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings

pytestmark = pytest.mark.usefixtures("machines")


def received(store: Store, content: bytes, **metadata: str) -> ImportJob:
    csv_import.receive(dropped(store, content, "customers.csv", metadata), None)
    (job,) = import_jobs.list_all(store).items
    return job


def versions() -> list[Any]:
    answer = boto3.client("s3").list_object_versions(Bucket=IMPORTS)
    return [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]


@pytest.mark.parametrize(
    ("content", "metadata"),
    [
        (b"name,password\nAna,hunter2\n", {}),
        ("nombre;Contraseña\nAna;hunter2\n".encode(), {}),
        ("nombre;Contraseña\nAna;hunter2\n".encode("cp1252"), {}),
        ("name\tpasswd\nAna\thunter2\n".encode("utf-16"), {}),
        ("email\tpasswd\nana@example.com\thunter2\n".encode("utf-32-be"), {}),
        (b"email,password\n", {}),
        (b'name,"Password"\nAna,"hunter2\n' + b"Bo,x\n" * 9, {}),
        (b"Our customers in 2026\n\nname,password\nAna,hunter2\n", {}),
        (b"email,password\na@example.com,hunter2\n", {"mode": "destroy"}),
        (b"email,password\na@example.com,hunter2\n", {"encoding": "rot13"}),
    ],
)
def test_a_refused_file_with_a_column_of_passwords_is_deleted_at_once(
    store: Store, content: bytes, metadata: dict[str, str]
) -> None:
    job = received(store, content, **metadata)
    assert job.status == "failed"
    assert any("deleted" in note for note in job.notes)
    assert versions() == []


def test_a_refused_file_without_passwords_stays_for_its_merchant(store: Store) -> None:
    assert (received(store, b"name,phone\nAna,1\n").notes, len(versions())) == ([], 1)


def test_a_refused_file_is_deleted_also_where_the_function_died_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise ConnectionError("the function was killed here")

    event = dropped(store, b"name,password\nAna,hunter2\n", "customers.csv")
    with monkeypatch.context() as patch:
        patch.setattr(import_files, "delete", dies)
        with pytest.raises(error_logs.FaultError):
            csv_import.receive(event, None)
    csv_import.receive(event, None)
    assert versions() == []
    assert [job.status for job in import_jobs.list_all(store).items] == ["failed"]


@pytest.mark.parametrize(
    ("name", "code"),
    [("list.txt", "wrong_ending"),
     ("list.csv.gz", "wrong_ending_compressed"), ("list.xlsx", "kind_excel"), ("list.zip", "kind_zip"),
     ("list", "wrong_ending")],
)  # fmt: skip
def test_a_file_with_another_ending_leaves_a_job_that_says_why(store: Store, name: str, code: str) -> None:
    csv_import.receive(dropped(store, b"email\nana@example.com\n", name), None)
    (job,) = import_jobs.list_all(store).items
    assert (job.file, job.status, job.code) == (name, "failed", code)


def test_the_ending_may_be_in_any_case(store: Store, machines: StateMachines) -> None:
    csv_import.receive(dropped(store, b"email\nana@example.com\n", "Customers.Csv"), None)
    assert [job.status for job in import_jobs.list_all(store).items] == ["running"]


def test_a_folder_in_upper_case_leaves_a_job_in_the_store_it_means(store: Store) -> None:
    shouting = store.model_copy(update={"id": store.id.upper()})
    csv_import.receive(dropped(shouting, b"email\nana@example.com\n", "list.csv"), None)
    (job,) = import_jobs.list_all(store).items
    assert (job.status, job.code) == ("failed", "folder_case")
    assert f" {store.id}," in str(job.message)


@pytest.mark.parametrize(("folder", "shown"), [("strange", "strange"), ("STRANGE-2", "STRANGE-2"), ("Ana Pérez", "")])
def test_an_unknown_store_leaves_a_warning_in_the_log_and_a_metric(
    store: Store, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], folder: str, shown: str
) -> None:
    csv_import.receive(dropped(store.model_copy(update={"id": folder}), b"email\n", "list.csv"), None)
    assert [(record.levelname, record.message) for record in caplog.records] == [("WARNING", "not imported")]
    assert caplog.records[0].__dict__["folder"] == shown
    metric = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert metric["FilesNotImported"] == [1.0]
    assert metric["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Clientela"


def test_the_rows_of_an_import_are_counted_but_not_those_of_a_trial(
    store: Store, machines: StateMachines, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = b"email\nana@example.com\nbo@example.com\nnobody\n"
    imported(store, machines, rows, "trial.csv", **{"dry-run": "true"})
    assert counted(capsys) == {}
    imported(store, machines, rows)
    assert counted(capsys) == {"ImportRowsCreated": 2, "ImportRowsRejected": 1}


def test_a_file_over_the_set_size_is_refused_before_it_is_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_IMPORT_MEGABYTES", "1")
    job = received(store, b"email\n" + b"ana@example.com\n" * 200_000)
    assert (job.status, job.code) == ("failed", "too_large")
    assert "4 MB" in str(job.message)
    assert "1 MB" in str(job.message)


def test_a_refusal_is_in_the_language_of_the_store(store: Store) -> None:
    spanish = stores.create("tienda", StoreSettings(name="Tienda", language="es"), clock.now())
    job = received(spanish, b"name,phone\nAna,1\n")
    assert (job.code, job.language) == ("no_email_column", "es")
    assert str(job.message).startswith("El archivo no tiene columna de correo")


def test_another_version_of_a_refused_file_is_not_touched(store: Store) -> None:
    refused = dropped(store, b"name,password\nAna,hunter2\n", "customers.csv")
    dropped(store, b"email\nana@example.com\n", "customers.csv")
    csv_import.receive(refused, None)
    (version,) = versions()
    assert version["IsLatest"]


@pytest.mark.parametrize("report", ["rejects", "warnings"])
def test_a_refused_file_has_no_report(store: Store, report: Any) -> None:
    job = received(store, b"name,phone\nAna,1\n")
    with pytest.raises(ImportNotFoundError, match="file was refused"):
        import_jobs.report_url(store, job.id, report)


@pytest.mark.parametrize("code", ["404", "NoSuchKey", "NoSuchVersion", "405"])
def test_a_file_that_is_gone_is_no_import(store: Store, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(clients, "s3", lambda: Gone(code))
    assert import_files.find(IMPORTS, f"{store.id}/customers.csv", "1") is None


def test_a_file_that_may_not_be_read_is_a_fault_and_never_taken_for_gone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "s3", lambda: Gone("403"))
    with pytest.raises(ClientError):
        import_files.find(IMPORTS, f"{store.id}/customers.csv", "1")


class Gone:
    """S3's client when the file is deleted."""

    def __init__(self, code: str) -> None:
        self.code = code

    def head_object(self, **_: str) -> None:
        raise ClientError({"Error": {"Code": self.code}}, "HeadObject")


def test_a_job_that_has_ended_keeps_its_status_and_later_steps_get_the_stored_record(store: Store) -> None:
    job = received(store, b"email\nana@example.com\n")
    early = import_jobs.get_record(store.id, job.id)
    ended = import_jobs.end(import_jobs.get_record(store.id, job.id), "succeeded", Counts(created=1), clock.now())
    late = import_jobs.end(early, "failed", Counts(), clock.now(), FileNote("empty"))
    assert (ended.status, late.status, late.as_job().created, late.job.message) == ("succeeded", "succeeded", 1, None)
    assert import_marks.mark_running(late, clock.now()).status == "succeeded"


@pytest.mark.parametrize("headers", [[f"column {n}" for n in range(50_000)], ["x" * 60_000], ["y"] * 1000])
def test_a_header_that_fits_into_no_import_is_refused(store: Store, headers: list[str]) -> None:
    row = b"ana@example.com" + b"," * len(headers)
    job = received(store, ",".join(["email", *headers]).encode() + b"\n" + row + b"\n")
    assert job.status == "failed"
    assert "columns: at most 1,000 with 50,000 characters" in str(job.message)


def test_a_header_of_a_thousand_columns_is_read(store: Store) -> None:
    headers = ["email", *(f"c{number:048d}" for number in range(999))]
    job = received(store, ",".join(headers).encode() + b"\nana@example.com" + b"," * 999 + b"\n")
    assert (job.status, job.detected and len(job.detected.columns)) == ("running", 1000)
