"""Corrected rows: a small import of their own, linked to the first one."""

import pytest
from tests.support.import_runs import downloaded
from tests.support.planned_imports import KEY, Imports, arrival

import csv_import
from clientela import clock
from clientela.customers import customers
from clientela.errors import ImportStateError, InvalidInputError
from clientela.imports import import_files, import_jobs, import_retries
from clientela.imports.import_jobs import ImportJob
from clientela.imports.import_retries import NewRetry

FILE = "E-mail,Nick,Colour\nana@example.com,Ana,red\nben.example.com,Ben,blue\n"


@pytest.fixture
def first(imports: Imports) -> ImportJob:
    job = imports.planned(FILE.encode())
    imports.change(job.id, mapping={"Nick": "name", "Colour": "company"})
    return imports.start(job.id)


def retried(imports: Imports, job: ImportJob, **new: object) -> ImportJob:
    """Retry rows, and do what follows."""
    again = import_retries.retry(imports.store, job.id, NewRetry.model_validate(new), clock.now(), KEY)
    csv_import.receive(arrival(import_files.upload_key(imports.store.id, again.id, again.file)), None)
    imports.work()
    return imports.job(again.id)


def name_and_company(imports: Imports, email: str) -> tuple[str | None, str | None]:
    found = customers.find(imports.store, email, clock.now())
    assert found
    return found.name, found.company


def test_corrected_rows_are_planned_with_the_columns_of_the_first_import(imports: Imports, first: ImportJob) -> None:
    rows = [{"E-mail": "ben@example.com", "Nick": "Ben", "Colour": "blue"}]
    again = retried(imports, first, rows=rows)
    assert (again.status, again.retry_of, again.rows_total) == ("planned", first.id, 1)
    imports.start(again.id)
    assert name_and_company(imports, "ben@example.com") == ("Ben", "blue")


def test_corrected_rows_can_start_at_once(imports: Imports, first: ImportJob) -> None:
    again = retried(imports, first, rows=[{"E-mail": "ben@example.com"}], start=True)
    assert (again.status, again.created) == ("succeeded", 1)


def test_the_corrected_rejects_report_can_be_sent_as_it_is(imports: Imports, first: ImportJob) -> None:
    url = import_jobs.report_url(imports.store, first.id, "rejects")
    (row,) = downloaded(url)
    header, line = ",".join(row), ",".join(f'"{value}"' for value in row.values())
    text = "\ufeff" + f"{header}\r\n{line}\r\n".replace("ben.example.com", "ben@example.com")
    again = retried(imports, first, csv=text, start=True)
    assert (again.status, again.created, again.rejected) == ("succeeded", 1, 0)
    assert name_and_company(imports, "ben@example.com") == ("Ben", "blue")


@pytest.mark.parametrize(
    ("new", "pointer"),
    [
        ({}, "/rows"),
        ({"rows": [{"E-mail": "ben@example.com"}], "csv": "E-mail\n"}, "/rows"),
        ({"rows": [{"E-mail": "ben@example.com"}, {"Size": "XL"}]}, "/rows/1"),
        ({"rows": [{}]}, "/rows"),
        ({"rows": [{"E-mail": " ", "Nick": "\u00a0"}, {"E-mail": ""}]}, "/rows"),
        ({"csv": "E-mail,Nick,Colour\r\n"}, "/csv"),
        ({"csv": "\ufeffE-mail;Nick\n;\n\n"}, "/csv"),
        ({"csv": 'E-mail,Nick\n"",""\n'}, "/csv"),
    ],
)
def test_rows_that_do_not_fit_are_refused(
    imports: Imports, first: ImportJob, new: dict[str, object], pointer: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        import_retries.retry(imports.store, first.id, NewRetry.model_validate(new), clock.now(), KEY)
    assert [error.pointer for error in refusal.value.fields] == [pointer]


def test_only_an_import_that_has_ended_and_read_its_rows_is_retried(imports: Imports) -> None:
    planned = imports.planned(FILE.encode())
    refused = imports.planned(b"name\nAna\n")
    for job in (planned, refused):
        with pytest.raises(ImportStateError):
            import_retries.retry(imports.store, job.id, NewRetry(rows=[{"E-mail": "a@b.es"}]), clock.now(), KEY)
