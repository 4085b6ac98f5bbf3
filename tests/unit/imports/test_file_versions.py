"""Of several versions of one file, the newest one's values stay, in whichever order the events come."""

from typing import Any

import pytest
from tests.support.import_runs import StateMachines, dropped, plan

import csv_import
from clientela import clock
from clientela.customers import customers
from clientela.handlers.error_logs import FaultError
from clientela.imports import file_versions, import_jobs, import_start
from clientela.imports.import_jobs import ImportJob
from clientela.stores.stores import Store

OLD, NEW = b"email,name\nver@example.com,Old\n", b"email,name\nver@example.com,New\n"


def receive(*events: dict[str, Any]) -> None:
    for event in events:
        csv_import.receive(event, None)


def work(store: Store, machines: StateMachines, job_id: str) -> None:
    """Run a job's chunks and its end."""
    load(store, machines, job_id)
    csv_import.finish({"store_id": store.id, "job_id": job_id}, None)


def load(store: Store, machines: StateMachines, job_id: str) -> None:
    for chunk in plan(machines, job_id):
        csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)


def work_all(store: Store, machines: StateMachines) -> None:
    done: set[str] = set()
    while left := machines.started.keys() - done:
        work(store, machines, min(left))
        done |= {min(left)}


def name(store: Store) -> str | None:
    found = customers.find(store, "ver@example.com", clock.now())
    return found.name if found else None


def statuses(store: Store) -> list[tuple[str, str | None]]:
    """Oldest first."""
    return [(job.status, job.message) for job in reversed(import_jobs.list_all(store).items)]


def jobs(store: Store) -> list[ImportJob]:
    return sorted(import_jobs.list_all(store).items, key=lambda job: job.id)


@pytest.mark.parametrize("order", ["old new", "new old", "old new old", "new old new"])
def test_the_newest_version_stays_in_any_order_of_the_events(store: Store, machines: StateMachines, order: str) -> None:
    events = {"old": dropped(store, OLD, "list.csv"), "new": dropped(store, NEW, "list.csv")}
    for each in order.split():
        receive(events[each])
        work_all(store, machines)
    assert name(store) == "New"
    assert all(job.finished_at for job in jobs(store))


def test_an_older_version_that_comes_late_is_not_imported_and_says_why(store: Store, machines: StateMachines) -> None:
    old, new = dropped(store, OLD, "list.csv"), dropped(store, NEW, "list.csv")
    receive(new, old)
    assert len(machines.started) == 1
    ended = [job for job in jobs(store) if job.status == "failed"]
    assert [job.message for job in ended] == [import_start.REPLACED.text()]


def test_versions_without_a_sequencer_are_ordered_by_s3_itself(store: Store, machines: StateMachines) -> None:
    old, new = dropped(store, OLD, "list.csv"), dropped(store, NEW, "list.csv")
    for event in (old, new):
        del event["Records"][0]["s3"]["object"]["sequencer"]
    receive(new, old)
    work_all(store, machines)
    assert name(store) == "New"


def test_a_newer_version_waits_until_the_running_import_has_stopped(store: Store, machines: StateMachines) -> None:
    receive(dropped(store, OLD, "list.csv"))
    (first,) = machines.started
    receive(dropped(store, NEW, "list.csv"))
    assert list(machines.started) == [first]
    load(store, machines, first)  # a chunk that starts now loads nothing
    assert name(store) is None
    csv_import.finish({"store_id": store.id, "job_id": first}, None)
    (second,) = machines.started.keys() - {first}
    old = import_jobs.get(store, first)
    assert (old.status, old.message, old.rows_total, old.rejected) == ("failed", import_start.REPLACED.text(), 1, 1)
    work(store, machines, second)
    assert (name(store), import_jobs.get(store, second).status) == ("New", "succeeded")


def test_of_three_versions_the_middle_one_is_passed_over(store: Store, machines: StateMachines) -> None:
    middle = b"email,name\nver@example.com,Middle\nonly@example.com,Middle\n"
    for content in (OLD, middle, NEW):
        receive(dropped(store, content, "list.csv"))
    work_all(store, machines)
    assert (name(store), len(machines.started)) == ("New", 2)
    assert customers.find(store, "only@example.com", clock.now()) is None
    assert sorted(job.status for job in jobs(store)) == ["failed", "failed", "succeeded"]


def test_an_import_whose_execution_was_stopped_by_hand_does_not_hold_up_the_next(
    store: Store, machines: StateMachines
) -> None:
    receive(dropped(store, OLD, "list.csv"))
    machines.aborted |= machines.started.keys()
    receive(dropped(store, NEW, "list.csv"))
    assert len(machines.started) == 2


def test_an_end_that_died_before_it_started_the_next_version_starts_it_when_repeated(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(dropped(store, OLD, "list.csv"))
    (first,) = machines.started
    receive(dropped(store, NEW, "list.csv"))

    def dies(*_: object) -> None:
        raise ConnectionError("the function was killed here")

    with monkeypatch.context() as patch:
        patch.setattr(file_versions, "release", dies)
        with pytest.raises(FaultError):
            csv_import.finish({"store_id": store.id, "job_id": first}, None)
    csv_import.finish({"store_id": store.id, "job_id": first}, None)
    assert len(machines.started) == 2


def test_a_dry_run_neither_stops_an_import_nor_waits_for_it(store: Store, machines: StateMachines) -> None:
    receive(dropped(store, OLD, "list.csv"), dropped(store, NEW, "list.csv", {"dry-run": "true"}))
    assert len(machines.started) == 2
    work_all(store, machines)
    assert (name(store), [job.status for job in jobs(store)]) == ("Old", ["succeeded", "succeeded"])


def test_a_version_that_is_refused_does_not_stop_the_older_one(store: Store, machines: StateMachines) -> None:
    receive(dropped(store, OLD, "list.csv"), dropped(store, b"name\nAna\n", "list.csv"))
    work_all(store, machines)
    assert name(store) == "Old"


def test_files_of_other_names_are_imported_side_by_side(store: Store, machines: StateMachines) -> None:
    receive(dropped(store, OLD, "a.csv"), dropped(store, NEW, "b.csv"))
    assert len(machines.started) == 2
