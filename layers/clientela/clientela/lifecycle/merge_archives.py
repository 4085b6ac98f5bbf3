"""The items of a merged customer: kept for an undo, then deleted by DynamoDB.

Its consents are copied to the customer who remains, and so are the records of customers who were
merged into it. Everything here is done in steps that may be repeated, and run twice at once.
"""

from collections.abc import Callable, Iterator, Sequence

import orjson
from pynamodb.attributes import BooleanAttribute, NumberAttribute
from pynamodb.expressions.update import Action

from clientela.concurrency import retry_on_conflict
from clientela.customers import merged_ids
from clientela.customers.consents import Consent, ConsentRecord
from clientela.customers.customer_records import CustomerRecord
from clientela.errors import BusyError
from clientela.lifecycle import merge_records
from clientela.lifecycle.merge_records import MergeRecord
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import load
from clientela.table.records import Record
from clientela.table.transactions import Transaction

BATCH_SIZE = 40  # items of a transaction: two writes each, and 100 are the limit
BATCH_BYTES = 2_000_000  # of a transaction's items: DynamoDB's limit is 4 MB
COPIED = (keys.CONSENT_PREFIX, keys.MERGED_PREFIX)  # to the customer who remains


class _ArchivedItem(Record):
    """Any item of a merged customer; `kept_ttl` is its own end, for an undo."""

    archived = BooleanAttribute(null=True)
    ttl = NumberAttribute(null=True)
    kept_ttl = NumberAttribute(null=True)


class _OverError(Exception):
    """The merge was undone, or the customer who remained is gone."""


def archive(store: Store, source_id: str, record: MergeRecord, out_of_time: Callable[[], bool]) -> bool | None:
    """Archive what is left of a merged customer until `out_of_time`; return whether work is left.

    None: the customer who remained is gone, so nothing may be kept.

    Cost: 1 read unit per 4 KB; 2 write units per KB of each item, and as much for a copy.
    """
    while items := [item for item in _items(store, source_id) if "archived" not in item]:
        if out_of_time():
            return True
        into_id = merged_ids.current(store, record.into_id)
        if dynamodb.get(keys.customer(store.id, into_id), keys.PROFILE) is None:
            return None
        try:
            for batch in _batches(items):
                _archive_batch(store, source_id, into_id, record, batch)
        except _OverError:
            fresh = merge_records.find(store, source_id)
            if fresh is None or fresh.undone_at:
                return False
    return False


def restore(store: Store, source_id: str, record: MergeRecord, out_of_time: Callable[[], bool]) -> None:
    """Take a customer's items out of the archive, and the copies away from the other customer.

    Raises:
        BusyError: time ran out.

    Cost: 1 read unit per 4 KB; 2 write units per KB of each item, and 2 for each copy.
    """
    archived = [item for item in _items(store, source_id) if "archived" in item]
    for batch in _batches(archived):
        if out_of_time():
            raise BusyError
        with Transaction() as write:
            for item in batch:
                write.update(_key(item), _restoring(item), _ArchivedItem.archived == True)  # noqa: E712
                if item["sk"]["S"].startswith(COPIED):
                    write.delete(Record(keys.customer(store.id, record.into_id), _copied_key(item, source_id)))


def _items(store: Store, customer_id: str) -> list[dynamodb.Item]:
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.customer(store.id, customer_id)}},
        ConsistentRead=True,
    )
    return [item for page in pages for item in page["Items"] if item["sk"]["S"] != keys.PROFILE]


def _batches(items: list[dynamodb.Item]) -> Iterator[list[dynamodb.Item]]:
    batch: list[dynamodb.Item] = []
    size = 0
    for item in items:
        item_size = len(orjson.dumps(item))
        if batch and (len(batch) == BATCH_SIZE or size + item_size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += item_size
    yield batch


def _archive_batch(
    store: Store, source_id: str, into_id: str, record: MergeRecord, batch: Sequence[dynamodb.Item]
) -> None:
    def attempt() -> None:
        with Transaction() as write:
            is_merged = MergeRecord.pk.exists() & MergeRecord.undone_at.does_not_exist()
            write.check(MergeRecord, record.pk, record.sk, is_merged, _OverError())
            into = keys.customer(store.id, into_id)
            write.check(CustomerRecord, into, keys.PROFILE, CustomerRecord.pk.exists(), _OverError())
            for item in batch:
                _add(write, into, source_id, record, item)

    retry_on_conflict(attempt, (BusyError,))


def _add(write: Transaction, into: str, source_id: str, record: MergeRecord, item: dynamodb.Item) -> None:
    kind = item["sk"]["S"]
    if kind.startswith(keys.SESSION_PREFIX):
        write.delete(Record(item["pk"]["S"], kind))
        return
    write.update(_key(item), _archiving(item, record), _ArchivedItem.pk.exists(), _OverError())
    if kind.startswith(keys.CONSENT_PREFIX):
        consent = load(Consent, item["consent"])
        copied = consent.model_copy(update={"merged_from": consent.merged_from or source_id})
        write.put_record(ConsentRecord(into, _copied_key(item, source_id), consent=copied))
    elif kind.startswith(keys.MERGED_PREFIX):
        write.put_item({**item, "pk": {"S": into}})


def _copied_key(item: dynamodb.Item, source_id: str) -> str:
    sort_key: str = item["sk"]["S"]
    return sort_key if sort_key.startswith(keys.MERGED_PREFIX) else f"{sort_key}#{source_id}"


def _key(item: dynamodb.Item) -> _ArchivedItem:
    return _ArchivedItem(item["pk"]["S"], item["sk"]["S"])


def _archiving(item: dynamodb.Item, record: MergeRecord) -> list[Action]:
    end = merge_records.end_of(record)
    own_end = int(item["ttl"]["N"]) if "ttl" in item else None
    kept: list[Action] = [] if own_end is None else [_ArchivedItem.kept_ttl.set(own_end)]
    return [_ArchivedItem.archived.set(True), _ArchivedItem.ttl.set(min(end, own_end or end)), *kept]


def _restoring(item: dynamodb.Item) -> list[Action]:
    own_end = int(item["kept_ttl"]["N"]) if "kept_ttl" in item else None
    ttl = _ArchivedItem.ttl.remove() if own_end is None else _ArchivedItem.ttl.set(own_end)
    return [_ArchivedItem.archived.remove(), _ArchivedItem.kept_ttl.remove(), ttl]
