"""What a merge leaves, so that it can be undone: the merged customer, its orders, the changes.

It is stored with the alias of the merged customer, for `UNDO` and some days more.
"""

from datetime import datetime, timedelta
from itertools import batched

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela import clock
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import CustomerAttribute
from clientela.schema.actors import Actor, FieldChange
from clientela.schema.documents import Model
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.attributes import DocumentAttribute
from clientela.table.records import Record
from clientela.table.transactions import Transaction

UNDO = timedelta(days=7)  # in which a merge can be undone
_GRACE = timedelta(days=2)  # in which an undo that began in time ends


class MergeChanges(Model):
    """The fields of the remaining customer that a merge changed."""

    fields: list[FieldChange]


class Remainder(Model):
    """What stays with the remaining customer after an undo."""

    fields: list[str] = []
    orders: list[str] = []


class MergeRecord(Record):
    """`STORE#demo#MERGED#cus_01K…` / `MERGE`: the customer as it was when it was merged."""

    into_id = UnicodeAttribute()
    into_version = NumberAttribute()  # of the remaining customer: the one that the merge made
    merged_at = UnicodeAttribute()
    source = CustomerAttribute()
    ttl = NumberAttribute()

    # Since the undo began. `completed_at` is set when nothing is left to move.
    undone_at = UnicodeAttribute(null=True)
    undone_by = DocumentAttribute(Actor, null=True)
    orders_moved = NumberAttribute(default=0)
    remainder = DocumentAttribute(Remainder, null=True)
    completed_at = UnicodeAttribute(null=True)

    @property
    def undo_until(self) -> datetime:
        """The time until which the merge can be undone."""
        return datetime.fromisoformat(self.merged_at) + UNDO


class MergeChangesRecord(Record):
    """`STORE#demo#MERGED#cus_01K…` / `MERGE_CHANGES`: apart, because an item has a limit."""

    changes = DocumentAttribute(MergeChanges)
    ttl = NumberAttribute()


class MovedOrder(Record):
    """`STORE#demo#MERGED#cus_01K…` / `MOVED_ORDER#1001`: an order that a merge moved."""

    into_id = UnicodeAttribute()
    ttl = NumberAttribute()


def find(store: Store, source_id: str) -> MergeRecord | None:
    """Return the record of a customer's merge, or None if it was not merged lately.

    Cost: 1 read unit per 4 KB.
    """
    return MergeRecord.find(keys.merged(store.id, source_id), keys.MERGE)


def changes_of(store: Store, source_id: str) -> list[FieldChange]:
    """Return the fields of the remaining customer that a merge changed. 1 read unit per 4 KB."""
    record = MergeChangesRecord.find(keys.merged(store.id, source_id), keys.MERGE_CHANGES)
    return record.changes.fields if record else []


def moved_orders(store: Store, record: MergeRecord) -> list[MovedOrder]:
    """Return the orders that a merge moved and no undo moved back. 1 read unit per 4 KB."""
    moved = MovedOrder.list_by_prefix(record.pk, keys.MOVED_ORDER_PREFIX)
    return [order for order in moved if order.into_id == record.into_id]


def add_moved_order(
    write: Transaction, store: Store, order_id: str, source_id: str, into_id: str, now: datetime
) -> None:
    """Record that an order moves, in the transaction that moves it. 2 write units."""
    pk, sk = keys.merged(store.id, source_id), keys.moved_order(order_id)
    write.put_record(MovedOrder(pk, sk, into_id=into_id, ttl=_end(now)))


def add(
    write: Transaction, store: Store, source: Customer, into: Customer, changes: list[FieldChange], now: datetime
) -> None:
    """Record a merge, in its last transaction. `into` is the remaining customer after it.

    Cost: 2 write units per KB of the merged customer and of the changes.
    """
    pk, end = keys.merged(store.id, source.id), _end(now)
    merged_at = clock.format_timestamp(now)
    write.put_record(
        MergeRecord(
            pk, keys.MERGE, into_id=into.id, into_version=into.version, merged_at=merged_at, source=source, ttl=end
        )
    )
    write.put_record(MergeChangesRecord(pk, keys.MERGE_CHANGES, changes=MergeChanges(fields=changes), ttl=end))


def remove(store: Store, source_id: str) -> None:
    """Delete everything that a merge left, with the alias. 1 write unit per KB."""
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.merged(store.id, source_id)}},
        ProjectionExpression="pk, sk",
        ConsistentRead=True,
    )
    items = [item for page in pages for item in page["Items"]]
    for batch in batched(items, dynamodb.BATCH_WRITE, strict=False):
        dynamodb.delete_all(list(batch))


def end_of(record: MergeRecord) -> int:
    """Return the time at which DynamoDB deletes what an undo needs, in seconds."""
    return _end(datetime.fromisoformat(record.merged_at))


def _end(merged_at: datetime) -> int:
    return int((merged_at + UNDO + _GRACE).timestamp())
