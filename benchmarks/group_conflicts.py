"""`python -m benchmarks.group_conflicts [rows] [ids]`: many join one group, by AWS's conflict rule.

DynamoDB refuses a write of an item that another ongoing transaction contains. DynamoDB Local does
not, so this wraps the client: a transaction keeps its items for 20 to 60 ms, and meanwhile refuses
others. Measured are an import of rows of one group and a bulk change of ids, as they are, and as
they would be with a condition on the group's item in each transaction.
"""

import argparse
import csv
import itertools
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import boto3
from local.dynamodb_local import dynamodb_local
from tests.support.schema import create_table

from benchmarks import sample_store
from benchmarks.environment import ENVIRONMENT, TABLE, prepare
from clientela import clock
from clientela.aws.json_protocol import RefusedError
from clientela.bulk import bulk_jobs
from clientela.bulk.bulk_fields import BulkChange, ListChange
from clientela.concurrency import retry_while_busy
from clientela.csv import csv_headers
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.imports import import_customers, import_load, import_rows, import_writes
from clientela.imports.import_customers import Rules
from clientela.schema.actors import OPERATOR
from clientela.stores.stores import Store
from clientela.table import dynamodb

CHUNK, LOADERS = 500, 10  # rows of a chunk, and chunks that are written at once
LONGEST = 0.06  # seconds of a transaction
type Key = tuple[str, str]


class ConflictRule:
    """Refuses a write of an item that another ongoing transaction has, and counts these conflicts.

    `shared` is an item that every transaction has besides.
    """

    def __init__(self, call: Callable[..., Any], shared: Key | None) -> None:
        self._call, self._shared, self._lock = call, shared, threading.Lock()
        self._held: set[Key] = set()
        self.transactions = self.conflicts = 0

    def call(self, operation: str, request: dict[str, Any]) -> Any:
        used = _keys_of(operation, request)
        if operation != "TransactWriteItems":
            if self._held.isdisjoint(used):
                return self._call(operation, request)
            self.conflicts += 1
            raise RefusedError(operation, {"__type": "#TransactionConflictException"})
        items = {*used, self._shared} if self._shared else {*used}
        with self._lock:
            self.transactions += 1
            if not self._held.isdisjoint(items):
                self.conflicts += 1
                reasons = [{"Code": "TransactionConflict"} for _ in used]
                raise RefusedError(
                    operation, {"__type": "#TransactionCanceledException", "CancellationReasons": reasons}
                )
            self._held |= items
        try:
            time.sleep(random.uniform(LONGEST / 3, LONGEST))
            return self._call(operation, request)
        finally:
            with self._lock:
                self._held -= items


def _keys_of(operation: str, request: dict[str, Any]) -> list[Key]:
    """Return the items that a request writes or checks."""
    if operation == "TransactWriteItems":
        writes = [arguments for item in request["TransactItems"] for arguments in item.values()]
    else:
        writes = [request] if operation in ("PutItem", "UpdateItem", "DeleteItem") else []
    found = [write.get("Item") or write["Key"] for write in writes]
    return [(each["pk"]["S"], each["sk"]["S"]) for each in found]


@contextmanager
def _conflicts(shared: Key | None) -> Iterator[ConflictRule]:
    original = dynamodb.client.call
    rule = ConflictRule(original, shared)
    setattr(dynamodb.client, "call", rule.call)  # noqa: B010
    try:
        yield rule
    finally:
        setattr(dynamodb.client, "call", original)  # noqa: B010


def main() -> None:
    """Print the time and the conflicts of an import into one group and of a bulk change."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.group_conflicts", description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=10_000)
    parser.add_argument("ids", nargs="?", type=int, default=1000)
    arguments = parser.parse_args()
    prepare()
    with dynamodb_local() as endpoint:
        os.environ.update(ENVIRONMENT, AWS_ENDPOINT_URL_DYNAMODB=endpoint)
        create_table(boto3.client("dynamodb"), TABLE, with_stream=False)
        store, now = sample_store.create_store(), clock.now()
        customer_ids = sample_store.fill(store, arguments.ids)
        group = groups.create(store, NewGroup(name="VIP", code="vip"), now)
        other = groups.create(store, NewGroup(name="Other", code="other"), now)
        item = (f"STORE#{store.id}", f"GROUP#{group.id}")
        _measure(f"import of {arguments.rows:,} rows", None, lambda: _import(store, arguments.rows))
        for joined, shared in ((group, None), (other, item)):
            name = f"bulk change of {arguments.ids:,} ids" + (", the group in each transaction" if shared else "")
            _measure(name, shared, lambda joined=joined: _join(store, customer_ids, joined.id))


def _measure(name: str, shared: Key | None, work: Callable[[], int]) -> None:
    started = time.monotonic()
    with _conflicts(shared) as rule:
        failed = work()
    sys.stdout.write(
        f"{name}: {time.monotonic() - started:.1f} s, {rule.transactions:,} transactions,"
        f" {rule.conflicts:,} conflicts, {failed} failed\n"
    )
    sys.stdout.flush()


def _import(store: Store, count: int) -> int:
    columns = csv_headers.recognise(["email", "name", "groups"])
    rules = import_customers.reload_groups(store, Rules("imp_1", "upsert", columns, clock.now(), frozenset()))
    lines = csv.reader(f"row{number}@example.com,Helena Holý,vip" for number in range(count))

    def load(chunk: tuple[tuple[int, list[str]], ...]) -> int:
        # The number of its line makes a new customer's id.
        rows = [import_rows.parse_row(line, cells, columns) for line, cells in chunk]
        written = retry_while_busy(
            lambda: import_writes.write(
                store, import_load.apply_chunk(store, rows, rules, clock.now()), rules, clock.now
            ),
            import_writes.PATIENCE_SECONDS,
        )
        return sum(each.after is None or not each.after.groups for each in written)

    with ThreadPoolExecutor(LOADERS) as threads:
        return sum(threads.map(load, itertools.batched(enumerate(lines, 2), CHUNK, strict=False)))


def _join(store: Store, customer_ids: list[str], group_id: str) -> int:
    change = BulkChange(groups=ListChange(add=[group_id]))
    results = bulk_jobs.change(store, customer_ids, change, clock.now(), OPERATOR)
    return sum(result.result != "changed" for result in results)


if __name__ == "__main__":
    main()
