"""New customers by inserts: what is stored already, what others do meanwhile, and what throttles."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import orjson
import pytest
from tests.support.import_runs import StateMachines, dropped, plan
from tests.support.interleaving import before_first
from tests.support.people import everybody

import csv_import
from clientela import clock
from clientela.aws.http_connections import Reply
from clientela.csv import csv_survey
from clientela.customers import consents, customer_history, customer_inserts, customer_records, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import BusyError, GroupUnknownError
from clientela.handlers.error_logs import FaultError
from clientela.imports import import_files, import_jobs, import_writes
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.schema.actors import Actor
from clientela.stores.stores import Store
from clientela.table import dynamodb, inserts, keys

NOW = clock.now()


def new(email: str, **fields: Any) -> Customer:
    return customers.build(NewCustomer(email=email, **fields), clock.now(), "import")


def void_claim(store: Store, email: str, age: timedelta = timedelta()) -> Customer:
    """Leave a claim whose customer was never stored, as a process that died does."""
    lost = new(email).model_copy(update={"updated_at": clock.now() - age})
    dynamodb.put_all([customer_records.claim(store, lost).item()])
    return lost


def test_new_customers_are_stored_with_claim_consent_and_profile(store: Store) -> None:
    people = [new(f"p{number}@example.com", accepts_marketing=number == 3 or None) for number in range(25)]
    assert customer_inserts.insert(store, people) == ["inserted"] * 25
    assert [customers.find(store, each.email, NOW) for each in people] == people
    assert len(consents.page(store, people[3].id).items) == 1
    assert not consents.page(store, people[4].id).items


def test_who_has_the_email_already_stays_and_the_others_are_stored(store: Store) -> None:
    ana = customers.create(store, NewCustomer(email="ana@example.com", name="Ana"), NOW)
    people = [new("bo@example.com"), new("ANA@example.com", name="Somebody"), new("ci@example.com")]
    assert customer_inserts.insert(store, people) == ["inserted", "open", "inserted"]
    assert customers.find(store, "ana@example.com", NOW) == ana
    assert len(everybody(store)) == 3


def test_inserted_again_a_customer_keeps_every_later_change(store: Store) -> None:
    ana = new("ana@example.com", name="Ana")
    customer_inserts.insert(store, [ana])
    changed = customers.patch(store, ana.id, {"name": "Anna"}, clock.now())
    assert customer_inserts.insert(store, [ana]) == ["open"]
    assert customers.get(store, ana.id) == changed
    moved = customers.patch(store, ana.id, {"email": "anna@example.com"}, clock.now())  # her old address is free
    assert customer_inserts.insert(store, [ana]) == ["open"]
    assert customers.get(store, ana.id) == moved
    customer_inserts.release_claim(store, "ana@example.com", moved)
    assert dynamodb.get(keys.email(store.id, "ana@example.com"), keys.CLAIM) is None
    assert customers.find(store, "anna@example.com", NOW) == moved


def test_a_claim_is_released_only_while_its_customer_has_another_email(store: Store) -> None:
    ana = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    customer_inserts.release_claim(store, "ana@example.com", ana)
    assert customers.find(store, "ana@example.com", NOW) == ana


def test_nothing_is_written_for_a_group_that_does_not_exist(store: Store) -> None:
    with pytest.raises(GroupUnknownError):
        customer_inserts.insert(store, [new("ana@example.com", groups=["grp_gone"])])
    assert dynamodb.get(keys.email(store.id, "ana@example.com"), keys.CLAIM) is None


def test_a_profile_is_not_inserted_long_after_its_claim(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody might have found the claim void by then: the writer alone completes it, in a transaction."""
    monkeypatch.setattr(customer_inserts, "_SECONDS", -1)
    ana = new("ana@example.com")
    assert customer_inserts.insert(store, [ana]) == ["open"]
    assert customers.find(store, "ana@example.com", clock.now()) is None
    monkeypatch.setattr(customer_inserts, "_SECONDS", 10)


def load(store: Store, machines: StateMachines, content: bytes, name: str = "customers.csv") -> str:
    known = set(machines.started)
    csv_import.receive(dropped(store, content, name), None)
    (job_id,) = machines.started.keys() - known
    for chunk in plan(machines, job_id):
        csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)
    csv_import.finish({"store_id": store.id, "job_id": job_id}, None)
    return job_id


