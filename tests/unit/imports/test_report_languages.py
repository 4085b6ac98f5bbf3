"""Reports in the language of the store: headers, reasons of rejections, warnings."""

from collections.abc import Callable
from urllib.request import urlopen

import pytest
from tests.support.import_runs import downloaded

from clientela import clock
from clientela.csv.csv_headers import FileColumns
from clientela.customers import customers, store_settings
from clientela.customers.customer_fields import NewCustomer
from clientela.imports import chunk_results, import_jobs
from clientela.imports.import_jobs import ImportJob
from clientela.stores.stores import Store

type Import = Callable[..., ImportJob]

# Each row has one fault.
FILE = """email,name,phone,tax exempt,created,vat id,groups,status,country,language,password,newsletter,external ids
,Ana
ana@,Ana
bo@example.com,Bo,,perhaps
cy@example.com,Cy,12
di@example.com,Di,,,soon
ed@example.com,Ed,,,,ESB12345670
fe@example.com,Fe,,,,,unknown group
gu@example.com,Gu,,,,,,asleep
hi@example.com,Hi,,,,,,,Atlantis
io@example.com,Io,,,,,,,,klingon
jo@example.com,Jo,,,,,,,,,$1$abc$def
ke@example.com,Ke,,,,,,,,,,,too,many,cells
le@example.com,L\0e
known@example.com,,,,,,,active
known@example.com,,,,,,,,,,,yes
mo@example.com,Mo,,,,,,,,,,perhaps
no@example.com,No,,,,,,,,,,,not an id
"""
ENGLISH = ("The ", "Use ", "A quote", "A customer", "This ", "Line ", " is ", " not ", " row")


def store_in(store: Store, language: str) -> Store:
    customers.create(
        store, NewCustomer(email="known@example.com", status="disabled", accepts_marketing=False), clock.now()
    )
    return store_settings.change_settings(store.id, {"language": language}, clock.now())


def text_of(url: str) -> str:
    with urlopen(url) as answer:
        return str(answer.read().decode("utf-8-sig"))


@pytest.mark.parametrize("language", ["es", "it", "fr", "de", "pt-BR"])
def test_no_english_is_left_in_the_reports_of_a_store_in_another_language(
    store: Store, run: Import, language: str
) -> None:
    job = run(FILE.encode()) if store_in(store, language) else None
    assert job
    headers = chunk_results.report_columns(language)
    found = set()
    for report in ("rejects", "warnings"):
        lines = downloaded(import_jobs.report_url(store, job.id, report))  # type: ignore[arg-type]
        assert tuple(lines[0])[-4:] == headers
        for line in lines:
            message, code = line[headers[3]], line[headers[2]]
            assert not any(word in message for word in ENGLISH), message
            found.add(code)
    assert len(found) >= 14, found


def test_the_codes_are_the_same_in_every_language(store: Store, run: Import) -> None:
    def codes(language: str) -> list[str]:
        store_settings.change_settings(store.id, {"language": language}, clock.now())
        job = run(b"email,phone\nana@,1\nbo@example.com,12\n", f"{language}.csv", **{"dry-run": "yes"})
        column = chunk_results.report_columns(language)[2]
        reports = (import_jobs.report_url(store, job.id, report) for report in ("rejects", "warnings"))
        return [line[column] for url in reports for line in downloaded(url)]

    assert codes("en") == codes("de") == codes("pt") == ["email_invalid", "phone_invalid"]


@pytest.mark.parametrize("language", ["en", "es", "it", "fr", "de", "pt"])
def test_a_report_that_is_uploaded_again_repeats_no_columns_of_the_report(language: str) -> None:
    headers = ("email", "name", "secret", *chunk_results.report_columns(language))
    fields = ("email", "name", *[None] * 5)
    columns = FileColumns(headers, fields, "en", frozenset({2}))
    assert chunk_results.repeated_columns(columns) == [0, 1]


def test_a_column_of_the_merchants_own_that_is_called_like_one_of_a_report_stays() -> None:
    columns = FileColumns(("email", "message", "code"), ("email", None, None), "en")
    assert chunk_results.repeated_columns(columns) == [0, 1, 2]
