"""Large exports: split, written part by part, and joined."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.support.deployment import EXPORTS
from tests.support.exports import NOW, Machine, add, content, export, objects, rows
from tests.support.interleaving import after_first

from clientela.aws import clients
from clientela.customers import customer_records, customers, directory_walks
from clientela.customers.customer_filter import CustomerFilter, compile_filter
from clientela.exports import export_files, export_jobs, export_part_records, export_runs
from clientela.exports.export_completeness import ExportIncompleteError
from clientela.handlers import error_logs
from clientela.lifecycle import store_deletions
from clientela.schema.actors import OPERATOR
from clientela.stores.stores import Store
from clientela.table import dynamodb

PEOPLE = 30


@pytest.fixture(autouse=True)
def small_parts(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPORT_PART_ROWS", "10")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(clients, "step_functions", lambda: machine)
    return machine


@pytest.fixture
def people(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The e-mails of a store's customers in order of creation; every bucket has as many."""
    order: dict[str, int] = {}
    monkeypatch.setattr(customer_records, "bucket", lambda id_, buckets: order.setdefault(id_, len(order)) % buckets)
    emails = [f"p{number:02}@example.com" for number in range(PEOPLE)]
    for number, email in enumerate(emails):
        add(store, email, NOW + timedelta(seconds=number))
    return emails


def in_one_step(store: Store, monkeypatch: pytest.MonkeyPatch, aws: Any) -> bytes:
    with monkeypatch.context() as patch:
        patch.setenv("EXPORT_PART_ROWS", "1000")
        return content(aws, export(store).file)


def parts_in(aws: Any) -> list[str]:
    return [key for key in objects(aws) if key.startswith(export_files.PARTS_PREFIX)]


def test_the_parts_make_the_file_that_one_step_makes(
    store: Store, aws: Any, machine: Machine, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = in_one_step(store, monkeypatch, aws)
    started = export(store, created_at=NOW + timedelta(hours=1))
    (execution,) = machine.inputs
    assert (started.status, started.parts) == ("running", len(execution["parts"]))
    assert len(execution["parts"]) >= 2
    assert execution["concurrency"] == 5
    assert machine.run() == "succeeded"
    job = export_jobs.get(store, started.id)
    assert (job.status, job.rows, job.size, job.parts_done) == ("succeeded", PEOPLE, len(whole), None)
    assert content(aws, job.file) == whole
    manifest = json.loads(content(aws, job.manifest))
    assert (manifest["rows"], manifest["sha256"]) == (PEOPLE, job.sha256)
    assert [row["email"] for row in rows(aws, job)] == people
    assert parts_in(aws) == []


def test_a_store_of_one_part_is_exported_in_one_step(store: Store, machine: Machine) -> None:
    add(store, "ana@example.com")
    job = export(store)
    assert (job.status, job.rows, job.parts, machine.inputs) == ("succeeded", 1, None, [])


def test_named_customers_are_exported_in_one_step(store: Store, machine: Machine, people: list[str]) -> None:
    job = export(store, CustomerFilter(email=people[7]))
    assert (job.status, job.rows, machine.inputs) == ("succeeded", 1, [])


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (CustomerFilter(tag="vip"), {"p03@example.com", "p21@example.com"}),
        (CustomerFilter(query="p1"), {f"p1{number}@example.com" for number in range(10)}),
        (CustomerFilter(max_orders=0, created_to=NOW + timedelta(seconds=24)), {f"p{n:02}@example.com" for n in range(25)}),
    ],
)  # fmt: skip
def test_a_filter_applies_in_every_part(
    store: Store, aws: Any, machine: Machine, people: list[str], wanted: CustomerFilter, expected: set[str]
) -> None:
    for email in ("p03@example.com", "p21@example.com"):
        customer = customers.find(store, email, NOW)
        assert customer
        customers.patch(store, customer.id, {"tags": ["vip"]}, NOW)
    started = export(store, wanted)
    assert machine.run() == "succeeded"
    assert {row["email"] for row in rows(aws, export_jobs.get(store, started.id))} == expected


def test_the_job_shows_its_progress(store: Store, machine: Machine, people: list[str]) -> None:
    started = export(store)
    shown = []
    machine.run(after_part=lambda: shown.append(export_jobs.get(store, started.id)))
    assert [job.parts_done for job in shown] == list(range(1, len(machine.inputs[0]["parts"]) + 1))
    assert {job.parts for job in shown} == {started.parts}


def test_no_reader_sees_a_file_or_manifest_before_all_parts_are_written(
    store: Store, aws: Any, machine: Machine, people: list[str]
) -> None:
    export(store)
    seen: list[str] = []
    machine.run(after_part=lambda: seen.extend(key for key in objects(aws) if key.startswith("demo/")))
    assert seen == []
    assert len(objects(aws)) == 2


