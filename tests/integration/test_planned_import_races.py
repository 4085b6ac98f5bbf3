"""Planned imports and undos on DynamoDB Local: requests side by side, changes in between, a death in the middle."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.import_runs import StateMachines
from tests.support.people import everybody
from tests.support.planned_imports import KEY, Functions, Imports

import csv_import
from clientela import clock
from clientela.aws import clients
from clientela.customers import customer_history, customers
from clientela.customers.customer_fields import NewCustomer
from clientela.errors import ClientelaError, ImportStateError
from clientela.handlers.error_logs import FaultError
from clientela.imports import import_states
from clientela.lifecycle import customer_removal, import_undo
from clientela.stores import audit_trail, stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb

FILE = b"email,name\n" + b"".join(b"p%d@example.com,Imported\n" % number for number in range(40))
OLD = [f"p{number}@example.com" for number in range(10)]


class KilledError(RuntimeError):
    """The function was killed at an AWS call."""


@pytest.fixture
def imports(deployed: None, machines: StateMachines, monkeypatch: pytest.MonkeyPatch) -> Imports:
    functions = Functions()
    monkeypatch.setattr(clients, "lambda_", lambda: functions)
    store = stores.create(f"store-{uuid.uuid4().hex[:12]}", StoreSettings(name="Demo"), clock.now())
    for email in OLD:
        customers.create(store, NewCustomer(email=email, name="Former"), clock.now())
    return Imports(store, machines, functions)


def side_by_side(*calls: Callable[[], object]) -> list[object]:
    """Do all at the same time, and return what each answered or raised."""

    def attempt(call: Callable[[], object]) -> object:
        try:
            return call()
        except ClientelaError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(attempt, calls))


def names(store: Store) -> dict[str, str | None]:
    return {each.email: each.name for each in everybody(store)}


def test_of_many_starts_one_counts_and_all_return_the_running_import(imports: Imports) -> None:
    job = imports.planned(FILE)
    start = lambda: import_states.start(imports.store, job.id, clock.now(), KEY)  # noqa: E731
    answers = side_by_side(*[start] * 8)
    assert {getattr(answer, "status", answer) for answer in answers} == {"running"}
    assert len(audit_trail.page(imports.store, clock.now(), action="import.started").items) == 1
    imports.work()
    ended = imports.job(job.id)
    assert (ended.created, ended.updated, ended.rejected) == (30, 10, 0)


def test_a_start_and_a_cancel_at_once_end_in_one_of_the_two(imports: Imports) -> None:
    for _ in range(5):
        job = imports.planned(FILE)
        side_by_side(
            lambda job=job: import_states.start(imports.store, job.id, clock.now(), KEY),
            lambda job=job: imports.cancel(job.id),
        )
        imports.work()
        ended = imports.job(job.id)
        assert ended.status == "cancelled"
        assert set(names(imports.store).values()) == {"Former"}


def test_a_cancel_and_the_end_at_once_leave_exact_counts(imports: Imports) -> None:
    for number in range(5):
        job = imports.planned(FILE.replace(b"Imported", b"Imported %d" % number))
        import_states.start(imports.store, job.id, clock.now(), KEY)
        event = {"store_id": imports.store.id, "job_id": job.id, "run": "load"}
        for chunk in imports.chunks(job.id):
            csv_import.load(event | {"chunk": chunk}, None)
        side_by_side(lambda job=job: imports.cancel(job.id), lambda event=event: csv_import.finish(event, None))
        ended = imports.job(job.id)
        assert (ended.status, ended.created + ended.updated, ended.rejected) == ("succeeded", 40, 0)


def test_undoing_at_once_is_undoing_once(imports: Imports) -> None:
    job = imports.start(imports.planned(FILE).id)
    undo = lambda: import_undo.undo(imports.store, job.id, clock.now(), KEY)  # noqa: E731
    side_by_side(*[undo] * 6)
    event = {"store_id": imports.store.id, "job_id": job.id, "run": "undo-1"}
    (chunk,) = imports.chunks(f"{job.id}-undo-1")
    side_by_side(*[lambda: csv_import.load(event | {"chunk": chunk}, None)] * 3)
    csv_import.finish(event, None)
    undone = imports.job(job.id).undo
    assert undone
    assert (undone.status, undone.removed, undone.restored, undone.kept) == ("succeeded", 30, 10, 0)
    assert names(imports.store) == dict.fromkeys(OLD, "Former")
    assert len(audit_trail.page(imports.store, clock.now(), action="import.undone").items) == 1


def test_an_undo_beside_changes_of_the_customers_loses_none(imports: Imports) -> None:
    job = imports.start(imports.planned(FILE).id)
    ids = {each.email: each.id for each in everybody(imports.store)}

    def change(number: int) -> None:
        customers.patch(imports.store, ids[f"p{number}@example.com"], {"name": "Herself"}, clock.now())

    changes = [lambda number=number: change(number) for number in range(5, 25)]
    side_by_side(lambda: imports.undo(job.id), *changes)
    undone = imports.job(job.id).undo
    after = everybody(imports.store)
    assert undone
    assert undone.removed + undone.restored + undone.kept == 40
    for each in after:
        if each.name == "Imported":
            raise AssertionError("neither undone nor changed")
        entries = customer_history.page(imports.store, each, clock.now()).items
        assert each.name in ("Former", "Herself"), entries
    assert sum(each.email not in OLD for each in after) == 30 - undone.removed


def test_an_undo_beside_an_erasure_brings_nobody_back(imports: Imports) -> None:
    job = imports.start(imports.planned(FILE).id)
    ids = [each.id for each in everybody(imports.store)][:8]
    erase = [
        lambda each=each: customer_removal.erase(imports.store, each, clock.now(), KEY, lambda: False) for each in ids
    ]
    side_by_side(lambda: imports.undo(job.id), *erase)
    assert not set(ids) & {each.id for each in everybody(imports.store)}


@pytest.mark.parametrize("call_number", [3, 10, 25, 60, 110])
def test_an_undo_that_dies_at_any_call_is_finished_by_the_next_with_the_same_counts(
    imports: Imports, monkeypatch: pytest.MonkeyPatch, call_number: int
) -> None:
    job = imports.start(imports.planned(FILE).id)
    import_undo.undo(imports.store, job.id, clock.now(), KEY)
    event = {"store_id": imports.store.id, "job_id": job.id, "run": "undo-1"}
    (chunk,) = imports.chunks(f"{job.id}-undo-1")
    made, send = [0], dynamodb.client.send

    def dying(operation: str, body: bytes) -> object:
        answer = send(operation, body)
        made[0] += 1
        if made[0] == call_number:
            raise KilledError
        return answer

    monkeypatch.setattr(dynamodb.client, "send", dying)
    with pytest.raises(FaultError):
        csv_import.load(event | {"chunk": chunk}, None)
    csv_import.load(event | {"chunk": chunk}, None)
    csv_import.finish(event, None)
    undone = imports.job(job.id).undo
    assert undone
    assert (undone.removed, undone.restored, undone.kept) == (30, 10, 0)
    assert names(imports.store) == dict.fromkeys(OLD, "Former")


def test_a_file_that_is_cancelled_while_it_is_planned_changes_nothing(imports: Imports) -> None:
    requested = imports.request(FILE)
    imports.upload(requested, FILE)
    side_by_side(imports.work, lambda: imports.cancel(requested.job.id))
    with pytest.raises(ImportStateError):
        import_states.start(imports.store, requested.job.id, clock.now(), KEY)
    assert names(imports.store) == dict.fromkeys(OLD, "Former")
