"""Cancelling an import: at any state before its end, and what was loaded stays and is counted."""

from urllib.request import urlopen

import boto3
import pytest
from tests.support.deployment import IMPORTS
from tests.support.import_runs import StateMachines, downloaded, dropped
from tests.support.planned_imports import KEY, Imports

import csv_import
from clientela import clock
from clientela.customers import customer_search
from clientela.errors import ImportStateError
from clientela.imports import import_files, import_jobs, import_states, unloaded_rows
from clientela.stores import audit_trail
from clientela.stores.stores import Store

FILE = b"email\n" + b"".join(b"p%d@example.com\n" % number for number in range(25))


def source_exists(imports: Imports, job_id: str) -> bool:
    key = import_files.upload_key(imports.store.id, job_id, "customers.csv")
    return "Contents" in boto3.client("s3").list_objects_v2(Bucket=IMPORTS, Prefix=key)


def test_an_import_without_its_file_is_cancelled_and_a_late_file_is_deleted(imports: Imports) -> None:
    requested = imports.request(FILE)
    assert imports.cancel(requested.job.id).status == "cancelled"
    imports.upload(requested, FILE)
    assert imports.job(requested.job.id).status == "cancelled"
    assert not source_exists(imports, requested.job.id)


def test_a_plan_in_the_making_stops(imports: Imports) -> None:
    requested = imports.request(FILE)
    imports.upload(requested, FILE)
    assert imports.cancel(requested.job.id).status == "cancelled"
    imports.work()
    job = imports.job(requested.job.id)
    assert (job.status, job.rows_done) == ("cancelled", 0)


def test_a_planned_import_is_cancelled_and_its_file_deleted(imports: Imports) -> None:
    job = imports.planned(FILE)
    ended = imports.cancel(job.id)
    assert (ended.status, ended.start_until) == ("cancelled", None)
    assert ended.finished_at is not None
    assert not source_exists(imports, job.id)
    with pytest.raises(ImportStateError):
        imports.start(job.id)
    assert customer_search.count(imports.store) == 0


@pytest.mark.usefixtures("small_chunks")
def test_a_running_import_stops_between_its_chunks_and_counts_what_it_has_loaded(imports: Imports) -> None:
    job = imports.planned(FILE)
    import_states.start(imports.store, job.id, clock.now(), KEY)
    first, *others = imports.chunks(job.id)
    event = {"store_id": imports.store.id, "job_id": job.id, "run": "load"}
    csv_import.load(event | {"chunk": first}, None)
    stopping = imports.cancel(job.id)
    assert (stopping.status, stopping.cancelling, stopping.rows_done) == ("running", True, 10)
    for chunk in others:
        csv_import.load(event | {"chunk": chunk}, None)
    csv_import.finish(event, None)
    ended = imports.job(job.id)
    assert (ended.status, ended.code, ended.cancelling) == ("cancelled", "cancelled", False)
    assert (ended.created, ended.rejected, ended.rows_total) == (10, 15, 25)
    assert customer_search.count(imports.store) == 10
    rows = downloaded(import_jobs.report_url(imports.store, job.id, "rejects"))
    assert [(row["email"], row["line"], row["code"]) for row in rows] == [
        (f"p{number}@example.com", str(number + 2), "not_loaded") for number in range(10, 25)
    ]


@pytest.mark.usefixtures("small_chunks")
def test_the_rows_that_a_cancelled_import_has_not_loaded_can_be_sent_again(imports: Imports) -> None:
    job = imports.planned(FILE + b"nobody\n")
    import_states.start(imports.store, job.id, clock.now(), KEY)
    event = {"store_id": imports.store.id, "job_id": job.id, "run": "load"}
    csv_import.load(event | {"chunk": imports.chunks(job.id)[0]}, None)
    imports.cancel(job.id)
    csv_import.finish(event, None)
    url = import_jobs.report_url(imports.store, job.id, "rejects")
    assert [row["code"] for row in downloaded(url)] == ["not_loaded"] * 15 + ["email_invalid"]
    with urlopen(url) as answer:
        report = answer.read()
    again = imports.start(imports.planned(report, "again.csv").id)
    assert (again.created, again.rejected) == (15, 1)
    assert customer_search.count(imports.store) == 25