def test_a_part_that_lacks_customers_fails_the_export_and_leaves_nothing(
    store: Store, aws: Any, machine: Machine, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = export_jobs.start(store, NOW)
    export_runs.run(store, started.id, NOW + timedelta(hours=1))
    read, calls = directory_walks.profiles, iter(range(100))

    def shortened(*arguments: Any) -> Iterator[dynamodb.Item]:
        found = list(read(*arguments))
        return iter(found[:-1] if next(calls) == 2 else found)

    monkeypatch.setattr(directory_walks, "profiles", shortened)
    with pytest.raises(error_logs.FaultError) as raised:
        machine.run()
    assert type(raised.value).__name__ == ExportIncompleteError.__name__
    assert machine.finish_failed(type(raised.value).__name__) == "failed"
    job = export_jobs.get(store, started.id)
    assert (job.status, job.message) == ("failed", "Customers were missing in a part of the file.")
    assert objects(aws) == []


def test_a_missing_part_fails_the_end(store: Store, aws: Any, machine: Machine, people: list[str]) -> None:
    started = export(store)
    (execution,) = machine.inputs
    execution["parts"].append({"number": 99, "low": "9", "high": None})
    machine.run(skip=99)
    with pytest.raises(error_logs.FaultError):
        machine.finish()
    assert export_jobs.get(store, started.id).status == "running"
    assert [key for key in objects(aws) if key.startswith("demo/")] == []


class Death(BaseException):
    """The process is killed."""


def test_a_part_that_runs_twice_at_once_counts_once(
    store: Store, aws: Any, machine: Machine, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = in_one_step(store, monkeypatch, aws)
    export(store, created_at=NOW + timedelta(hours=1))
    first, *others = machine.steps()
    after_first(monkeypatch, export_part_records, "find", first)
    first()
    assert len(parts_in(aws)) == 1
    for step in others:
        step()
    job = export_jobs.list_all(store, 1).items[0]
    assert content(aws, job.file) == whole


def test_steps_of_an_earlier_run_change_nothing(store: Store, aws: Any, machine: Machine, people: list[str]) -> None:
    started = export(store)
    old = machine.steps()
    old[0]()
    export_runs.run(store, started.id, NOW + timedelta(days=2), "another")
    first, *others = machine.steps()
    first()
    of_new_run = parts_in(aws)[-1:]
    for step in old:
        step()
    assert parts_in(aws) == of_new_run
    for step in others:
        step()
    job = export_jobs.get(store, started.id)
    assert (job.status, job.rows, parts_in(aws)) == ("succeeded", PEOPLE, [])


def test_a_call_that_died_before_it_started_the_machine_starts_it_when_repeated(
    store: Store, machine: Machine, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = export_jobs.start(store, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(Machine, "start_execution", killed)
        with pytest.raises(Death):
            export_runs.run(store, started.id, NOW, "call")
    assert export_runs.run(store, started.id, NOW, "other").status == "running"
    assert machine.inputs == []
    export_runs.run(store, started.id, NOW, "call")
    export_runs.run(store, started.id, NOW, "call")
    assert len(machine.inputs) == 1
    assert machine.run() == "succeeded"


def killed(*_: object, **__: object) -> None:
    raise Death


def test_a_machine_that_cannot_be_started_fails_the_job(
    store: Store, machine: Machine, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError

    started = export_jobs.start(store, NOW)
    monkeypatch.setattr(Machine, "start_execution", broken)
    with pytest.raises(OSError):  # noqa: PT011 - whatever it is
        export_runs.run(store, started.id, NOW)
    assert export_jobs.get(store, started.id).status == "failed"


def test_the_steps_of_a_deleted_store_leave_nothing(
    store: Store, aws: Any, machine: Machine, people: list[str]
) -> None:
    export(store)
    first, *others = machine.steps()
    first()
    assert parts_in(aws)
    store_deletions.begin(store.id, NOW, OPERATOR)
    for step in others:
        step()
    assert objects(aws) == []


def test_a_store_that_is_deleted_while_its_parts_are_joined_gets_no_file(
    store: Store, aws: Any, machine: Machine, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    export(store)
    *parts, finish = machine.steps()
    for part in parts:
        part()
    read = export_files.read

    def deleted_meanwhile(key: str) -> Iterator[bytes]:
        yield from read(key)
        store_deletions.begin(store.id, NOW, OPERATOR)

    monkeypatch.setattr(export_files, "read", deleted_meanwhile)
    finish()
    assert objects(aws) == []


def test_parts_are_as_many_as_the_state_machine_can_take(
    store: Store, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = compile_filter(CustomerFilter(), store)
    for most in (1, 2, 3, 500):
        ranges = directory_walks.split(store, tests, 1, most)
        assert len(ranges) <= most
        found = [item["pk"]["S"] for each in ranges for item in directory_walks.profiles(store, tests, each)]
        assert len(found) == len(set(found)) == PEOPLE


def test_a_part_is_read_in_blocks(store: Store, aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    aws("s3").put_object(Bucket=EXPORTS, Key="_parts/x", Body=b"x" * 1000)
    monkeypatch.setattr(export_files, "READ_BYTES", 300)
    assert [len(block) for block in export_files.read("_parts/x")] == [300, 300, 300, 100]
