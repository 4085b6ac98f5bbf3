"""External ids of others are known to the plan: the start rejects the very same rows."""

import pytest
from tests.support.import_runs import downloaded
from tests.support.planned_imports import Imports

from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.imports import import_jobs

HEADER = b"email,external_ids,name\n"


def counts(job: import_jobs.Counts) -> tuple[int, int, int, int]:
    return job.created, job.updated, job.unchanged, job.rejected


def rejects(imports: Imports, job_id: str) -> list[tuple[str, str]]:
    return [(row["line"], row["code"]) for row in downloaded(import_jobs.report_url(imports.store, job_id, "rejects"))]


def planned_and_loaded(
    imports: Imports, content: bytes
) -> tuple[tuple[int, int, int, int], list[tuple[str, str]], import_jobs.ImportJob]:
    """Return the plan's counts and rejects, which those of the import must equal."""
    job = imports.planned(content)
    planned, planned_rejects = counts(imports.plan(job.id)), rejects(imports, job.id)
    ended = imports.start(job.id)
    assert (counts(ended), rejects(imports, job.id)) == (planned, planned_rejects)
    return planned, planned_rejects, ended


@pytest.fixture
def owner(imports: Imports) -> str:
    new = NewCustomer(email="owner@example.com", external_ids={"shopify": "1"})
    return customers.create(imports.store, new, clock.now()).id


def test_an_id_of_another_customer_is_rejected_by_the_plan(imports: Imports, owner: str) -> None:
    rows = b"ana@example.com,shopify:1,Ana\nben@example.com,shopify:2,Ben\nowner@example.com,shopify:1,Olga\n"
    found, rejected, _ = planned_and_loaded(imports, HEADER + rows)
    assert (found, rejected) == ((1, 1, 0, 1), [("2", "external_id_taken")])


def test_a_plan_names_the_id_and_the_system(imports: Imports, owner: str) -> None:
    job = imports.planned(HEADER + b"ana@example.com,shopify:1,Ana\n")
    (reason,) = imports.plan(job.id).reasons
    assert (reason.code, reason.count) == ("external_id_taken", 1)
    assert reason.message == "Another customer of this store has the id “1” in “shopify”."


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("rows_between", [0, 25])
def test_of_two_rows_with_one_id_the_first_gets_it(imports: Imports, rows_between: int) -> None:
    others = b"".join(b"p%d@example.com,,P\n" % number for number in range(rows_between))
    content = HEADER + b"ana@example.com,shopify:1,Ana\n" + others + b"ben@example.com,SHOPIFY: 1,Ben\n"
    found, rejected, _ = planned_and_loaded(imports, content)
    assert found == (1 + rows_between, 0, 0, 1)
    assert rejected == [(str(3 + rows_between), "external_id_repeated")]


@pytest.mark.usefixtures("small_chunks")
def test_a_row_that_is_loaded_with_a_later_chunk_keeps_its_rejection(imports: Imports) -> None:
    others = b"".join(b"p%d@example.com,,P\n" % number for number in range(25))
    content = HEADER + b"ana@example.com,pos:1,Ana\nben@example.com,pos:1,Ben\n" + others + b"ben@example.com,,Benito\n"
    found, rejected, _ = planned_and_loaded(imports, content)
    assert found == (26, 0, 0, 2)
    assert rejected == [("3", "external_id_repeated"), ("29", "external_id_repeated")]


def test_who_has_the_id_keeps_it_though_an_earlier_row_names_it(imports: Imports, owner: str) -> None:
    rows = b"ana@example.com,shopify:1,Ana\nowner@example.com,shopify:1,Olga\n"
    found, rejected, _ = planned_and_loaded(imports, HEADER + rows)
    assert (found, rejected) == ((0, 1, 0, 1), [("2", "external_id_taken")])


def test_the_same_id_twice_for_one_customer_is_no_conflict(imports: Imports) -> None:
    rows = b"ana@example.com,shopify:1,Ana\nana@example.com,shopify:1,Anna\n"
    found, rejected, _ = planned_and_loaded(imports, HEADER + rows)
    assert (sum(found), rejected) == (2, [])


def test_an_id_that_its_owner_loses_in_the_same_file_is_rejected_as_planned(imports: Imports, owner: str) -> None:
    rows = b"owner@example.com,shopify:2,Olga\nana@example.com,shopify:1,Ana\n"
    found, rejected, _ = planned_and_loaded(imports, HEADER + rows)
    assert (found, rejected) == ((0, 1, 0, 1), [("3", "external_id_taken")])


def test_an_id_that_somebody_gets_after_the_plan_rejects_the_row(imports: Imports) -> None:
    job = imports.planned(HEADER + b"ana@example.com,shopify:1,Ana\n")
    customers.create(imports.store, NewCustomer(email="owner@example.com", external_ids={"shopify": "1"}), clock.now())
    ended = imports.start(job.id)
    assert (counts(ended), rejects(imports, job.id)) == ((0, 0, 0, 1), [("2", "external_id_taken")])
