"""The entries of EventBridge Scheduler that fire the schedules, kept in step with the table.

The table is the truth: `sync` brings an entry to what is stored then. It may be repeated and run
several times at once. It reads the schedule again after its change, so that of two runs the last
one sees what the other has done too late. Whatever still differs is mended by `sync_all`.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from clientela import settings
from clientela.aws import clients
from clientela.errors import BusyError
from clientela.exports import export_schedules
from clientela.exports.export_schedules import Schedule
from clientela.stores import stores
from clientela.table import job_keys, keys
from clientela.table.attributes import load
from clientela.table.stream import TableChange

if TYPE_CHECKING:
    from mypy_boto3_scheduler.type_defs import GetScheduleOutputTypeDef

ATTEMPTS = 5  # to meet a schedule that others keep changing
MAX_AGE_SECONDS = 6 * 3600  # for which the Scheduler tries to reach the queue
MAX_RETRIES = 10
_COMPARED = ("ScheduleExpression", "ScheduleExpressionTimezone", "State", "Target")


class ScheduleId(NamedTuple):
    """A schedule of a store."""

    store_id: str
    schedule_id: str


class SyncReport(NamedTuple):
    """What `sync_all` found: the number of schedules, and of entries that it mended.

    `next_store` is the first store for which there was no time, or None at the end.
    """

    schedules: int
    mended: int
    next_store: str | None = None


def changed_in(change: TableChange) -> ScheduleId | None:
    """Return the schedule that a change of the table has created, changed or deleted, or None."""
    if not change.sk.startswith(job_keys.EXPORT_SCHEDULE_PREFIX):
        return None
    return ScheduleId(keys.store_of(change.pk), change.sk.removeprefix(job_keys.EXPORT_SCHEDULE_PREFIX))


def ends_log(change: TableChange) -> bool:
    """Return whether a change of a schedule ends its exports of what changed.

    Then no schedule of the store may need the log of changes any more.
    """
    before, after = (
        load(Schedule, item["schedule"]).changed_since_last if item else False for item in (change.before, change.after)
    )
    return before and not after


def sync(store_id: str, schedule_id: str) -> bool:
    """Create, change or delete a schedule's entry as the table says; return whether it differed.

    Raises:
        BusyError: others kept changing the schedule.

    Cost: 2 read units, 1 to 3 calls of the Scheduler.
    """
    has_differed = False
    schedule = export_schedules.find(store_id, schedule_id)
    for _ in range(ATTEMPTS):
        if schedule is None:
            has_differed |= _delete(schedule_id)
        else:
            has_differed |= _put(store_id, schedule)
        seen, schedule = schedule, export_schedules.find(store_id, schedule_id)
        if seen == schedule:
            return has_differed
    raise BusyError


def sync_all(
    failed: Callable[[Exception], object], from_store: str = "", is_late: Callable[[], bool] = lambda: False
) -> SyncReport:
    """Bring the entries of all stores in step with the table, in the order of their ids.

    Stops before a store when `is_late`; `from_store` is where the next call goes on. If a schedule
    fails, `failed` gets the error, and the others go on. Entries without a schedule are deleted by
    the call that begins with the first store.

    Cost: a read unit for each store, 2 for each schedule; a call of the Scheduler for each. The
    first call: another read unit for each store.
    """
    mended = schedules = 0
    if not from_store:
        mended += sum(_try(each, failed) for each in _left_over())
    for store_id in stores.list_ids():
        if store_id < from_store:
            continue
        if is_late():
            return SyncReport(schedules, mended, store_id)
        stored = export_schedules.list_all(store_id)
        schedules += len(stored)
        mended += sum(_try(ScheduleId(store_id, each.id), failed) for each in stored)
    return SyncReport(schedules, mended)


def _try(schedule: ScheduleId, failed: Callable[[Exception], object]) -> bool:
    try:
        return sync(*schedule)
    except Exception as error:
        failed(error)
        return False


def _left_over() -> list[ScheduleId]:
    # Listed before the table is read: an entry whose schedule is not found then is left over.
    listed = set(_names())
    listed -= {each.id for store_id in stores.list_ids() for each in export_schedules.list_all(store_id)}
    return [ScheduleId(_store_of(name), name) for name in sorted(listed)]


def _put(store_id: str, schedule: Schedule) -> bool:
    entry, client = _entry(store_id, schedule), clients.scheduler()
    stored = _find(schedule.id)
    if stored is None:
        with suppress(client.exceptions.ConflictException):  # another run was first; `sync` looks again
            client.create_schedule(**entry)
            return True
        stored = _find(schedule.id)
    if stored and all(stored.get(name) == entry[name] for name in _COMPARED):
        return False
    with suppress(client.exceptions.ResourceNotFoundException):  # deleted meanwhile; `sync` looks again
        client.update_schedule(**entry)
    return True


def _delete(schedule_id: str) -> bool:
    client = clients.scheduler()
    try:
        client.delete_schedule(GroupName=settings.export_schedule_group(), Name=schedule_id)
    except client.exceptions.ResourceNotFoundException:
        return False
    return True


def _find(schedule_id: str) -> "GetScheduleOutputTypeDef | None":
    client = clients.scheduler()
    try:
        return client.get_schedule(GroupName=settings.export_schedule_group(), Name=schedule_id)
    except client.exceptions.ResourceNotFoundException:
        return None


def _names() -> Iterator[str]:
    pages = clients.scheduler().get_paginator("list_schedules").paginate(GroupName=settings.export_schedule_group())
    return (entry["Name"] for page in pages for entry in page["Schedules"])


def _store_of(schedule_id: str) -> str:
    """Return the store that an entry names; "" if the entry is gone or not one of ours."""
    entry = _find(schedule_id)
    try:
        return str(orjson.loads(entry["Target"]["Input"])["store_id"]) if entry else ""
    except (KeyError, TypeError, orjson.JSONDecodeError):
        return ""


def _entry(store_id: str, schedule: Schedule) -> dict[str, Any]:
    slot = {"store_id": store_id, "schedule_id": schedule.id, "slot": "<aws.scheduler.scheduled-time>"}
    return {
        "GroupName": settings.export_schedule_group(),
        "Name": schedule.id,
        "ScheduleExpression": f"cron({schedule.cron})",
        "ScheduleExpressionTimezone": schedule.timezone,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "DISABLED" if schedule.paused else "ENABLED",
        "Target": {
            "Arn": settings.export_queue_arn(),
            "RoleArn": settings.export_schedule_role(),
            "Input": orjson.dumps(slot).decode(),
            "DeadLetterConfig": {"Arn": settings.failed_calls_queue_arn()},
            "RetryPolicy": {"MaximumEventAgeInSeconds": MAX_AGE_SECONDS, "MaximumRetryAttempts": MAX_RETRIES},
        },
    }
