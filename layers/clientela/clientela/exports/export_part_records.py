"""The parts of a large export that are written, each with its object."""

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela.table import dynamodb, job_keys, records
from clientela.table.records import Record

RETENTION = timedelta(days=2)  # longer than an export runs


class PartRecord(Record):
    """`STORE#demo#EXPORT#exp_01K…` / `PART#0000000003#000012`: by run and number."""

    object_key = UnicodeAttribute()
    rows = NumberAttribute()
    size = NumberAttribute()
    ttl = NumberAttribute()


class PartWrittenError(Exception):
    """Another attempt has written this part."""


def find(store_id: str, job_id: str, run: int, number: int) -> PartRecord | None:
    """Return a part if it is written. 1 read unit."""
    return PartRecord.find(job_keys.export_parts(store_id, job_id), job_keys.export_part(run, number))


def add(
    store_id: str, job_id: str, run: int, number: int, *, object_key: str, rows: int, size: int, now: datetime
) -> None:
    """Record a part as written — PartWrittenError if an earlier attempt did so. 1 write unit."""
    part = PartRecord(
        job_keys.export_parts(store_id, job_id),
        job_keys.export_part(run, number),
        object_key=object_key,
        rows=rows,
        size=size,
        ttl=int((now + RETENTION).timestamp()),
    )
    records.put(part, PartRecord.pk.does_not_exist(), PartWrittenError())


def list_all(store_id: str, job_id: str, run: int) -> list[PartRecord]:
    """Return the written parts of a run, in order. 1 read unit per 4 KB."""
    return PartRecord.list_by_prefix(job_keys.export_parts(store_id, job_id), job_keys.export_part_prefix(run))


def count(store_id: str, job_id: str, run: int) -> int:
    """Return how many parts of a run are written. Half a read unit per 4 KB."""
    pages = dynamodb.query_pages(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :run)",
        ExpressionAttributeValues={
            ":pk": {"S": job_keys.export_parts(store_id, job_id)},
            ":run": {"S": job_keys.export_part_prefix(run)},
        },
        Select="COUNT",
    )
    return sum(page["Count"] for page in pages)