@pytest.mark.usefixtures("small_chunks")
def test_rows_that_are_not_loaded_show_no_password(imports: Imports) -> None:
    job = imports.planned(b"email,password\n" + b"".join(b"p%d@example.com,s3cret-word\n" % n for n in range(25)))
    import_states.start(imports.store, job.id, clock.now(), KEY)
    imports.cancel(job.id)
    csv_import.finish({"store_id": imports.store.id, "job_id": job.id, "run": "load"}, None)
    rows = downloaded(import_jobs.report_url(imports.store, job.id, "rejects"))
    assert ([row["code"] for row in rows], "password" in rows[0]) == (["not_loaded"] * 25, False)
    assert "s3cret" not in repr(rows)
    assert not source_exists(imports, job.id)


@pytest.mark.parametrize("fault", ["no time", "no source"])
@pytest.mark.usefixtures("small_chunks")
def test_a_report_without_the_source_or_the_time_has_a_line_for_each_part(
    imports: Imports, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    job = imports.planned(FILE)
    import_states.start(imports.store, job.id, clock.now(), KEY)
    imports.cancel(job.id)
    if fault == "no time":
        monkeypatch.setattr(unloaded_rows, "READ_SECONDS", -1)
    else:
        import_files.delete(import_jobs.get_record(imports.store.id, job.id).source)
    csv_import.finish({"store_id": imports.store.id, "job_id": job.id, "run": "load"}, None)
    ended = imports.job(job.id)
    assert (ended.rejected, ended.rows_total) == (25, 25)
    rows = downloaded(import_jobs.report_url(imports.store, job.id, "rejects"))
    assert [(row["line"], row["code"]) for row in rows] == [
        ("2", "not_loaded"),
        ("12", "not_loaded"),
        ("22", "not_loaded"),
    ]


def test_a_cancel_after_the_last_row_changes_nothing(imports: Imports) -> None:
    job = imports.planned(FILE)
    import_states.start(imports.store, job.id, clock.now(), KEY)
    event = {"store_id": imports.store.id, "job_id": job.id, "run": "load"}
    for chunk in imports.chunks(job.id):
        csv_import.load(event | {"chunk": chunk}, None)
    imports.cancel(job.id)
    csv_import.finish(event, None)
    ended = imports.job(job.id)
    assert (ended.status, ended.created, ended.rejected) == ("succeeded", 25, 0)


def test_an_import_whose_execution_is_gone_is_ended(imports: Imports) -> None:
    job = imports.planned(FILE)
    import_states.start(imports.store, job.id, clock.now(), KEY)
    imports.machines.aborted.add(job.id)
    imports.cancel(job.id)
    imports.execute(f"{job.id}-end")
    ended = imports.job(job.id)
    assert (ended.status, ended.created, ended.rejected) == ("cancelled", 0, 25)


def test_an_import_that_has_ended_is_not_cancelled(imports: Imports) -> None:
    job = imports.planned(FILE)
    imports.start(job.id)
    with pytest.raises(ImportStateError):
        imports.cancel(job.id)
    assert imports.job(job.id).status == "succeeded"


def test_cancelling_twice_is_cancelling_once(imports: Imports) -> None:
    job = imports.planned(FILE)
    for _ in range(2):
        assert imports.cancel(job.id).status == "cancelled"
    entries = audit_trail.page(imports.store, clock.now(), action="import.cancelled").items
    assert [entry.actor for entry in entries] == [KEY]


def test_a_file_of_the_bucket_can_be_cancelled_while_it_runs(store: Store, machines: StateMachines) -> None:
    csv_import.receive(dropped(store, FILE, "customers.csv"), None)
    (job_id,) = machines.started
    import_states.cancel(store, job_id, clock.now(), KEY)
    csv_import.finish({"store_id": store.id, "job_id": job_id, "run": "load"}, None)
    assert import_jobs.get(store, job_id).status == "cancelled"
    assert customer_search.count(store) == 0
