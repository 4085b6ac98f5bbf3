"""`python -m benchmarks.export_under_writes [customers]`: a large export, with writes and kills.

The customers of a store do not change while it is exported. Others are created, changed, ordered
by, merged, erased and deleted by processes of their own. Each step of the export is a process, as
it is a call of a function. Most are killed once or twice with SIGKILL at a random moment, and
repeated as the state machine does. Then the file is compared: who did not change is in it once.
"""

import argparse
import csv
import hashlib
import io
import itertools
import multiprocessing
import os
import random
import resource
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import boto3
import orjson
from local.dynamodb_local import dynamodb_local
from tests.support.schema import create_table

from benchmarks import sample_store
from benchmarks.bucket_stub import bucket_stub
from benchmarks.environment import ENVIRONMENT, TABLE, prepare
from clientela import clock
from clientela.aws import clients
from clientela.customers import customer_records, customers
from clientela.customers.customer_fields import NewCustomer
from clientela.customers.directory_walks import KeyRange
from clientela.errors import ClientelaError
from clientela.exports import export_files, export_jobs, export_runs
from clientela.exports.export_jobs import ExportJob
from clientela.lifecycle import customer_removal, merges, removal_queue
from clientela.migrations import store_growth
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.schema.actors import OPERATOR
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table import dynamodb

BUCKET, STEPS_AT_A_TIME = "exports", 2
_SPAWN = multiprocessing.get_context("spawn")  # a fork would share connections


class Plan(NamedTuple):
    """What is tried: customers, rows of a part, writes a second, most kills of a step, chance."""

    customers: int
    part_rows: int
    writes_per_second: int = 200
    kills: int = 2
    seed: int = 1
    buckets: int = 4
    writers: int = 4  # processes
    tries: int = 6  # of a part, until the state machine gives up


@dataclass
class Outcome:
    """What came of it."""

    job: ExportJob
    missing: int
    repeated: int
    sizes_seen: dict[str, set[int]]
    leftovers: list[str]
    parts: int
    kills: int = 0
    peak_megabytes: int = 0
    seconds: float = 0
    written: Counter[str] = field(default_factory=Counter)


class FilesAsMachines:
    """Step Functions' client of all processes: an execution is a file, which one can create."""

    class exceptions:  # noqa: N801 - as botocore names it
        """The errors that the client raises."""

        ExecutionAlreadyExists = FileExistsError

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: A002, N803
        whole = Path(os.environ["EXECUTIONS"], f"{name}.{uuid.uuid4().hex}.new")
        whole.write_text(input)
        os.link(whole, whole.with_name(f"{name}.json"))  # FileExistsError if there is one


class Steps:
    """Runs steps of an export as processes, and kills them."""

    def __init__(self, plan: Plan) -> None:
        self._random, self._kills, self._longest = random.Random(plan.seed), plan.kills, 1.0
        self.kills = self.peak_megabytes = 0

    def run(self, step: str, *arguments: object) -> None:
        """Run a step until it ends, after some kills."""
        for _ in range(self._random.randint(0, self._kills)):
            self.kill(step, *arguments)
        self._run(None, step, *arguments)

    def kill(self, step: str, *arguments: object) -> None:
        """Run a step and kill it at a random moment, unless it ends before."""
        self._run(self._random.uniform(0, self._longest), step, *arguments)

    def _run(self, seconds: float | None, step: str, *arguments: object) -> None:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_step, args=(theirs, step, *arguments))
        process.start()
        theirs.close()
        ours.recv()  # it begins
        began = time.monotonic()
        process.join(seconds)
        if process.is_alive():
            process.kill()
            process.join()
            self.kills += 1
            return
        if process.exitcode:
            raise RuntimeError(f"{step} ended with {process.exitcode}.")
        self._longest = max(self._longest, time.monotonic() - began)
        self.peak_megabytes = max(self.peak_megabytes, ours.recv())


def run(plan: Plan) -> Iterator[Outcome]:
    """Fill a store and export it under writes: the outcome of a failed run, then of a whole one.

    DynamoDB and S3 are those of the environment.
    """
    store = sample_store.create_store()
    if plan.buckets > store.directory.buckets:
        store_growth.grow(store.id, plan.buckets, clock.now, 1e6, wait=lambda _seconds: None)
        store = stores.read(store.id)
    _fill(store, plan.customers)
    with TemporaryDirectory() as executions, _writers(store, plan) as written:
        os.environ |= {"EXECUTIONS": executions, "EXPORT_PART_ROWS": str(plan.part_rows)}
        job = export_jobs.start(store, clock.now())
        steps = Steps(plan)
        for is_doomed in (True, False):
            began = time.monotonic()
            with _reader(store) as sizes_seen:
                steps.run("run", store.id, job.id)
                newest = max(Path(executions).glob("*.json"), key=os.path.getmtime)
                execution = orjson.loads(newest.read_bytes())
                _write(steps, execution, plan.tries if is_doomed else 0)
            outcome = _outcome(store, job.id, plan, sizes_seen, len(execution["parts"]))
            outcome.kills, outcome.peak_megabytes = steps.kills, steps.peak_megabytes
            outcome.seconds, outcome.written = time.monotonic() - began, written
            yield outcome