def outcomes(store: Store, job_id: str) -> tuple[int, int, int, int]:
    job = import_jobs.get(store, job_id)
    assert job.status == "succeeded"
    return job.created, job.updated, job.unchanged, job.rejected


def test_the_history_of_a_new_customer_names_the_import(store: Store, machines: StateMachines) -> None:
    job_id = load(store, machines, b"email,name\nana@example.com,Ana\n")
    [ana] = everybody(store)
    [first] = customer_history.page(store, ana, clock.now()).items
    assert (first.type, first.actor) == ("registered", Actor("import", job_id))


def test_the_next_import_an_order_and_a_new_customer_find_a_claim_without_customer_void(
    store: Store, machines: StateMachines
) -> None:
    old = timedelta(seconds=61)
    for name in ("ana", "bo", "ci"):
        void_claim(store, f"{name}@example.com", old)
    assert outcomes(store, load(store, machines, b"email,name\nana@example.com,Ana\n")) == (1, 0, 0, 0)
    body = {"id": "1", "version": 1, "placed_at": NOW, "email": "bo@example.com", "currency": "USD", "total": "1"}
    orders.record_version(store, Order.model_validate(body | {"payment_status": "paid"}), clock.now())
    customers.create(store, NewCustomer(email="ci@example.com"), clock.now())
    assert sorted(each.email for each in everybody(store)) == ["ana@example.com", "bo@example.com", "ci@example.com"]


