"""Versions of one file on DynamoDB Local: events in any order, twice and at once, while imports run."""

import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.support.import_runs import StateMachines, dropped, plan

import csv_import
from clientela import clock
from clientela.csv import csv_survey
from clientela.customers import customers
from clientela.handlers.error_logs import FaultError
from clientela.imports import import_jobs
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings

VERSIONS, ROWS = 4, 12


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_survey, "CHUNK_ROWS", 4)


@pytest.fixture
def store(deployed: None) -> Store:
    return stores.create(f"store-{uuid.uuid4().hex[:12]}", StoreSettings(name="Demo"), clock.now())


def again(step: Any, event: dict[str, Any]) -> None:
    """Call a function until it ends well, as its service does."""
    for attempt in range(20):
        try:
            step(event, None)
        except FaultError:
            time.sleep(0.05 * attempt)
        else:
            return
    raise AssertionError("it failed twenty times")


class StepFunctions(threading.Thread):
    """Works on each started execution in a thread of its own, until it is told that no more come."""

    def __init__(self, store: Store, machines: StateMachines) -> None:
        super().__init__()
        self.store, self.machines, self.is_last = store, machines, threading.Event()
        self.errors: list[BaseException] = []

    def run(self) -> None:
        seen: set[str] = set()
        with ThreadPoolExecutor(8) as threads:
            futures = []
            while True:
                left = set(self.machines.started) - seen
                futures += [threads.submit(self._work, job_id) for job_id in left]
                seen |= left
                is_idle = not left and self.is_last.is_set() and all(future.done() for future in futures)
                if is_idle and not set(self.machines.started) - seen:
                    break
                time.sleep(0.02)
            self.errors = [error for future in futures if (error := future.exception())]

    def _work(self, job_id: str) -> None:
        for chunk in plan(self.machines, job_id):
            again(csv_import.load, {"store_id": self.store.id, "job_id": job_id, "chunk": chunk})
        again(csv_import.finish, {"store_id": self.store.id, "job_id": job_id})


@pytest.mark.parametrize("seed", range(4))
def test_the_newest_versions_values_win_whatever_the_order_of_the_events(
    store: Store, machines: StateMachines, seed: int
) -> None:
    """Each version adds a customer of its own, so that every one of them writes something."""
    rows = [f"row{number}@example.com" for number in range(ROWS)]
    versions = [
        "\n".join(["email,name", *(f"{email},Version {version}" for email in rows), f"own{version}@example.com,Own"])
        for version in range(VERSIONS)
    ]
    events = [dropped(store, content.encode(), "list.csv") for content in versions] * 2
    random.Random(seed).shuffle(events)
    functions = StepFunctions(store, machines)
    functions.start()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda event: again(csv_import.receive, event), events))
    functions.is_last.set()
    functions.join()
    assert functions.errors == []
    found = [customers.find(store, email, clock.now()) for email in rows]
    assert {customer.name for customer in found if customer} == {f"Version {VERSIONS - 1}"}
    assert all(found)
    jobs = import_jobs.list_all(store).items
    assert len(jobs) == VERSIONS
    assert all(job.status in ("succeeded", "failed") for job in jobs)
    newest = [job for job in jobs if job.status == "succeeded" and job.code is None]
    assert newest
    assert all(job.code == "replaced" for job in jobs if job.status == "failed")
