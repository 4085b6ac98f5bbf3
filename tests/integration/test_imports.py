"""The import on DynamoDB Local: real transactions, chunks side by side, and a death at every call."""

import csv
import io
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

import pytest
from tests.support.import_runs import StateMachines, dropped, plan
from tests.support.people import everybody
from tests.support.template_file import PROJECT

import csv_import
from clientela import clock
from clientela.aws import clients
from clientela.csv import csv_survey
from clientela.customers import customer_history, customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.handlers.error_logs import FaultError
from clientela.imports import import_jobs
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb

CHINOOK = (PROJECT / "tests/data/chinook/customers.csv").read_bytes()


class KilledError(RuntimeError):
    """The function was killed at an AWS call."""


@pytest.fixture
def new_store(deployed: None) -> Callable[[], Store]:
    return lambda: stores.create(f"store-{uuid.uuid4().hex[:12]}", StoreSettings(name="Demo"), clock.now())


def run(store: Store, machines: StateMachines, event: dict[str, Any]) -> str:
    """The whole way; what is killed is called again, as Lambda and Step Functions do it. The job's id."""
    again(lambda: csv_import.receive(event, None))
    ((job_id, _),) = machines.started.items()
    for chunk in plan(machines, job_id):
        again(lambda chunk=chunk: csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None))
    again(lambda: csv_import.finish({"store_id": store.id, "job_id": job_id}, None))
    return job_id


def again(call: Callable[[], None]) -> None:
    for _ in range(2):
        try:
            return call()
        except FaultError as error:
            assert type(error).__name__ == KilledError.__name__  # noqa: PT017 - which of them is the question
    raise AssertionError("killed twice")


def counts(store: Store, job_id: str) -> tuple[int, int, int, int, int]:
    job = import_jobs.get(store, job_id)
    assert job.status == "succeeded"
    return job.created, job.updated, job.unchanged, job.rejected, job.warnings


def test_chinook_is_imported_whole_and_a_second_time_changes_nothing(store: Store, machines: StateMachines) -> None:
    assert counts(store, run(store, machines, dropped(store, CHINOOK, "customers.csv"))) == (59, 0, 0, 0, 1)
    before = everybody(store)
    machines.started.clear()
    assert counts(store, run(store, machines, dropped(store, CHINOOK, "customers.csv"))) == (0, 0, 59, 0, 1)
    assert everybody(store) == before


def test_a_thousand_spellings_of_a_hundred_addresses_are_a_hundred_customers(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_survey, "CHUNK_ROWS", 100)
    spellings = [str.upper, str.lower, str.title, str.swapcase, " {} ".format]
    rows = [spellings[(row // 100) % 5](f"person{row % 100}@example.com") for row in range(1000)]
    csv_import.receive(dropped(store, "\n".join(["email", *rows]).encode(), "spellings.csv"), None)
    ((job_id, _),) = machines.started.items()
    work = [{"store_id": store.id, "job_id": job_id, "chunk": chunk} for chunk in plan(machines, job_id)]
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(lambda event: csv_import.load(event, None), work))
    csv_import.finish({"store_id": store.id, "job_id": job_id}, None)
    job = import_jobs.get(store, job_id)
    assert (job.status, job.rows_total, job.created, job.unchanged, job.rejected) == ("succeeded", 1000, 100, 900, 0)
    assert customer_search.count(store) == 100


def test_changes_of_every_kind_fit_into_transactions(store: Store, machines: StateMachines) -> None:
    group = groups.create(store, NewGroup(name="Trade", code="trade"), clock.now())
    people = [customers.create(store, NewCustomer(email=f"p{number}@example.com"), clock.now()) for number in range(60)]
    rows = [f"{ana.email},Acme,Vigo,Faro,rings twice,trade" for ana in people]
    file = "\n".join(["email,company,city,shipping city,note,groups", *rows]).encode()
    assert counts(store, run(store, machines, dropped(store, file, "customers.csv"))) == (0, 60, 0, 0, 0)
    for ana in people:
        after = customers.get(store, ana.id)
        assert (after.company, after.note, after.groups, after.version) == ("Acme", "rings twice", [group.id], 2)
        assert len(customer_history.page(store, ana, clock.now()).items) == 6


def test_changes_of_large_customers_fit_into_transactions(store: Store, machines: StateMachines) -> None:
    large = {f"field{number}": "é" * 1000 for number in range(50)}
    emails = [f"p{number}@example.com" for number in range(45)]
    for email in emails:
        customers.create(store, NewCustomer(email=email, custom_fields=large), clock.now())
    file = "\n".join(["email,company", *(f"{email},Acme" for email in emails)]).encode()
    assert counts(store, run(store, machines, dropped(store, file, "customers.csv"))) == (0, 45, 0, 0, 0)
    assert {customer.company for customer in everybody(store)} == {"Acme"}


FILE = b"""email,company,phone,groups
old@example.com,Beta,,Trade
same@example.com,Acme,,
new@example.com,Gamma,12,
new@example.com,Delta,,trade
nobody,,,
"""


def arranged(store: Store) -> dict[str, Any]:
    groups.create(store, NewGroup(name="Trade", code="trade"), clock.now())
    for email in ("old@example.com", "same@example.com"):
        customers.create(store, NewCustomer(email=email, company="Acme"), clock.now())
    return dropped(store, FILE, "customers.csv")


@contextmanager
def killed(call_number: int, *, after: bool) -> Iterator[Callable[[], bool]]:
    """Kill the function once, at its n-th AWS call: before it, or after it was carried out. Yields whether it was."""
    made, send, boto_clients = [0], dynamodb.client.send, (clients.s3(), clients.dynamodb())

    def count() -> None:
        made[0] += 1
        if made[0] == call_number:
            raise KilledError

    def lean(operation: str, body: bytes) -> Any:
        if after:
            answer = send(operation, body)
            count()
            return answer
        count()
        return send(operation, body)

    def boto(**details: object) -> None:
        count()

    hook = "response-received" if after else "before-send"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamodb.client, "send", lean)
        for client in boto_clients:
            client.meta.events.register(f"{hook}.*", boto, unique_id="killed")
        yield lambda: made[0] >= call_number
        for client in boto_clients:
            client.meta.events.unregister(f"{hook}.*", boto, unique_id="killed")


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
def test_killed_at_any_call_it_ends_in_the_same_customers_and_the_same_report(
    new_store: Callable[[], Store], machines: StateMachines, after: bool
) -> None:
    call_number, was_killed = 0, True
    while was_killed:
        call_number += 1
        machines.started.clear()
        store = new_store()
        event = arranged(store)
        with killed(call_number, after=after) as has_killed:
            job_id = run(store, machines, event)
            was_killed = has_killed()
        assert counts(store, job_id) == (1, 2, 1, 1, 2), f"killed at call {call_number}"
        found = {customer.email: described(customer) for customer in everybody(store)}
        assert found == {
            "old@example.com": ("Beta", 1, 2),
            "same@example.com": ("Acme", 0, 1),
            "new@example.com": ("Delta", 1, 1),
        }, f"killed at call {call_number}"
        assert [row["code"] for row in rejects(store, job_id)] == ["email_invalid"]
    assert call_number > 15


def described(customer: Customer) -> tuple[str | None, int, int]:
    return customer.company, len(customer.groups), customer.version


def rejects(store: Store, job_id: str) -> list[dict[str, str]]:
    with urlopen(import_jobs.report_url(store, job_id, "rejects")) as answer:
        return list(csv.DictReader(io.StringIO(answer.read().decode("utf-8-sig"), newline="")))