def _write(steps: Steps, execution: dict[str, Any], doomed_tries: int) -> None:
    """Do what the state machine does. With `doomed_tries`, one part is killed at each of them."""
    first, *others = execution["parts"]
    shared = (execution["store_id"], execution["job_id"], execution["run"])
    if doomed_tries:
        for _ in range(doomed_tries):
            steps.kill("part", *shared, first)
        steps.run("finish", *shared, len(execution["parts"]), "States.Timeout")
        return
    with ThreadPoolExecutor(STEPS_AT_A_TIME) as threads:
        list(threads.map(lambda part: steps.run("part", *shared, part), (first, *others)))
    steps.run("finish", *shared, len(execution["parts"]), None)


def _step(pipe: Connection, step: str, *arguments: Any) -> None:
    """Run a step in a process of its own."""
    prepare()
    setattr(clients, "step_functions", FilesAsMachines)  # noqa: B010
    pipe.send(None)
    if step == "run":
        store_id, job_id = arguments
        export_runs.run(stores.read(store_id), job_id, clock.now(), "message")
    elif step == "part":
        *job, part = arguments
        export_runs.run_part(*job, part["number"], KeyRange(part["low"], part["high"]), clock.now())
    else:
        store_id, job_id, run_, parts, failed = arguments
        export_runs.finish(store_id, job_id, run_, parts, clock.now(), failed)
    pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def _fill(store: Store, count: int) -> None:
    """Write profiles only: an export reads no claims of e-mails."""

    def put(people: tuple[Any, ...]) -> None:
        dynamodb.put_all([customer_records.record(store, customer).item() for customer in people])

    with ThreadPoolExecutor(4) as threads:
        for block in itertools.batched(sample_store.people(store, count), 5000, strict=False):
            list(threads.map(put, itertools.batched(block, 25, strict=False)))


@contextmanager
def _writers(store: Store, plan: Plan) -> Iterator[Counter[str]]:
    """Write to the store in processes of their own; yield what they have written in the end."""
    done, written, queue = _SPAWN.Event(), Counter[str](), _SPAWN.SimpleQueue()
    pace = plan.writers / plan.writes_per_second
    processes = [_SPAWN.Process(target=_disturb, args=(store.id, n, pace, done, queue)) for n in range(plan.writers)]
    for process in processes:
        process.start()
    for _ in processes:
        queue.get()  # it writes
    try:
        yield written
    finally:
        done.set()
        for _ in processes:
            written.update(queue.get())
        for process in processes:
            process.join()
        if any(process.exitcode for process in processes):
            raise RuntimeError("A writer failed.")


def _disturb(store_id: str, number: int, pace: float, done: Event, queue: Any) -> None:
    prepare()
    setattr(removal_queue, "put", lambda *_arguments, **_options: None)  # noqa: B010
    random_, written, mine = random.Random(number), Counter[str](), list[str]()
    began = time.monotonic()
    queue.put(None)
    try:
        while not done.is_set():
            try:
                written[_disturb_once(stores.read(store_id), random_, mine)] += 1
            except ClientelaError:  # the customer changed or is gone
                written["refused"] += 1
            done.wait(max(0.0, began + pace * written.total() - time.monotonic()))
        written["seconds of writers"] = int(time.monotonic() - began)
    finally:
        queue.put(written)


def _disturb_once(store: Store, random_: random.Random, mine: list[str]) -> str:
    kind = random_.choice(["created", "changed", "changed", "ordered", "removed", "merged"])
    name, now = f"busy{uuid.UUID(int=random_.getrandbits(128)).hex}", clock.now()
    if kind == "created" or len(mine) < 10:
        created_at = sample_store.OPENED_AT + (now - sample_store.OPENED_AT) * random_.random()
        mine.append(customers.create(store, NewCustomer(email=f"{name}@example.com"), created_at).id)
        return "created"
    if kind == "ordered":
        orders.record_version(store, _order(name), now)
    elif kind == "changed":
        customers.patch(store, random_.choice(mine), {"note": name}, now)
    elif kind == "merged":
        merges.merge(store, mine[0], mine.pop(), now, OPERATOR, lambda: False)
    elif random_.random() < 0.5:
        customer_removal.remove(store, mine.pop(), now, OPERATOR)
    else:
        customer_removal.erase(store, mine.pop(), now, OPERATOR, lambda: False)
    return kind


