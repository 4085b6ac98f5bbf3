"""Bulk changes: the same change to many customers, by ids or by filter, with a result for each.

Up to 1,000 ids are changed while the caller waits. A filter becomes a job: the bulk function walks
the directory a hundred customers at a time, writes the results of each hundred to S3, and calls
itself before its time runs out. An interrupted job continues with its last hundred. Applying a
change twice is the same as applying it once.
"""

import contextlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

import orjson
from botocore.exceptions import ClientError
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from clientela import ids, settings
from clientela.aws import clients
from clientela.bulk.bulk_fields import BulkChange, BulkJob, BulkResult, ListChange
from clientela.concurrency import retry_on_conflict
from clientela.customers import customer_input, customer_search, customers, filter_summaries, invitations
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.erased_filters import Eraser
from clientela.errors import BulkJobNotFoundError, BusyError, ClientelaError, VersionConflictError
from clientela.schema.actors import Actor, FieldChange
from clientela.sentences import Sentence, translated
from clientela.stores import audit_trail, store_existence
from clientela.stores.stores import Store
from clientela.table import job_keys, keys, pagination, records
from clientela.table.attributes import DocumentAttribute, load
from clientela.table.pagination import Page
from clientela.table.records import Record
from clientela.table.transactions import Transaction

BATCH_SIZE = 100  # customers of a job between two looks at the clock
_WORKERS = 8


class BulkRecord(Record):
    """`STORE#demo` / `BULK#blk_01K…`: results of `parts` hundreds are in S3; `cursor` is next.

    Each write has the next version.
    """

    AUDITED = True
    version = NumberAttribute(default=1)
    parts = NumberAttribute(default=0)
    cursor = UnicodeAttribute(null=True)
    is_sweep = BooleanAttribute(default=False)
    by = DocumentAttribute(Actor)
    job = DocumentAttribute(BulkJob)


def change(store: Store, customer_ids: list[str], changes: BulkChange, now: datetime, by: Actor) -> list[BulkResult]:
    """Change customers by id, each on its own: a failure does not affect the others."""
    with Transaction() as write:
        count = FieldChange(field="customers", after=len(customer_ids))
        audit_trail.add(write, store, by, now, "bulk_change.started", None, [count, _as_change(changes)])
    return _change_all(store, customer_ids, changes, now, by)


def _change_all(
    store: Store, customer_ids: list[str], changes: BulkChange, now: datetime, by: Actor
) -> list[BulkResult]:
    with ThreadPoolExecutor(_WORKERS) as threads:
        return list(threads.map(lambda each: _change_one(store, each, changes, now, by), dict.fromkeys(customer_ids)))


def start(
    store: Store, wanted: CustomerFilter, changes: BulkChange, now: datetime, by: Actor, *, is_sweep: bool = False
) -> BulkJob:
    """Start a job over all customers that pass the filter. 4 write units.

    With `is_sweep` it repeats until the filter matches nobody. Use it only if a change ends the
    match.
    """
    job = BulkJob(id=ids.new("blk", now), filter=wanted, changes=changes, created_at=now)
    record = BulkRecord(keys.store(store.id), job_keys.bulk_job(job.id), job=job, by=by, is_sweep=is_sweep)
    with Transaction() as write:
        write.put_record(record)
        entry = [*filter_summaries.as_changes(wanted), _as_change(changes)]
        audit_trail.add(write, store, by, now, "bulk_change.started", job.id, entry)
    try:
        _call_function(store, job.id)
    except Exception:
        _store_failure(store, record, "The bulk function could not be called.")
        raise
    return job


def get(store: Store, job_id: str) -> BulkJob:
    """Return the job as it is now — BulkJobNotFoundError. 1 read unit."""
    return _record(store, job_id).job


def list_all(store: Store, limit: int = 50, cursor: str | None = None) -> Page[BulkJob]:
    """Return one page of the store's jobs, newest first — InvalidInputError for a foreign cursor.

    Cost: half a read unit per 4 KB.
    """
    page = pagination.newest_first(keys.store(store.id), job_keys.BULK_PREFIX, limit, cursor)
    return Page([load(BulkJob, item["job"]) for item in page.items], page.next_cursor)


def results(store: Store, job_id: str, cursor: str | None = None) -> Page[dict[str, Any]]:
    """Return the result for each customer, a hundred at a time, in the order of the work."""
    record = _record(store, job_id)
    part = int(pagination.decode_cursor(record.sk, cursor)) if cursor is not None else 0
    if part >= record.parts:
        return Page([], None)
    body = clients.s3().get_object(Bucket=settings.exports_bucket(), Key=_part_key(store, job_id, part))["Body"].read()
    return Page(
        orjson.loads(body), pagination.encode_cursor(record.sk, str(part + 1)) if part + 1 < record.parts else None
    )


def run(store: Store, job_id: str, read_clock: Callable[[], datetime], out_of_time: Callable[[], bool]) -> BulkJob:
    """Work on a job until it is done. If `out_of_time`, call the function again to continue.

    Two runs of one job do no harm: the first one that finishes a hundred stores its results. A job
    that fails is marked as failed, and the next call continues it.
    """
    record = _record(store, job_id)
    try:
        while record.job.finished_at is None and store_existence.exists(store.id):
            if out_of_time():
                _call_function(store, job_id)
                break
            record = _next_part(store, record, read_clock())
    except Exception:
        _store_failure(store, _record(store, job_id), "The job failed and will be tried again.")
        raise
    return record.job


