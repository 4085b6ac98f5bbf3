"""Exports of what changed: nothing is lost between two of them, and nothing is read that did not change."""

import csv
import io
import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.integration.test_large_exports import buy
from tests.support.deployment import EXPORTS
from tests.support.exports import Machine
from tests.support.streams import arriving, recorded

from clientela import clock, ids, settings
from clientela.aws import clients
from clientela.customers import change_log, customers
from clientela.customers.customer_fields import NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.exports import change_windows, export_changes, export_jobs, export_runs
from clientela.exports.change_windows import ChangeWindow
from clientela.exports.export_jobs import ExportJob
from clientela.lifecycle import customer_removal, merge_undo, merges, removal_queue
from clientela.migrations import migration_runs, store_growth
from clientela.schema.actors import OPERATOR
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb, keys, stream

NOW = clock.now()
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def with_stream() -> bool:
    return True


@pytest.fixture
def store(deployed: None, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(removal_queue, "put", lambda *_arguments, **_options: None)
    change_log._cache.clear()
    store = stores.create(f"changes-{uuid.uuid4().hex[:8]}", StoreSettings(name="Changes"), NOW)
    change_log.enable(store.id, NOW - HOUR)
    return store


@pytest.fixture
def changes(store: Store, dynamodb_local: str) -> Callable[[], list[dict[str, Any]]]:
    """Everything that the stream has for the publisher, of this store."""

    def read() -> list[dict[str, Any]]:
        records = arriving("EventPublisher", recorded(settings.table_name(), dynamodb_local))
        return [each for each in records if _is_profile(store, each["dynamodb"]["Keys"])]

    return read


def _is_profile(store: Store, key: dynamodb.Item) -> bool:
    return f"#{store.id}#" in key["pk"]["S"] and key["sk"]["S"] == keys.PROFILE


def log(records: list[dict[str, Any]], at: datetime) -> int:
    return change_log.record_changes(map(stream.read, records), at)


def create(store: Store, name: str) -> str:
    return customers.create(store, NewCustomer(email=f"{name}@example.com", name=name), clock.now()).id


def remove(store: Store, customer_id: str) -> None:
    customer_removal.remove(store, customer_id, clock.now(), OPERATOR)


def erase(store: Store, customer_id: str) -> None:
    customer_removal.erase(store, customer_id, clock.now(), OPERATOR, lambda: False)


def merge(store: Store, into: str, source: str) -> None:
    merges.merge(store, into, source, clock.now(), OPERATOR, lambda: False)


def export(store: Store, since: datetime | None, until: datetime, wanted: CustomerFilter | None = None) -> ExportJob:
    window = ChangeWindow(since=since, until=until) if since else None
    job = ExportJob(id=ids.new("exp", until), filter=wanted or CustomerFilter(), changes=window, created_at=until)
    export_jobs.create(store, job, OPERATOR)
    return export_runs.run(store, job.id, until)


def rows(key: str | None) -> list[dict[str, str]]:
    body = clients.s3().get_object(Bucket=EXPORTS, Key=str(key))["Body"].read()
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def emails(job: ExportJob) -> list[str]:
    return sorted(row["email"].partition("@")[0] for row in rows(job.file))


def act(store: Store, random_: random.Random, people: dict[str, str]) -> None:
    """Change something, and keep the names of those who are there by their ids."""
    known = list(people)
    kind = random_.choice(["create", "create", "patch", "patch", "order", "remove", "erase", "merge", "undo"])
    if kind == "create" or len(known) < 4:
        name = f"p{uuid.uuid4().hex[:8]}"
        people[create(store, name)] = name
    elif kind == "patch":
        customers.patch(store, random_.choice(known), {"note": uuid.uuid4().hex}, clock.now())
    elif kind == "order":
        buy(store, people[random_.choice(known)], uuid.uuid4().hex)
    elif kind in ("remove", "erase"):
        gone = random_.choice(known)
        del people[gone]
        (remove if kind == "remove" else erase)(store, gone)
    else:
        into, source = random_.sample(known, 2)
        merge(store, into, source)
        if kind == "merge":
            del people[source]
        else:
            merge_undo.undo(store, into, source, clock.now(), OPERATOR, lambda: False)


def test_who_follows_the_files_has_what_the_store_has_though_the_stream_is_late_and_repeats(
    store: Store, changes: Callable[[], list[dict[str, Any]]]
) -> None:
    random_ = random.Random(7)
    people: dict[str, str] = {}
    names: dict[str, str] = {}
    followed: dict[str, dict[str, str]] = {}
    slot, logged = NOW + HOUR, 0
    for number in range(12):
        for _ in range(12 if number < 10 else 0):
            act(store, random_, people)
            names |= people
        told = changes()
        for minute in sorted(random_.sample(range(60), 3)):  # some in the last minute before the slot
            upto = len(told) if number >= 10 else random_.randint(logged, len(told))
            log(
                told[max(0, logged - random_.choice([0, 0, 3])) : upto],
                slot - HOUR + timedelta(minutes=minute, seconds=30),
            )
            logged = upto
        job = export(store, slot - HOUR, slot)
        for removal in rows(job.removed_file):
            followed.pop(names[removal["id"]], None)
        followed |= {row["email"].partition("@")[0]: row for row in rows(job.file)}
        slot += HOUR
    everybody = {row["email"].partition("@")[0]: row for row in rows(export(store, None, slot).file)}
    assert followed.keys() == everybody.keys() == set(people.values())
    assert followed == everybody


def test_removed_customers_are_listed_with_the_reason(
    store: Store, changes: Callable[[], list[dict[str, Any]]]
) -> None:
    made = {name: create(store, name) for name in ("ana", "ben", "eve", "kim", "leo", "zoe")}
    log(changes(), NOW)
    before = len(changes())
    remove(store, made["ana"])
    erase(store, made["ben"])
    merge(store, made["eve"], made["kim"])
    merge(store, made["eve"], made["leo"])
    merge_undo.undo(store, made["eve"], made["leo"], clock.now(), OPERATOR, lambda: False)
    log(changes()[before:], NOW + HOUR / 2)
    job = export(store, NOW + HOUR / 4, NOW + HOUR)
    listed = {row["id"]: (row["reason"], row["merged_into"]) for row in rows(job.removed_file)}
    assert listed == {
        made["ana"]: ("deleted", ""),
        made["ben"]: ("erased", ""),
        made["kim"]: ("merged", made["eve"]),
    }
    assert all(abs(datetime.fromisoformat(row["removed_at"]) - clock.now()) < HOUR for row in rows(job.removed_file))
    assert (job.removed, emails(job)) == (3, ["eve", "leo"])
    assert "example.com" not in str(rows(job.removed_file))


def test_only_what_changed_is_read(
    store: Store, changes: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [create(store, f"p{number:02}") for number in range(40)]
    log(changes(), NOW)
    before = len(changes())
    for customer_id in made[:3]:
        customers.patch(store, customer_id, {"note": "New"}, clock.now())
    log(changes()[before:], NOW + HOUR / 2)
    send, bodies = dynamodb.client.send, list[tuple[str, bytes]]()
    monkeypatch.setattr(dynamodb.client, "send", lambda *call: (bodies.append(call), send(*call))[1])
    job = export(store, NOW + HOUR / 4, NOW + HOUR)
    assert emails(job) == ["p00", "p01", "p02"]
    assert not [body for _, body in bodies if b"IndexName" in body]
    read = [body for operation, body in bodies if operation == "BatchGetItem"]
    assert sum(body.count(b"#CUSTOMER#") for body in read) == 3
    assert sum(operation == "Query" and b"#CHANGES#" in body for operation, body in bodies) == 3 * change_log.SHARDS


def test_a_filter_applies_to_changed_customers(store: Store, changes: Callable[[], list[dict[str, Any]]]) -> None:
    for name in ("ana", "ben"):
        customers.patch(store, create(store, name), {"tags": ["vip"] if name == "ana" else []}, clock.now())
    log(changes(), NOW + HOUR / 2)
    assert emails(export(store, NOW, NOW + HOUR, CustomerFilter(tag="vip"))) == ["ana"]


def test_a_customer_who_changes_often_is_in_the_file_once(
    store: Store, changes: Callable[[], list[dict[str, Any]]]
) -> None:
    ana = create(store, "ana")
    for number in range(3):
        customers.patch(store, ana, {"note": str(number)}, clock.now())
    for minutes, record in enumerate(changes()):
        assert log([record], NOW + timedelta(minutes=minutes)) == 1
    assert log(changes(), NOW + HOUR / 2) == 1
    (row,) = rows(export(store, NOW, NOW + HOUR).file)
    assert row["note"] == "2"


def test_many_changes_are_exported_in_parts(
    store: Store, changes: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine()
    monkeypatch.setattr(clients, "step_functions", lambda: machine)
    monkeypatch.setenv("EXPORT_PART_ROWS", "10")
    made = {create(store, f"p{number:02}"): f"p{number:02}" for number in range(40)}
    gone = next(iter(made))
    remove(store, gone)
    log(changes(), NOW + HOUR / 2)
    started = export(store, NOW, NOW + HOUR)
    assert (started.status, len(machine.inputs[0]["parts"]) > 1) == ("running", True)
    assert machine.run() == "succeeded"
    job = export_jobs.get(store, started.id)
    assert emails(job) == sorted(name for name in made.values() if name != made[gone])
    assert [row["id"] for row in rows(job.removed_file)] == [gone]


def test_a_replica_that_lags_behind_is_not_believed(
    store: Store, changes: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, _ben = create(store, "ana"), create(store, "ben")
    get_many = dynamodb.get_many
    old: list[dynamodb.Item] = []

    def lagging(wanted: Any, *arguments: Any, consistent: bool = False) -> list[dynamodb.Item]:
        if consistent or not any(sort_key == keys.PROFILE for _, sort_key in wanted):
            return get_many(wanted, *arguments, consistent=True)
        return [item for item in old if (item["pk"]["S"], keys.PROFILE) in wanted]

    old += get_many([(keys.customer(store.id, ana), keys.PROFILE)])
    customers.patch(store, ana, {"note": "New"}, clock.now())
    log(changes(), NOW + HOUR / 2)
    monkeypatch.setattr(dynamodb, "get_many", lagging)
    assert {row["email"]: row["note"] for row in rows(export(store, NOW, NOW + HOUR).file)} == {
        "ana@example.com": "New",
        "ben@example.com": "",
    }


def test_a_changed_customer_who_is_not_found_fails_the_export(
    store: Store, changes: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ana", "ben"):
        create(store, name)
    log(changes(), NOW + HOUR / 2)
    profiles, times = export_changes._profiles, iter([1])

    def short(*arguments: Any) -> list[dynamodb.Item]:
        found = profiles(*arguments)
        return found[1:] if found and next(times, None) else found

    monkeypatch.setattr(export_changes, "_profiles", short)
    with pytest.raises(export_changes.ExportIncompleteError, match="1 changed customers were read, but 2"):
        export(store, NOW, NOW + HOUR)


def test_a_customer_who_only_moves_to_another_bucket_has_not_changed(
    store: Store, changes: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration_runs, "SEGMENTS", 2)
    for number in range(8):
        create(store, f"p{number}")
    before = len(changes())
    store_growth.grow(store.id, 16, clock.now, 1e6, wait=lambda _seconds: None)
    moved = changes()[before:]
    assert moved
    assert log(moved, NOW) == 0


def test_a_planned_run_that_starts_after_a_later_one_has_an_empty_file(
    store: Store, changes: Callable[[], list[dict[str, Any]]]
) -> None:
    """Someone ran the schedule by hand while the message of the planned time was waiting."""
    create(store, "ana")
    log(changes(), NOW + HOUR / 2)
    window = change_windows.since_last(store, NOW + 2 * HOUR, NOW + HOUR, NOW + 3 * HOUR)
    assert window
    job = export(store, window.since, window.until)
    assert (job.status, job.rows, job.removed) == ("succeeded", 0, 0)


def test_a_store_without_a_log_has_no_entries(store: Store, changes: Callable[[], list[dict[str, Any]]]) -> None:
    create(store, "ana")
    change_log.disable(store.id)
    change_log._cache.clear()
    assert log(changes(), NOW) == 0


def test_the_first_export_has_everybody_and_the_next_ones_what_changed_since(deployed: None) -> None:
    store = stores.create(f"first-{uuid.uuid4().hex[:8]}", StoreSettings(name="First"), NOW)
    assert change_windows.since_last(store, None, NOW, NOW) is None
    # The log is on now, but a function may have learned of it half a minute later.
    first, second = NOW + timedelta(minutes=1), NOW + timedelta(minutes=30)
    assert change_windows.since_last(store, first, second, second) is None
    third = NOW + 2 * HOUR
    assert change_windows.since_last(store, second, third, third) == ChangeWindow(since=second, until=third)
    # Entries are kept for forty days.
    much_later = second + timedelta(days=40)
    assert change_windows.since_last(store, second, much_later, much_later) is None
    change_log.disable(store.id)
    assert change_windows.since_last(store, second, third, third) is None
    assert not change_log.covers(store.id, second, third)
