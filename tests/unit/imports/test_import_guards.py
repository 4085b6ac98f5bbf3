"""Guards of imports: each test has one fixed interleaving, and fails without the guard."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.support.import_runs import StateMachines, dropped, plan
from tests.support.interleaving import after_first, before_first
from tests.support.planned_imports import KEY, Imports, arrival, put

import csv_import
from clientela import clock
from clientela.customers import customers
from clientela.errors import ImportStateError, PlanOutdatedError
from clientela.imports import (
    file_versions,
    import_jobs,
    import_load,
    import_marks,
    import_planning,
    import_states,
)
from clientela.imports.import_choices import ImportChanges
from clientela.imports.import_jobs import ImportJob
from clientela.lifecycle import import_reversal, import_undo
from clientela.stores import audit_trail
from clientela.stores.stores import Store

FILE = b"email,name,Colour\nana@example.com,Ana,red\nben@example.com,Ben,blue\n"


def acts(imports: Imports, action: Any) -> int:
    return len(audit_trail.page(imports.store, clock.now(), action=action).items)


def state(imports: Imports, job: ImportJob) -> tuple[str, int | None]:
    after = imports.job(job.id)
    return after.status, after.plan


# The job of a file in the bucket.


def test_an_event_that_comes_twice_leaves_the_job_as_it_is(store: Store, machines: StateMachines) -> None:
    event = dropped(store, FILE, "customers.csv")
    csv_import.receive(event, None)
    (job_id,) = machines.started
    for chunk in plan(machines, job_id):
        csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)
    csv_import.receive(event, None)
    job = import_jobs.get(store, job_id)
    assert (job.status, job.created) == ("running", 2)


def test_a_cancelled_import_is_not_started_by_its_event(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancel() -> None:
        (job,) = import_jobs.list_all(store).items
        import_states.cancel(store, job.id, clock.now(), KEY)

    before_first(monkeypatch, import_marks, "mark_running", cancel)
    csv_import.receive(dropped(store, FILE, "customers.csv"), None)
    (job,) = import_jobs.list_all(store).items
    assert (job.status, machines.started) == ("cancelled", {})


def test_a_late_failure_does_not_end_an_import_that_has_succeeded(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    csv_import.receive(dropped(store, FILE, "customers.csv"), None)
    (job_id,) = machines.started
    event = {"store_id": store.id, "job_id": job_id}

    def succeed() -> None:
        for chunk in plan(machines, job_id):
            csv_import.load(event | {"chunk": chunk}, None)
        csv_import.finish(event, None)

    before_first(monkeypatch, import_jobs, "end", succeed)
    csv_import.finish(event | {"failed": "States.Timeout"}, None)
    job = import_jobs.get(store, job_id)
    assert (job.status, job.created) == ("succeeded", 2)


# The versions of a file in the bucket.


@pytest.mark.parametrize("step", ["claim", "acquire"])
def test_a_newer_version_that_comes_in_between_is_the_one_that_is_imported(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    older = dropped(store, b"email,name\nana@example.com,Old\n", "customers.csv")
    newer = dropped(store, b"email,name\nana@example.com,New\n", "customers.csv")
    before_first(monkeypatch, file_versions, step, lambda: csv_import.receive(newer, None))
    csv_import.receive(older, None)
    for job_id in list(machines.started):
        for chunk in plan(machines, job_id):
            csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)
        csv_import.finish({"store_id": store.id, "job_id": job_id}, None)
    assert sorted(job.status for job in import_jobs.list_all(store).items) == ["failed", "succeeded"]
    found = customers.find(store, "ana@example.com", clock.now())
    assert found
    assert found.name == "New"


def test_an_older_version_does_not_take_the_file_while_a_newer_one_is_about_to(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = dropped(store, b"email,name\nana@example.com,Old\n", "customers.csv")
    newer = dropped(store, b"email,name\nana@example.com,New\n", "customers.csv")
    acquire, late, taken = file_versions.acquire, list[tuple[Any, ...]](), list[bool]()

    def interleave(*wanted: Any) -> bool:
        late.append(wanted)
        if len(late) == 1:
            csv_import.receive(newer, None)
            return taken[0]
        taken.append(acquire(*late[0]))
        return acquire(*wanted)

    monkeypatch.setattr(file_versions, "acquire", interleave)
    csv_import.receive(older, None)
    (job_id,) = machines.started
    assert import_jobs.get(store, job_id).status == "running"
    assert (taken, len(late)) == ([False], 2)


def test_the_repeated_end_of_an_older_version_does_not_release_the_newer_one(
    store: Store, machines: StateMachines
) -> None:
    for name in ("Old", "New"):
        csv_import.receive(dropped(store, f"email,name\nana@example.com,{name}\n".encode(), "customers.csv"), None)
    (older,) = machines.started
    for _ in range(2):
        csv_import.finish({"store_id": store.id, "job_id": older}, None)
    newer = next(job_id for job_id in machines.started if job_id != older)
    versions = file_versions.find(store.id, f"{store.id}/customers.csv")
    assert versions
    assert versions.running_job == newer


# An import over the API.


def test_of_two_uploads_that_arrive_at_once_one_is_planned(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    requested = imports.request(FILE)
    events = []
    for _ in range(2):
        put(requested, FILE)
        events.append(arrival(f"{imports.store.id}/{requested.job.id}/customers.csv"))
    first, second = events

    def the_second_is_planned() -> None:
        csv_import.receive(second, None)
        imports.work()

    before_first(monkeypatch, import_states, "file_arrived", the_second_is_planned)
    csv_import.receive(first, None)
    imports.work()
    record = import_jobs.get_record(imports.store.id, requested.job.id)
    assert record.status == "planned"
    assert record.source.version_id == second["Records"][0]["s3"]["object"]["versionId"]


def test_a_plan_that_changes_while_it_is_started_is_outdated(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    job = imports.planned(FILE)
    before_first(
        monkeypatch, import_states, "_require_current", lambda: imports.change(job.id, mapping={"Colour": "company"})
    )
    with pytest.raises(PlanOutdatedError):
        imports.start(job.id, plan=1)
    assert state(imports, job) == ("planned", 2)


def test_a_plan_that_expires_while_it_is_started_stays_expired(
    imports: Imports, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = imports.planned(FILE)
    expire = lambda: import_planning.expire(imports.store.id, job.id, 1, clock.now() + timedelta(days=1))  # noqa: E731
    after_first(monkeypatch, import_states, "_require_current", expire)
    with pytest.raises(ImportStateError):
        imports.start(job.id)
    assert state(imports, job) == ("cancelled", 1)


def test_two_cancels_at_once_are_one(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    job = imports.planned(FILE)
    import_states.start(imports.store, job.id, clock.now(), KEY)
    before_first(monkeypatch, import_jobs, "has_ended", lambda: imports.cancel(job.id))
    imports.cancel(job.id)
    assert acts(imports, "import.cancelled") == 1


def test_an_import_that_is_cancelled_while_its_plan_is_made_stays_cancelled(
    imports: Imports, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested = imports.request(FILE)
    imports.upload(requested, FILE)
    before_first(monkeypatch, import_marks, "mark_plan_made", lambda: imports.cancel(requested.job.id))
    imports.work()
    assert imports.job(requested.job.id).status == "cancelled"


def test_the_late_end_of_a_plan_is_not_that_of_the_next_one(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    requested = imports.request(FILE)
    imports.upload(requested, FILE)
    job_id, store = requested.job.id, imports.store

    def the_next_one_begins() -> None:
        csv_import.finish({"store_id": store.id, "job_id": job_id, "run": "plan-1"}, None)
        changes = ImportChanges(mapping={"Colour": "company"})
        import_states.change(store, job_id, changes, clock.now(), KEY)

    before_first(monkeypatch, import_marks, "mark_plan_made", the_next_one_begins)
    name = f"{job_id}-plan-1"
    for chunk in imports.chunks(name):
        csv_import.load({"store_id": store.id, "job_id": job_id, "run": "plan-1", "chunk": chunk}, None)
    csv_import.finish({"store_id": store.id, "job_id": job_id, "run": "plan-1"}, None)
    assert state(imports, requested.job) == ("reading", 2)


def test_a_chunk_that_begins_after_the_cancel_loads_nothing(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    job = imports.planned(FILE)
    import_states.start(imports.store, job.id, clock.now(), KEY)
    before_first(monkeypatch, import_load, "_run", lambda: imports.cancel(job.id))
    imports.work()
    assert (imports.job(job.id).status, imports.job(job.id).created) == ("cancelled", 0)


# An undo.


@pytest.fixture
def loaded(imports: Imports) -> ImportJob:
    return imports.start(imports.planned(FILE).id)


def test_two_undos_at_once_are_one(imports: Imports, loaded: ImportJob, monkeypatch: pytest.MonkeyPatch) -> None:
    undo: Callable[[], object] = lambda: import_undo.undo(imports.store, loaded.id, clock.now(), KEY)  # noqa: E731
    before_first(monkeypatch, import_undo, "_require_undoable", undo)
    undo()
    assert acts(imports, "import.undone") == 1
    assert import_jobs.get_record(imports.store.id, loaded.id).undo_number == 1


def test_the_late_end_of_an_undo_is_not_that_of_the_next_one(
    imports: Imports, loaded: ImportJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_undo.undo(imports.store, loaded.id, clock.now(), KEY)
    event = {"store_id": imports.store.id, "job_id": loaded.id, "run": "undo-1"}

    def the_next_one_begins() -> None:
        csv_import.finish(event | {"failed": "States.Timeout"}, None)
        import_undo.undo(imports.store, loaded.id, clock.now(), KEY)

    before_first(monkeypatch, import_reversal, "summarise", the_next_one_begins)
    csv_import.finish(event, None)
    undone = imports.job(loaded.id).undo
    assert undone
    assert undone.status == "running"


def test_a_customer_who_is_changed_while_an_undo_looks_is_kept(
    imports: Imports, loaded: ImportJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = customers.find(imports.store, "ana@example.com", clock.now())
    assert ana
    change = lambda: customers.patch(imports.store, ana.id, {"name": "Herself"}, clock.now())  # noqa: E731
    after_first(monkeypatch, import_reversal, "require_untouched", change)
    undone = imports.undo(loaded.id).undo
    assert undone
    assert (undone.removed, undone.kept) == (1, 1)
    after = customers.find(imports.store, "ana@example.com", clock.now())
    assert after
    assert after.name == "Herself"
