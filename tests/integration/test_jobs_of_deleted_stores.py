"""What is running while its store is deleted: imports, exports and bulk changes stop."""

import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from tests.support.import_runs import StateMachines, dropped, plan
from tests.support.store_deletions import NOW, Time, delete, demand_only_certificates, files, new_store

import csv_import
from clientela.bulk import bulk_jobs
from clientela.bulk.bulk_fields import BulkChange
from clientela.customers import customer_inserts, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import BulkJobNotFoundError
from clientela.exports import export_jobs, export_runs
from clientela.exports.export_rows import RowWriter
from clientela.imports import import_writes
from clientela.lifecycle import store_deletions
from clientela.schema.actors import OPERATOR
from clientela.stores import store_existence
from clientela.stores.stores import Store

pytestmark = pytest.mark.usefixtures("deployed")


def test_a_running_import_stops(machines: StateMachines, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is deleted while a chunk inserts its second batch of customers."""
    store, insert, time = new_store(), customer_inserts.insert, Time()
    rows = "\n".join(["email", *(f"c{number}@example.com" for number in range(200))])
    event = dropped(store, rows.encode(), "many.csv")
    csv_import.receive(event, None)
    ((job_id, _),) = machines.started.items()
    (chunk,) = plan(machines, job_id)
    monkeypatch.setattr(import_writes, "WRITERS", 1)
    monkeypatch.setattr(store_existence, "WATCH_SECONDS", 0)
    written: list[int] = []

    def counting(store: Store, new: Sequence[Customer], **options: Any) -> Any:
        written.append(len(new))
        if len(written) == 2:
            store_deletions.begin(store.id, NOW, OPERATOR)
        return insert(store, new, **options)

    monkeypatch.setattr(customer_inserts, "insert", counting)
    csv_import.load({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)
    csv_import.finish({"store_id": store.id, "job_id": job_id}, None)
    monkeypatch.setattr(customer_inserts, "insert", insert)
    assert written == [25, 25]
    done = delete(store, time)
    assert 0 < done.deleted["customers"] <= sum(written)
    demand_only_certificates(store)
    for step in (csv_import.load, csv_import.finish):  # as Step Functions goes on
        step({"store_id": store.id, "job_id": job_id, "chunk": chunk}, None)
    csv_import.receive(event, None)
    demand_only_certificates(store)


def test_a_running_export_stops_and_leaves_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store()
    customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    job = export_jobs.start(store, NOW)
    lines = RowWriter.lines

    def deleted_meanwhile(*arguments: Any) -> Any:
        store_deletions.begin(store.id, NOW, OPERATOR)
        return lines(*arguments)

    monkeypatch.setattr(RowWriter, "lines", deleted_meanwhile)
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
