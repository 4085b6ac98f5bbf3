"""Nothing that is left of a plan holds a password in clear, whenever its column is recognised."""

import boto3
import pytest
from tests.support.deployment import IMPORT_JOBS
from tests.support.import_runs import downloaded
from tests.support.planned_imports import KEY, Imports

from clientela import clock
from clientela.imports import import_jobs, import_states
from clientela.imports.import_choices import ImportChanges

FILE = b"email,Company,name\na@example.com,sunshine,Ana\nnobody,sunshine,Bo\n"
IN_OTHER_CELLS = b"email,note,password\nnobody,her word is Hunter22x now,Hunter22x\n"


def files_with(text: str) -> list[str]:
    """The files of imports that hold a text."""
    s3, found = boto3.client("s3"), []
    for entry in s3.list_objects_v2(Bucket=IMPORT_JOBS).get("Contents", []):
        if text.encode() in s3.get_object(Bucket=IMPORT_JOBS, Key=entry["Key"])["Body"].read():
            found.append(entry["Key"].partition("/")[2])
    return found


@pytest.fixture
def job(imports: Imports) -> import_jobs.ImportJob:
    """A file that was planned before its merchant says that the companies are passwords."""
    planned = imports.planned(FILE)
    assert "rejects" in files_with("sunshine")
    return planned


def test_a_column_that_becomes_one_of_passwords_leaves_no_trace(imports: Imports, job: import_jobs.ImportJob) -> None:
    imports.change(job.id, mapping={"Company": "password"})
    assert files_with("sunshine") == []
    assert imports.start(job.id).status == "succeeded"
    assert files_with("sunshine") == []


def test_a_new_plan_that_is_cancelled_leaves_none_of_the_former_one(
    imports: Imports, job: import_jobs.ImportJob
) -> None:
    changes = ImportChanges(mapping={"Company": "password"})
    import_states.change(imports.store, job.id, changes, clock.now(), KEY)
    imports.cancel(job.id)
    imports.work()
    assert imports.job(job.id).status == "cancelled"
    assert files_with("sunshine") == []


def test_a_password_within_another_cell_is_not_repeated(imports: Imports) -> None:
    job = imports.planned(IN_OTHER_CELLS)
    assert files_with("Hunter22x") == []
    imports.start(job.id)
    assert files_with("Hunter22x") == []
    (row,) = downloaded(import_jobs.report_url(imports.store, job.id, "rejects"))
    assert (row["email"], row["note"], row["code"]) == ("nobody", "", "email_invalid")


@pytest.mark.parametrize(
    "row",
    [
        "ana@example.com,Hunter22x,600111222",  # too few cells: the password is in the column of names
        "ana@example.com,Hunter22x",
        "ana@example.com,,Ana,Hunter22x,600111222,x",  # too many
        "ana@example.com,Hunter22x,,Hunter22x",  # the password is repeated in the name
        "ana@example.com,My Hunter22x!,0,hunter22X",
        'nobody,"Hunter22x,600111222',  # a quote that is never closed
        "Hunter22x,ana@example.com,Ana,600111222",  # the cells are in the wrong order, without an address in its place
        ",Hunter22x,600111222,ana@example.com",
        "Hunter22x,Ana,600111222,",
    ],
)
def test_a_password_in_another_column_of_its_row_is_shown_nowhere(imports: Imports, row: str) -> None:
    rows = "".join(f"p{number}@example.com,P,1,Secret{number}x\n" for number in range(3))
    job = imports.planned(f"email,name,phone,password\n{rows}{row}\n".encode())
    assert files_with("unter22") == []
    ended = imports.start(job.id)
    assert (ended.rows_total, files_with("unter22")) == (4, [])
    assert "unter22" not in str(imports.job(job.id))


def test_a_slip_in_an_address_is_shown_beside_passwords(imports: Imports) -> None:
    job = imports.planned(b"email,name,password\nana2@example,Ana,Hunter22x\n")
    (row,) = downloaded(import_jobs.report_url(imports.store, job.id, "rejects"))
    assert (row["email"], row["name"]) == ("ana2@example", "Ana")


def test_a_key_of_an_unknown_column_is_not_shown_where_another_cell_repeats_it(imports: Imports) -> None:
    key = "5f4dcc3b5aa765d61d8327deb882cf99"
    job = imports.planned(f"email,name,Legacy\nana@example.com,{key},{key}\n".encode())
    assert files_with(key) == []
    imports.start(job.id)
    assert files_with(key) == []
