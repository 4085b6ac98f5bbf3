"""Import jobs: repeated events, progress, failures, lists and reports."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from tests.support.deployment import IMPORT_JOBS, IMPORTS
from tests.support.import_runs import StateMachines, downloaded, dropped, plan
from tests.support.interleaving import before_first
from tests.support.template_file import PROJECT

import csv_import
from clientela import clock
from clientela.aws import clients
from clientela.customers import customer_search, customers
from clientela.customers.customer_fields import NewCustomer
from clientela.errors import ImportNotFoundError, InvalidInputError
from clientela.handlers.error_logs import FaultError
from clientela.imports import import_files, import_jobs, import_load
from clientela.imports.import_jobs import ImportJob
from clientela.stores.stores import Store

CHINOOK = (PROJECT / "tests/data/chinook/customers.csv").read_bytes()


type Import = Callable[..., ImportJob]


def dies(*arguments: object, **named: object) -> None:
    raise ConnectionError("the function was killed here")


def report(store: Store, job_id: str, name: Any = "rejects") -> list[dict[str, str]]:
    return downloaded(import_jobs.report_url(store, job_id, name))


def counts(job: ImportJob) -> tuple[int, int, int, int, int]:
    return job.created, job.updated, job.unchanged, job.rejected, job.warnings


def test_a_repeated_event_finds_the_same_job(store: Store, machines: StateMachines) -> None:
    event = dropped(store, CHINOOK, "new customers, ñ+%2026.csv")
    for _ in range(3):
        csv_import.receive(event, None)
    (job,) = import_jobs.list_all(store).items
    assert (job.file, list(machines.started)) == ("new customers, ñ+%2026.csv", [job.id])


def test_an_event_repeated_after_a_death_before_the_start_starts_the_import(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = dropped(store, CHINOOK, "customers.csv")
    with monkeypatch.context() as patch:
        patch.setattr(machines, "start_execution", dies)
        with pytest.raises(FaultError):
            csv_import.receive(event, None)
    csv_import.receive(event, None)
    assert [job.status for job in import_jobs.list_all(store).items] == ["running"]


def test_what_is_no_import_is_left_alone(store: Store, machines: StateMachines) -> None:
    gone = dropped(store, CHINOOK, "gone.csv")
    boto3.client("s3").delete_object(
        Bucket=IMPORTS, Key=f"{store.id}/gone.csv", VersionId=gone["Records"][0]["s3"]["object"]["versionId"]
    )
    strange = dropped(store.model_copy(update={"id": "strange"}), CHINOOK, "customers.csv")
    own = dropped(store.model_copy(update={"id": "_jobs"}), CHINOOK, "customers.csv")
    for event in (gone, strange, own, {"Event": "s3:TestEvent"}):
        csv_import.receive(event, None)
    assert import_jobs.list_all(store).items == []


def test_progress_is_seen_while_chunks_are_loaded_and_a_chunk_counts_once(
    store: Store, machines: StateMachines, upload: Callable[..., str], small_chunks: None
) -> None:
    job_id = upload(CHINOOK)
    first, second = plan(machines, job_id)[:2]
    assert import_jobs.get(store, job_id).status == "running"
    for chunk in (first, first, second, first):
        csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)
    job = import_jobs.get(store, job_id)
    assert (job.rows_total, job.rows_done, job.created) == (59, 20, 20)


def test_a_chunk_that_two_calls_load_at_once_counts_once(
    store: Store,
    machines: StateMachines,
    upload: Callable[..., str],
    small_chunks: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job_id = upload(CHINOOK)
    work = {"store_id": store.id, "job_id": job_id, "chunk": plan(machines, job_id)[0]}
    before_first(monkeypatch, import_load, "_mark_done", lambda: csv_import.load(work, None))
    csv_import.load(work, None)
    assert import_jobs.get(store, job_id).created == 10


@pytest.mark.parametrize("call", ["write_result", "_mark_done"])
def test_a_chunk_that_died_is_loaded_again_with_the_same_report(
    store: Store, machines: StateMachines, upload: Callable[..., str], monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    for email in ("old@example.com", "same@example.com"):
        customers.create(store, NewCustomer(email=email, company="Acme"), clock.now())
    job_id = upload(
        b"email,company\nold@example.com,Beta\nsame@example.com,Acme\nnew@example.com,Gamma\nnew@example.com,Delta\n"
    )
    (chunk,) = plan(machines, job_id)
    work = {"store_id": store.id, "job_id": job_id, "chunk": chunk}
    with monkeypatch.context() as patch:
        patch.setattr(import_files if call == "write_result" else import_load, call, dies)
        with pytest.raises(FaultError):
            csv_import.load(work, None)
    csv_import.load(work, None)
    csv_import.finish({"store_id": store.id, "job_id": job_id}, None)
    assert counts(import_jobs.get(store, job_id)) == (1, 2, 1, 0, 1)
    assert customer_search.count(store) == 3


def test_a_broken_off_import_fails_and_still_counts_every_row(
    store: Store, machines: StateMachines, upload: Callable[..., str], small_chunks: None
) -> None:
    job_id = upload(CHINOOK)
    csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": plan(machines, job_id)[0]}, None)
    csv_import.finish({"store_id": store.id, "job_id": job_id, "failed": "States.Timeout"}, None)
    job = import_jobs.get(store, job_id)
    assert (job.status, job.created, job.rejected, job.rows_total) == ("failed", 10, 49, 59)
    assert "49 rows" in str(job.message)
    assert [(row["line"], row["code"]) for row in report(store, job_id)] == [
        (str(line), "not_loaded") for line in range(12, 61)
    ]


def test_a_finished_job_stays_as_it_is(store: Store, run: Import) -> None:
    job = run(b"email\nana@example.com\n")
    csv_import.finish({"store_id": store.id, "job_id": job.id, "failed": "States.Timeout"}, None)
    assert import_jobs.get(store, job.id) == job


def test_jobs_are_listed_newest_first_page_by_page(store: Store, run: Import) -> None:
    ids = {run(b"email\nana@example.com\n", f"{number}.csv").id for number in range(3)}
    page = import_jobs.list_all(store, limit=2)
    rest = import_jobs.list_all(store, limit=2, cursor=page.next_cursor)
    listed = [job.id for job in (*page.items, *rest.items)]
    assert listed == sorted(ids, reverse=True)
    assert rest.next_cursor is None
    with pytest.raises(InvalidInputError):
        import_jobs.list_all(store, cursor="invented")


def test_an_unknown_job_and_a_report_that_is_not_there_yet_are_not_found(
    store: Store, upload: Callable[..., str]
) -> None:
    with pytest.raises(ImportNotFoundError):
        import_jobs.get(store, "imp_01K")
    job_id = upload(CHINOOK)
    with pytest.raises(ImportNotFoundError):
        import_jobs.report_url(store, job_id, "rejects")


def test_a_report_url_is_signed_for_the_region_of_its_bucket(
    store: Store, run: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = run(b"email\nana@example.com\n")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    clients.s3.cache_clear()
    url = import_files.report_url(job.id, "rejects")
    assert url.startswith(f"https://{IMPORT_JOBS}.s3.eu-west-1.amazonaws.com/{job.id}/rejects?")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
