"""All items and files of a store that is being deleted, in steps.

Each step is one transaction that deletes items and counts them. So it may stop at any call and run
twice at the same time, and the counts are exact.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import orjson
from pynamodb.attributes import NumberAttribute
from pynamodb.expressions.update import Action

from clientela import settings
from clientela.aws import s3_prefixes
from clientela.concurrency import back_off
from clientela.errors import BusyError
from clientela.exports import export_files
from clientela.imports import import_files
from clientela.imports.import_jobs import ImportRecord
from clientela.table import dynamodb, job_keys, keys
from clientela.table.records import Record
from clientela.table.transactions import MAX_BYTES, Transaction

SEGMENTS = 8  # of the table, each read and deleted by a thread with a counter of its own
BATCH_SIZE = 50  # items of a transaction
ATTEMPTS = 20  # for items that others keep changing
_PAGE_SIZE = 1000  # items per call: a scan of a whole megabyte can exceed the client's timeout

_KINDS = {
    "PROFILE": "customers", "ORDER": "orders", "SESSION": "sessions", "EVENT": "history", "CONSENT": "consents",
    "PASSWORD": "passwords", "MAIL": "mails", "SIGN_IN": "sign_ins", "GROUP": "groups", "KEY": "api_keys",
    "IMPORT": "imports", "EXPORT": "exports", "BULK": "bulk_changes", "ERASURE": "erasures", "AUDIT": "audit_entries",
}  # fmt: skip
COUNTERS = (*_KINDS.values(), "others")


class DeletionCount(Record):
    """`STORE_DELETIONS#del_01K…` / `SEGMENT#03`: what was deleted of one segment of the table."""

    customers = NumberAttribute(default=0)
    orders = NumberAttribute(default=0)
    sessions = NumberAttribute(default=0)
    history = NumberAttribute(default=0)
    consents = NumberAttribute(default=0)
    passwords = NumberAttribute(default=0)
    mails = NumberAttribute(default=0)
    sign_ins = NumberAttribute(default=0)
    groups = NumberAttribute(default=0)
    api_keys = NumberAttribute(default=0)
    imports = NumberAttribute(default=0)
    exports = NumberAttribute(default=0)
    bulk_changes = NumberAttribute(default=0)
    erasures = NumberAttribute(default=0)
    audit_entries = NumberAttribute(default=0)
    others = NumberAttribute(default=0)


class _GoneError(Exception):
    """An item was deleted since it was read."""


def delete_files(store_id: str) -> int:
    """Delete a store's files in all buckets with all versions, and return how many.

    Those of an import's own are found by the import's record.
    """
    jobs = ImportRecord.list_by_prefix(keys.store(store_id), job_keys.IMPORT_PREFIX)
    own = [import_files.folder(record.sk.removeprefix(job_keys.IMPORT_PREFIX)) for record in jobs]
    found = sum(s3_prefixes.delete_all(settings.import_jobs_bucket(), folder) for folder in own)
    found += s3_prefixes.delete_all(settings.imports_bucket(), f"{store_id}/")
    exports = (f"{store_id}/", f"{export_files.PARTS_PREFIX}{store_id}/")
    return found + sum(s3_prefixes.delete_all(settings.exports_bucket(), prefix) for prefix in exports)


def delete_items(store_id: str, deletion_id: str, *, with_imports: bool, report: Callable[[int], None]) -> None:
    """Delete a store's items. `report` is called with the number of each step.

    The records of imports stay for the last time, unless `with_imports`: they name files.
    """

    def delete_segment(segment: int) -> None:
        counter = DeletionCount(keys.deletion_counts(deletion_id), keys.segment(segment))
        items = (item for item in _items(store_id, segment) if with_imports or not _is_import(item))
        for batch in _batches(items):
            _delete(counter, batch)
            report(len(batch))

    with ThreadPoolExecutor(SEGMENTS, thread_name_prefix="store-deletion") as threads:
        for _ in threads.map(delete_segment, range(SEGMENTS)):
            pass


def _is_import(item: dynamodb.Item) -> bool:
    return bool(item["sk"]["S"].startswith(job_keys.IMPORT_PREFIX))


def _items(store_id: str, segment: int) -> Iterator[dynamodb.Item]:
    """Yield the store's items in one segment of the table."""
    prefixes = {f":p{number}": {"S": prefix} for number, prefix in enumerate(keys.partitions_of_store(store_id))}
    pages = dynamodb.scan_pages(
        FilterExpression=" OR ".join(["pk = :store", *(f"begins_with(pk, {name})" for name in prefixes)]),
        ExpressionAttributeValues={":store": {"S": keys.store(store_id)}} | prefixes,
        Segment=segment,
        TotalSegments=SEGMENTS,
        Limit=_PAGE_SIZE,
        ConsistentRead=True,
    )
    return chain.from_iterable(page["Items"] for page in pages)


def _batches(items: Iterator[dynamodb.Item]) -> Iterator[list[tuple[str, str]]]:
    """Yield the keys of items that fit into one transaction."""
    batch: list[tuple[str, str]] = []
    size = 0
    for item in items:
        item_size = len(orjson.dumps(item))
        if batch and (len(batch) == BATCH_SIZE or size + item_size > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((item["pk"]["S"], item["sk"]["S"]))
        size += item_size
    if batch:
        yield batch


def _delete(counter: DeletionCount, item_keys: Sequence[tuple[str, str]]) -> None:
    """Delete items and count those that another run has not deleted — BusyError."""
    for attempt in range(ATTEMPTS):
        counts = Counter(_KINDS.get(keys.kind(sk), "others") for _, sk in item_keys)
        actions: list[Action] = [getattr(DeletionCount, kind).add(count) for kind, count in counts.items()]
        try:
            with Transaction() as write:
                for key in item_keys:
                    write.delete(Record(*key), Record.pk.exists(), _GoneError())
                if actions:
                    write.update(counter, actions)
        except (_GoneError, BusyError):
            stored = {(item["pk"]["S"], item["sk"]["S"]) for item in dynamodb.get_many(item_keys, "pk, sk")}
            item_keys = [key for key in item_keys if key in stored]
            back_off(attempt)
        else:
            return
    raise BusyError