def _order(name: str) -> Order:
    at = clock.format_timestamp(clock.now())
    return Order.model_validate(
        {"id": name, "number": "1", "version": 1, "placed_at": at, "updated_at": at, "email": f"{name}@example.com",
         "currency": "EUR", "total": "1.00", "payment_status": "paid", "fulfillment_status": "shipped"}
    )  # fmt: skip


@contextmanager
def _reader(store: Store) -> Iterator[dict[str, set[int]]]:
    """Look at the store's files all the time; yield the sizes at which each was seen."""
    done, sizes = threading.Event(), dict[str, set[int]]()

    def look() -> None:
        client = boto3.client("s3")
        while not done.wait(0.05):
            for item in client.list_objects_v2(Bucket=BUCKET, Prefix=f"{store.id}/").get("Contents", []):
                sizes.setdefault(item["Key"], set()).add(item["Size"])

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield sizes
    finally:
        done.set()
        thread.join()


def _outcome(store: Store, job_id: str, plan: Plan, sizes_seen: dict[str, set[int]], parts: int) -> Outcome:
    job, s3 = export_jobs.get(store, job_id), clients.s3()
    parts_prefix = f"{export_files.PARTS_PREFIX}{store.id}/"
    listed = (
        *s3.list_objects_v2(Bucket=BUCKET, Prefix=parts_prefix).get("Contents", []),
        *s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []),
    )
    leftovers = [item["Key"] for item in listed]
    if job.file is None:
        return Outcome(job, plan.customers, 0, sizes_seen, leftovers, parts)
    _compare_with_manifest(job)
    seen, others, rows = bytearray(plan.customers), Counter[str](), 0
    for row in csv.reader(_lines(job.file)):
        rows += 1
        name = row[0].partition("@")[0]
        if name.startswith("busy"):
            others[name] += 1
        else:
            seen[int(name)] += 1
    if rows != job.rows:
        raise RuntimeError(f"The file has {rows} rows, the job says {job.rows}.")
    repeated = sum(number > 1 for number in seen) + sum(number > 1 for number in others.values())
    return Outcome(job, seen.count(0), repeated, sizes_seen, leftovers, parts)


def _compare_with_manifest(job: ExportJob) -> None:
    manifest = orjson.loads(b"".join(export_files.read(str(job.manifest))))
    digest = hashlib.sha256()
    size = sum(len(block) for block in export_files.read(str(job.file)) if digest.update(block) is None)
    stated = {name: manifest[name] for name in ("rows", "size", "sha256", "file")}
    if stated != {"rows": job.rows, "size": size, "sha256": digest.hexdigest(), "file": job.file}:
        raise RuntimeError(f"The manifest says {stated}.")


def _lines(key: str) -> Iterator[str]:
    """Return the rows of a file without its header."""
    raw = clients.s3().get_object(Bucket=BUCKET, Key=key)["Body"].iter_lines(keepends=True)
    header = next(raw).decode("utf-8-sig")
    if next(csv.reader(io.StringIO(header)))[0] != "email":
        raise RuntimeError(f"The header is {header}.")
    return (line.decode() for line in raw)


def main(plan: Plan) -> None:
    """Print what came of a failed and of a whole export."""
    prepare()
    with dynamodb_local() as endpoint, bucket_stub() as bucket:
        os.environ |= ENVIRONMENT | {
            "EXPORTS_BUCKET": BUCKET,
            "EXPORT_STATE_MACHINE_ARN": "exports",
            "EXPORT_RETENTION_DAYS": "60",
        }
        os.environ |= {"AWS_ENDPOINT_URL_DYNAMODB": endpoint, "AWS_ENDPOINT_URL_S3": bucket}
        os.environ |= {"EXPORT_PART_CONCURRENCY": str(STEPS_AT_A_TIME)}
        create_table(boto3.client("dynamodb"), TABLE, with_stream=False)
        began = time.monotonic()
        for outcome in run(plan):
            _say(outcome)
        print(f"{time.monotonic() - began:.0f} s with the filling of the store; writes: {dict(outcome.written)}")


def _say(outcome: Outcome) -> None:
    job = outcome.job
    print(f"{job.status} in {outcome.seconds:.0f} s and {outcome.parts} parts; {job.rows} rows, {job.size} bytes")
    print(f"{outcome.missing} missing, {outcome.repeated} more than once; {outcome.kills} processes killed by then")
    print(f"left over: {outcome.leftovers}; peak of a process: {outcome.peak_megabytes} MB")
    print(f"sizes that a reader saw: {outcome.sizes_seen}")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("customers", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--part-rows", type=int, default=250_000)
    parser.add_argument("--seed", type=int, default=1)
    # DynamoDB Local reads the whole bucket for each page of it.
    parser.add_argument("--buckets", type=int, default=64)
    arguments = parser.parse_args()
    main(Plan(arguments.customers, arguments.part_rows, seed=arguments.seed, buckets=arguments.buckets))
