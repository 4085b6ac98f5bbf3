"""`python -m benchmarks.large_export [customers] [buckets]`: a large export: memory, CPU, units.

A store that DynamoDB Local would take hours to load is answered by this process: pages of index
entries and batches of profiles, made of the sample's customers, as JSON that the client parses. So
everything but the network is the export's own code. One part of all customers is written, and then
a file is joined from parts of its size. S3 is a client that discards what it gets.
"""

import argparse
import hashlib
import itertools
import os
import resource
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson

from benchmarks import sample_store
from benchmarks.entry_sizes import item_size
from benchmarks.environment import ENVIRONMENT
from clientela import clock
from clientela.aws import clients
from clientela.aws.s3_objects import ObjectWriter
from clientela.customers import customer_records
from clientela.exports import export_content, export_files
from clientela.exports.export_jobs import ExportJob
from clientela.groups import groups
from clientela.stores import store_existence
from clientela.stores.setting_groups import Directory
from clientela.table import dynamodb, keys

TEMPLATES = 300  # customers whose items are repeated
PAGE_BYTES = 2**20  # of a Query
_INDEX = {"pk", "sk", "dir", "created_key", "facets", "exempt_until", "customer", "updated_at", "uncounted"}


class Table:
    """A table with a directory of `count` customers, spread evenly over buckets."""

    def __init__(self, count: int, buckets: int) -> None:
        self.store = sample_store.unstored_store().model_copy(
            update={"directory": Directory(buckets=buckets, written_buckets=buckets)}
        )
        people = itertools.islice(sample_store.people(self.store, TEMPLATES), TEMPLATES)
        items = [customer_records.record(self.store, customer).item() for customer in people]
        entries = [{name: value for name, value in item.items() if name in _INDEX} for item in items]
        self._profiles = [self._text({"buyer": item["buyer"]}) if "buyer" in item else b"" for item in items]
        self._entries = [self._text({"customer": each["customer"]} if "customer" in each else {}) for each in entries]
        self._entry_sizes, self._sizes = list(map(item_size, entries)), list(map(item_size, items))
        self._count, self._buckets, self.read_units = count, buckets, 0.0

    @staticmethod
    def _text(item: dynamodb.Item) -> bytes:
        return orjson.dumps(item)[1:-1]

    def call(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        text = self._query(body) if operation == "Query" else self._batch(body)
        answer: dict[str, Any] = orjson.loads(text)
        return answer

    def _query(self, body: dict[str, Any]) -> bytes:
        bucket = int(body["ExpressionAttributeValues"][":dir"]["S"].partition("#")[2])
        start = body.get("ExclusiveStartKey")
        number = int(start["created_key"]["S"]) + self._buckets if start else bucket
        found, size, limit = [], 0, body.get("Limit", self._count)
        while number < self._count and len(found) < limit and size < PAGE_BYTES:
            found.append(number)
            size += self._entry_sizes[number % TEMPLATES]
            number += self._buckets
        self.read_units += -(-size // 4096) / 2
        last = b""
        if number < self._count:
            last = b',"LastEvaluatedKey":{"created_key":{"S":"%012d"}}' % found[-1]
        items = b"" if body.get("Select") == "COUNT" else b",".join(map(self._entry, found))
        return b'{"Count":%d,"ScannedCount":%d,"Items":[%s]%s}' % (len(found), len(found), items, last)

    def _entry(self, number: int) -> bytes:
        rest = self._entries[number % TEMPLATES]
        key = b'"pk":{"S":"%s"},"created_key":{"S":"%012d"}' % (self._pk(number), number)
        return b"{%s,%s}" % (key, rest) if rest else b"{%s}" % key

    def _pk(self, number: int) -> bytes:
        return keys.customer(self.store.id, f"cus_{number:026d}").encode()

    def _batch(self, body: dict[str, Any]) -> bytes:
        ((table, request),) = body["RequestItems"].items()
        numbers = [int(each["pk"]["S"][-26:]) for each in request["Keys"]]
        self.read_units += sum(-(-self._sizes[number % TEMPLATES] // 4096) / 2 for number in numbers)
        items = (b'{"pk":{"S":"%s"},%s}' % (self._pk(n), self._profiles[n % TEMPLATES]) for n in numbers)
        return b'{"Responses":{"%s":[%s]}}' % (table.encode(), b",".join(items))


class Discard:
    """S3's client: takes objects and keeps nothing."""

    def create_multipart_upload(self, **_: object) -> dict[str, str]:
        return {"UploadId": "1"}

    def upload_part(self, **_: object) -> dict[str, str]:
        return {"ETag": "1"}

    def put_object(self, **_: object) -> None: ...

    def complete_multipart_upload(self, **_: object) -> None: ...

    def abort_multipart_upload(self, **_: object) -> None: ...


def main(count: int, buckets: int) -> None:
    os.environ |= ENVIRONMENT | {"EXPORTS_BUCKET": "exports"}
    table, discard = Table(count, buckets), Discard()
    for module, name, value in (
        (dynamodb.client, "call", table.call),
        (clients, "s3", lambda: discard),
        (groups, "list_all", lambda _store: []),
        (store_existence, "require", lambda _store_id: None),
    ):
        setattr(module, name, value)
    now = clock.now() - timedelta(hours=1)
    before, began, cpu = _peak(), time.monotonic(), time.process_time()
    job = ExportJob(id="exp_1", created_at=now)
    summary = export_content.write_rows(table.store, job, "file")
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    print(f"{summary.rows:,} rows, {summary.size / summary.rows:.0f} bytes each, {buckets} buckets")
    print(f"peak {_peak() / 1024:.0f} MB, {before / 1024:.0f} MB of it before the export")
    print(f"{cpu / count * 1e6:.1f} µs of CPU a row, with those of the stand-ins; {seconds:.0f} s")
    print(f"{table.read_units / count:.3f} read units a row")
    cpu = time.process_time()
    with ObjectWriter("exports", "file", export_files.CONTENT_TYPE) as writer:
        for block in _blocks(summary.size):
            writer.write(block)
    cpu = time.process_time() - cpu
    print(f"joined: {writer.size / cpu / 1e6:.0f} MB for each second of CPU without S3, peak {_peak() / 1024:.0f} MB")


def _blocks(size: int) -> Iterator[bytes]:
    block = hashlib.sha256(b"row").hexdigest().encode() * (export_files.READ_BYTES // 64)
    for _ in range(size // len(block)):
        yield bytes(bytearray(block))


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("customers", type=int, nargs="?", default=1_000_000)
    parser.add_argument("buckets", type=int, nargs="?", default=16)
    arguments = parser.parse_args()
    main(arguments.customers, arguments.buckets)
