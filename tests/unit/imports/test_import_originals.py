"""The file of an import, to be downloaded later: all of it, but no secrets."""

from urllib.request import urlopen

import pytest
from tests.support.planned_imports import Imports

from clientela.errors import ImportNotFoundError
from clientela.imports import import_jobs

PLAIN = b"\xef\xbb\xbfemail;name\r\nana@example.com;Ana\r\nnobody;\r\n"
SECRET = b'email,password,name,pin\nana@example.com,hunter2,"Ana, P.",9999\nbad@example.com,hunter3\nben@example.com,x,Ben,1\n'


def downloaded(imports: Imports, job_id: str) -> bytes:
    with urlopen(import_jobs.report_url(imports.store, job_id, "file")) as answer:
        content: bytes = answer.read()
    return content


def test_a_file_without_secrets_is_the_original(imports: Imports) -> None:
    job = imports.start(imports.planned(PLAIN).id)
    assert downloaded(imports, job.id) == PLAIN


def test_a_file_with_secrets_has_all_rows_without_them(imports: Imports) -> None:
    job = imports.start(imports.planned(SECRET).id)
    content = downloaded(imports, job.id).decode("utf-8-sig")
    assert content.splitlines() == ["email,name", 'ana@example.com,"Ana, P."', ",", "ben@example.com,Ben"]


def test_a_file_is_downloaded_when_its_import_has_ended(imports: Imports) -> None:
    job = imports.planned(PLAIN)
    with pytest.raises(ImportNotFoundError):
        import_jobs.report_url(imports.store, job.id, "file")


def test_a_repeated_end_writes_the_same_file(imports: Imports) -> None:
    job = imports.start(imports.planned(SECRET).id)
    before = downloaded(imports, job.id)
    imports.execute(job.id)
    assert downloaded(imports, job.id) == before