def erase_filters(store: Store, eraser: Eraser) -> None:
    """Replace what names an erased person in the filters of jobs, also while they run.

    Cost: half a read unit per 4 KB of the jobs, 1 read and 1 write unit for each that changes.
    """
    for item in eraser.items_to_change(job_keys.BULK_PREFIX, "job"):
        retry_on_conflict(partial(_erase_filter, store, item["sk"]["S"].removeprefix(job_keys.BULK_PREFIX), eraser))


def _erase_filter(store: Store, job_id: str, eraser: Eraser) -> None:
    record = _record(store, job_id)
    filter_ = eraser.erase(record.job.filter or CustomerFilter())
    _put(record, BusyError(), job=record.job.model_copy(update={"filter": filter_}))


def apply(store: Store, before: Customer, changes: BulkChange) -> Customer:
    """Return the customer with a bulk change applied, without writing — InvalidInputError."""
    return customer_input.apply_patch(before, _patch(before, changes), store.country)


def failure(store: Store, customer_id: str, error: ClientelaError) -> BulkResult:
    """Return the result for a customer that could not be changed, in the store's language."""
    message = translated(error.detail or error.title, store.language)
    return BulkResult(id=customer_id, result="failed", code=error.code, message=message)


def _as_change(changes: BulkChange) -> FieldChange:
    return FieldChange(field="changes", after=changes.model_dump(mode="json", exclude_none=True))


def _next_part(store: Store, record: BulkRecord, now: datetime) -> BulkRecord:
    job, filter_ = record.job, record.job.filter or CustomerFilter()
    if filter_.is_hidden:  # the cursor belongs to the list that it was
        return _store_progress(store, record, [], None, now)
    page = customer_search.page(store, sort="created", filter_=filter_, limit=BATCH_SIZE, cursor=record.cursor)
    part = _change_all(store, [customer["id"] for customer in page.items], job.changes, now, Actor("bulk", job.id))
    if part:
        part = _store_results(_part_key(store, job.id, int(record.parts)), part)
    again = record.is_sweep and any(result.result != "failed" for result in part)
    is_over = page.next_cursor is None and not again
    return _store_progress(store, record, part, page.next_cursor, now if is_over else None)


def _store_results(key: str, part: list[BulkResult]) -> list[BulkResult]:
    """Store the results of a hundred customers, or return those of the run that was first."""
    body = orjson.dumps([result.model_dump() for result in part])
    bucket = settings.exports_bucket()
    try:
        clients.s3().put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*")
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.PRECONDITION_FAILED:
            raise
        earlier = clients.s3().get_object(Bucket=bucket, Key=key)["Body"].read()
        return [BulkResult(**result) for result in orjson.loads(earlier)]
    return part


def _store_failure(store: Store, record: BulkRecord, message: str) -> None:
    text = translated(message, store.language)
    with contextlib.suppress(VersionConflictError):  # another run goes on
        _put(record, VersionConflictError(), job=record.job.model_copy(update={"status": "failed", "message": text}))


def _store_progress(
    store: Store, record: BulkRecord, part: list[BulkResult], cursor: str | None, finished_at: datetime | None
) -> BulkRecord:
    counts = Counter(result.result for result in part)
    job = record.job.model_copy(
        update={
            "status": "succeeded" if finished_at else "running",
            "finished_at": finished_at,
            "message": None,
            **{name: getattr(record.job, name) + counts[name] for name in ("changed", "unchanged", "failed")},
        }
    )
    try:
        return _put(record, VersionConflictError(), job=job, cursor=cursor, parts=record.parts + bool(part))
    except VersionConflictError:
        return _record(store, job.id)


def _put(record: BulkRecord, stale: Exception, **changes: Any) -> BulkRecord:
    """Write the next version of a job, or raise `stale`."""
    attributes = {**record.attribute_values, "mark": None, "version": record.version + 1, **changes}
    after = BulkRecord(**attributes)
    records.put(after, BulkRecord.version == record.version, stale, is_bookkeeping=True)
    return after


def _change_one(store: Store, customer_id: str, changes: BulkChange, now: datetime, by: Actor) -> BulkResult:
    seen: list[Customer] = []

    def apply_seen(before: Customer) -> Customer:
        seen.append(before)
        return apply(store, before, changes)

    try:
        after = customers.change(store, customer_id, apply_seen, now, by)
        if changes.invite:  # a job that runs twice invites once
            invitations.invite(store, customer_id, now, by.id if by.kind == "bulk" else None)
    except ClientelaError as error:
        return failure(store, customer_id, error)
    is_unchanged = after == seen[-1] and not changes.invite
    return BulkResult(id=customer_id, result="unchanged" if is_unchanged else "changed")


def _patch(before: Customer, changes: BulkChange) -> dict[str, Any]:
    patch: dict[str, Any] = changes.model_dump(include={"tax_exempt", "status"}, exclude_none=True)
    for name in ("groups", "tags"):
        wanted: ListChange | None = getattr(changes, name)
        if wanted:
            remaining = [each for each in getattr(before, name) if each not in wanted.remove]
            patch[name] = list(dict.fromkeys([*remaining, *wanted.add]))
    if before.primary_group and before.primary_group not in patch.get("groups", before.groups):
        patch["primary_group"] = None
    return patch


def _call_function(store: Store, job_id: str) -> None:
    payload = orjson.dumps({"store_id": store.id, "job_id": job_id})
    clients.lambda_().invoke(FunctionName=settings.bulk_function(), InvocationType="Event", Payload=payload)


def _part_key(store: Store, job_id: str, part: int) -> str:
    return f"{store.id}/bulk/{job_id}/{part:06d}.json"


def _record(store: Store, job_id: str) -> BulkRecord:
    record = BulkRecord.find(keys.store(store.id), job_keys.bulk_job(job_id))
    if record is None:
        raise BulkJobNotFoundError(Sentence("Bulk change “{id}” not found.", id=job_id))
    return record
