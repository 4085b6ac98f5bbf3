"""Large exports, in parts: complete while others write, the same after a death at any call."""

import csv
import io
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from moto.s3 import models
from tests.support.deployment import EXPORTS
from tests.support.exports import Machine

from clientela import clock
from clientela.aws import clients, s3_objects
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.errors import ClientelaError
from clientela.exports import export_files, export_jobs, export_runs
from clientela.exports.export_jobs import ExportJob
from clientela.lifecycle import customer_removal, merges, removal_queue
from clientela.migrations import migration_runs, store_growth
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.schema.actors import OPERATOR
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb

NOW = clock.now()
PEOPLE = 24


@pytest.fixture
def machine(deployed: None, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(clients, "step_functions", lambda: machine)
    return machine


@pytest.fixture
def store(deployed: None) -> Store:
    return stores.create(f"large-{uuid.uuid4().hex[:8]}", StoreSettings(name="Large"), NOW)


def create(store: Store, name: str, at: datetime) -> str:
    return customers.create(store, NewCustomer(email=f"{name}@example.com", name=name), at).id


def start(store: Store, now: datetime) -> ExportJob:
    return export_runs.run(store, export_jobs.start(store, now).id, now)


def content(key: str | None) -> bytes:
    body: bytes = clients.s3().get_object(Bucket=EXPORTS, Key=str(key))["Body"].read()
    return body


def emails_in(job: ExportJob) -> list[str]:
    text = content(job.file).decode("utf-8-sig")
    return [row["email"] for row in csv.DictReader(io.StringIO(text, newline=""))]


def leftovers(store: Store) -> list[str]:
    s3, prefix = clients.s3(), f"{export_files.PARTS_PREFIX}{store.id}/"
    uploads = s3.list_multipart_uploads(Bucket=EXPORTS).get("Uploads", [])
    objects = s3.list_objects_v2(Bucket=EXPORTS, Prefix=prefix).get("Contents", [])
    return [item["Key"] for item in (*uploads, *objects)]


class Death(BaseException):
    """The process is killed."""


class Calls:
    """Counts the calls of S3 and DynamoDB and kills the process after one of them."""

    def __init__(self, patch: pytest.MonkeyPatch, deadly: int | None = None) -> None:
        self.number, self._deadly, self.is_dead = 0, deadly, False
        s3 = clients.s3()
        patch.setattr(dynamodb.client, "send", self._counted(dynamodb.client.send))
        patch.setattr(s3, "_make_api_call", self._counted(s3._make_api_call))  # type: ignore[attr-defined]

    def _counted(self, send: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if not self.is_dead:  # the dead clean nothing up
                answer = send(*arguments)
                self.number += 1
                self.is_dead = self.number == self._deadly
            if self.is_dead:
                raise Death
            return answer

        return call


def test_a_death_after_any_call_of_a_part_or_of_the_end_gives_the_same_file(
    store: Store, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(PEOPLE):
        create(store, f"p{number:02}", NOW + timedelta(seconds=number))
    monkeypatch.setenv("EXPORT_PART_ROWS", "1000")
    whole = content(start(store, NOW).file)
    monkeypatch.setenv("EXPORT_PART_ROWS", "12")
    # Small pieces, so that the file and each part are multipart uploads that a death leaves unfinished.
    monkeypatch.setattr(s3_objects, "PART_BYTES", 1000)
    monkeypatch.setattr(export_files, "BLOCK_ITEMS", 3)
    monkeypatch.setattr(models, "S3_UPLOAD_PART_MIN_SIZE", 1)
    total = deaths(store, machine, monkeypatch, None, NOW + timedelta(hours=1))
    assert total > 20
    for deadly in range(1, total + 1):
        deaths(store, machine, monkeypatch, deadly, NOW + timedelta(hours=deadly + 1))
        job = export_jobs.list_all(store, 1).items[0]
        assert (job.status, job.rows) == ("succeeded", PEOPLE), deadly
        assert content(job.file) == whole, deadly
        assert leftovers(store) == [], deadly


def deaths(store: Store, machine: Machine, patch: pytest.MonkeyPatch, deadly: int | None, now: datetime) -> int:
    """Run an export whose process dies at a call; the machine repeats the step. Return the number of calls."""
    start(store, now)
    first, *others, last = machine.steps()
    for step in others:  # they are as the first one
        step()
    with patch.context() as counted:
        calls = Calls(counted, deadly)
        for step in (first, last):
            try:
                step()
            except Death:
                calls.is_dead = False
                step()
    return calls.number


WRITES_PER_SECOND = 200


def test_who_does_not_change_is_in_the_file_once_while_others_are_written_and_the_store_grows(
    store: Store, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are created, changed, ordered by, merged, erased and deleted; every file must have the same people."""
    monkeypatch.setattr(migration_runs, "SEGMENTS", 4)
    monkeypatch.setattr(removal_queue, "put", lambda *_arguments, **_options: None)
    monkeypatch.setenv("EXPORT_PART_ROWS", "60")
    quiet = [f"quiet{number:03}" for number in range(120)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: create(store, name, NOW + timedelta(seconds=int(name[5:]) * 7)), quiet))
    for name in quiet[::3]:
        buy(store, name, "q")
    busy = [create(store, f"busy{number:03}", NOW + timedelta(seconds=7 * number)) for number in range(60)]
    is_done, written = threading.Event(), Counter[str]()

    def write(number: int) -> None:
        random_, pace = random.Random(number), 4 / WRITES_PER_SECOND
        while not is_done.is_set():
            began = time.monotonic()
            written[disturb(store, random_, busy)] += 1
            is_done.wait(max(0.0, pace - (time.monotonic() - began)))

    def grow() -> None:
        for buckets in (8, 16):
            store_growth.grow(store.id, buckets, clock.now, 300, wait=lambda _seconds: is_done.wait(2))

    with ThreadPoolExecutor(5) as threads:
        writers = [threads.submit(write, number) for number in range(4)]
        growth = threads.submit(grow)
        try:
            until = time.monotonic() + 20
            files = 0
            while time.monotonic() < until or not growth.done():
                started = start(stores.read(store.id), clock.now())
                for step in machine.steps() if started.status == "running" else ():
                    step()
                job = export_jobs.get(store, started.id)
                assert (job.status, job.message) == ("succeeded", None)
                found = Counter(emails_in(job))
                assert {name: found[f"{name}@example.com"] for name in quiet} == dict.fromkeys(quiet, 1)
                assert job.rows == found.total()
                files += 1
        finally:
            is_done.set()
        for future in (*writers, growth):
            future.result()
    assert files >= 3
    assert stores.read(store.id).directory.buckets == 16
    assert min(written[kind] for kind in ("created", "changed", "ordered", "removed")) > 5
    assert written["merged"]


def buy(store: Store, name: str, order_id: str) -> None:
    order = {
        "id": f"{order_id}-{name}", "number": "1", "version": 1, "placed_at": clock.format_timestamp(NOW),
        "updated_at": clock.format_timestamp(NOW), "email": f"{name}@example.com", "currency": "EUR", "total": "1.00",
        "payment_status": "paid", "fulfillment_status": "shipped",
    }  # fmt: skip
    orders.record_version(store, Order.model_validate(order), clock.now())


def disturb(store: Store, random_: random.Random, busy: list[str]) -> str:
    """Change something about the busy customers, and return what."""
    known = stores.read(store.id)
    kind = random_.choice(["created", "changed", "ordered", "removed", "merged"])
    name = f"new{uuid.uuid4().hex[:8]}"
    if kind == "created" or len(busy) < 10:
        busy.append(create(known, name, clock.now() - timedelta(days=random_.randrange(2))))
        return "created"
    if kind == "ordered":
        buy(known, name, uuid.uuid4().hex)
        return kind
    if kind == "changed":
        try:
            customers.patch(known, random_.choice(busy), {"note": name}, clock.now())
        except ClientelaError:  # gone, merged, or another thread was faster
            return "nothing"
        return kind
    first, second = busy.pop(), busy.pop()
    if kind == "merged":
        merges.merge(known, first, second, clock.now(), OPERATOR, lambda: False)
        busy.insert(0, first)
        return kind
    customer_removal.remove(known, first, clock.now(), OPERATOR)
    customer_removal.erase(known, second, clock.now(), OPERATOR, lambda: False)
    return "removed"
