"""What is running while its store is deleted: imports, exports and bulk changes stop."""

import itertools
from datetime import datetime
from typing import Any

import pytest
from tests.support.import_runs import StateMachines, dropped, plan
from tests.support.store_deletions import NOW, Time, delete, demand_only_certificates, files, new_store

import csv_import
from clientela.aws import clients
from clientela.bulk import bulk_jobs
from clientela.bulk.bulk_fields import BulkChange
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import BulkJobNotFoundError
from clientela.exports import export_files, export_jobs, export_runs
from clientela.imports import import_load
from clientela.lifecycle import store_deletions
from clientela.schema.actors import OPERATOR
from clientela.table.transactions import Transaction

pytestmark = pytest.mark.usefixtures("deployed")


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> StateMachines:
    stand_in = StateMachines()
    monkeypatch.setattr(clients, "step_functions", lambda: stand_in)
    return stand_in


def test_a_running_import_stops(machines: StateMachines, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is deleted while a chunk writes its second transaction."""
    store, commit, time = new_store(), Transaction.commit, Time()
    rows = "\n".join(["email", *(f"c{number}@example.com" for number in range(200))])
    event = dropped(store, rows.encode(), "many.csv")
    csv_import.receive(event, None)
    ((job_id, _),) = machines.started.items()
    (chunk,) = plan(machines, job_id)
    monkeypatch.setattr(import_load, "WRITERS", 1)
    written: list[int] = []

    def counting(write: Transaction) -> None:
        if len(write) > 50:
            written.append(len(write))
            if len(written) == 2:
                monkeypatch.setattr(Transaction, "commit", commit)
                store_deletions.begin(store.id, NOW, OPERATOR)
                monkeypatch.setattr(Transaction, "commit", counting)
        commit(write)

    monkeypatch.setattr(Transaction, "commit", counting)
    csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)
    csv_import.finish({"store_id": store.id, "job_id": job_id}, None)
    monkeypatch.setattr(Transaction, "commit", commit)
    assert len(written) == 2
    done = delete(store, time)
    assert 0 < done.deleted["customers"] <= sum(written) // 2  # a profile and a claim each
    demand_only_certificates(store)
    for step in (csv_import.load, csv_import.finish):  # as Step Functions goes on
        step({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)
    csv_import.receive(event, None)
    demand_only_certificates(store)


def test_a_running_export_stops_and_leaves_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store()
    customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    job = export_jobs.start(store, NOW)
    cells = export_files.export_columns.cells

    def deleted_meanwhile(*arguments: Any) -> Any:
        store_deletions.begin(store.id, NOW, OPERATOR)
        return cells(*arguments)

    monkeypatch.setattr(export_files.export_columns, "cells", deleted_meanwhile)
    assert export_runs.run(store, job.id, NOW).status == "running"
    assert not [name for name in files() if name.startswith(f"{store.id}/")]
    delete(store)
    demand_only_certificates(store)


def test_a_running_bulk_change_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store()
    for number in range(3):
        customers.create(store, NewCustomer(email=f"c{number}@example.com"), NOW)
    monkeypatch.setattr(bulk_jobs, "BATCH_SIZE", 1)
    monkeypatch.setattr(bulk_jobs, "_call_function", lambda *_: None)
    changes = BulkChange.model_validate({"tax_exempt": True})
    job = bulk_jobs.start(store, CustomerFilter(), changes, NOW, OPERATOR)
    clock_reads = itertools.count()

    def read_clock() -> datetime:
        if next(clock_reads) == 1:
            store_deletions.begin(store.id, NOW, OPERATOR)
        return NOW

    assert bulk_jobs.run(store, job.id, read_clock, lambda: False).changed == 2
    delete(store)
    demand_only_certificates(store)
    with pytest.raises(BulkJobNotFoundError):
        bulk_jobs.run(store, job.id, read_clock, lambda: False)
    demand_only_certificates(store)