def test_an_import_waits_for_a_claim_that_another_process_has_just_made(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is void a minute after the process died; here the minute ends while the import tries again."""
    lost = void_claim(store, "ana@example.com")
    tries: list[int] = []
    find = customers.find

    def later(store: Store, email: str, now: Any) -> Customer | None:
        tries.append(1)
        return find(store, email, now + timedelta(seconds=61 if len(tries) > 12 else 0))

    monkeypatch.setattr(customers, "find", later)
    assert outcomes(store, load(store, machines, b"email,name\nana@example.com,Ana\n")) == (1, 0, 0, 0)
    assert len(tries) > 12  # more than one round of attempts
    [ana] = everybody(store)
    assert ana.id != lost.id


@pytest.mark.parametrize("call", [0, 1, 2], ids=["before the claims", "before the consents", "before the profiles"])
def test_a_chunk_that_died_between_the_requests_of_a_batch_is_completed_by_its_next_attempt(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    monkeypatch.setattr(import_writes, "WRITERS", 1)
    rows = b"email,accepts_marketing,name\nana@example.com,yes,Ana\nbo@example.com,,Bo\nci@example.com,no,Ci\n"
    csv_import.receive(dropped(store, rows, "customers.csv"), None)
    ((job_id, _),) = machines.started.items()
    (chunk,) = plan(machines, job_id)
    event = {"store_id": store.id, "job_id": job_id, "chunk": chunk}
    insert_all, calls = inserts.insert_all, list[int]()

    def dies(items: Sequence[dynamodb.Item]) -> list[inserts.Outcome]:
        calls.append(len(items))
        if len(calls) == call + 1:
            raise KeyboardInterrupt
        return insert_all(items)

    with monkeypatch.context() as patch:
        patch.setattr(inserts, "insert_all", dies)
        with pytest.raises(KeyboardInterrupt):
            csv_import.load(event, None)
    csv_import.load(event, None)
    csv_import.finish({"store_id": store.id, "job_id": job_id}, None)
    assert outcomes(store, job_id) == (3, 0, 0, 0)
    found = {each.email[:2]: each for each in everybody(store)}
    assert sorted(found) == ["an", "bo", "ci"]
    assert {name: len(consents.page(store, each.id).items) for name, each in found.items()} == {
        "an": 1,
        "bo": 0,
        "ci": 1,
    }
    assert all(customers.find(store, each.email, clock.now()) == each for each in found.values())


def test_a_customer_whose_email_changed_between_two_attempts_is_counted_once_and_kept(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    csv_import.receive(dropped(store, b"email,name\nana@example.com,Ana\n", "customers.csv"), None)
    ((job_id, _),) = machines.started.items()
    (chunk,) = plan(machines, job_id)
    event = {"store_id": store.id, "job_id": job_id, "chunk": chunk}

    def die() -> None:
        [ana] = everybody(store)
        customers.patch(store, ana.id, {"email": "anna@example.com"}, clock.now())
        raise KeyboardInterrupt

    before_first(monkeypatch, import_files, "write_result", die)
    with pytest.raises(KeyboardInterrupt):
        csv_import.load(event, None)
    csv_import.load(event, None)
    csv_import.finish({"store_id": store.id, "job_id": job_id}, None)
    assert outcomes(store, job_id) == (1, 0, 0, 0)
    [anna] = everybody(store)
    assert anna.email == "anna@example.com"
    assert customers.find(store, "ana@example.com", clock.now()) is None
    assert customers.create(store, NewCustomer(email="ana@example.com"), clock.now())  # the old address is free


@contextmanager
def throttling(share: float, seed: int) -> Iterator[list[int]]:
    """Throttle a share of the requests, and of the statements and items in them; yield their number."""
    dice, throttled = random.Random(seed), [0]
    send = dynamodb.client.send

    def throttle(operation: str, body: bytes) -> Reply:
        if dice.random() < share:
            throttled[0] += 1
            code = "com.amazonaws.dynamodb.v20120810#ThrottlingException"
            return Reply(400, orjson.dumps({"__type": code, "message": "Rate exceeded"}))
        if operation != "BatchExecuteStatement":
            return send(operation, body)
        request = orjson.loads(body)
        busy = [dice.random() < share for _ in request["Statements"]]
        throttled[0] += sum(busy)
        request["Statements"] = [each for each, is_busy in zip(request["Statements"], busy, strict=True) if not is_busy]
        done = (
            iter(orjson.loads(send(operation, orjson.dumps(request)).data)["Responses"]) if not all(busy) else iter([])
        )
        error = {"Error": {"Code": "ProvisionedThroughputExceeded", "Message": "Rate exceeded"}}
        return Reply(200, orjson.dumps({"Responses": [error if is_busy else next(done) for is_busy in busy]}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamodb.client, "send", throttle)
        yield throttled


def quick_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "pause", lambda _: None)


@pytest.mark.parametrize("seed", range(3))
def test_a_table_that_throttles_most_writes_fails_no_import(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    quick_waits(monkeypatch)
    old = [customers.create(store, NewCustomer(email=f"old{n}@example.com"), NOW) for n in range(20)]
    rows = [f"{each.email},Changed" for each in old] + [f"new{n}@example.com,New" for n in range(60)]
    csv_import.receive(dropped(store, "\n".join(["email,name", *rows]).encode(), "customers.csv"), None)
    ((job_id, _),) = machines.started.items()
    (chunk,) = plan(machines, job_id)
    with throttling(0.5, seed) as throttled:
        csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)
    csv_import.finish({"store_id": store.id, "job_id": job_id}, None)
    assert throttled[0] > 50
    assert outcomes(store, job_id) == (60, 20, 0, 0)
    assert [each.name for each in everybody(store)].count("New") == 60


def test_a_throttled_batch_ends_when_nothing_is_written_for_long(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_waits(monkeypatch)
    monkeypatch.setattr(import_writes, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(inserts, "insert_all", lambda items: ["busy"] * len(items))
    csv_import.receive(dropped(store, b"email\nana@example.com\n", "customers.csv"), None)
    ((job_id, _),) = machines.started.items()
    (chunk,) = plan(machines, job_id)
    with pytest.raises(FaultError) as raised:
        csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)
    assert type(raised.value).__name__ == BusyError.__name__


def test_an_import_holds_the_set_write_rate(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of its chunks gets the share of one of those that run at a time."""
    monkeypatch.setenv("IMPORT_WRITE_UNITS_PER_SECOND", "400")
    monkeypatch.setenv("IMPORT_CONCURRENCY", "2")
    monkeypatch.setattr(csv_survey, "CHUNK_ROWS", 75)
    rows = "\n".join(["email", *(f"p{number}@example.com" for number in range(150))])
    csv_import.receive(dropped(store, rows.encode(), "customers.csv"), None)
    ((job_id, _),) = machines.started.items()
    started = time.monotonic()
    csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": plan(machines, job_id)[0]}, None)
    assert time.monotonic() - started >= (75 - 25) * 6 / 200  # the first batch waits for nobody
    assert len(everybody(store)) == 75
