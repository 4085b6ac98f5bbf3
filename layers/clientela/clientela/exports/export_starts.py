"""The queue of exports to run, and of scheduled times at which an export must be started.

However many schedules fire at once, the function that reads the queue runs a few exports at a time,
so that they leave the account's concurrency to sign-ins.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from clientela import ids, settings
from clientela.aws import sqs
from clientela.aws.json_protocol import RefusedError
from clientela.errors import BusyError, StoreNotFoundError
from clientela.exports import change_windows, export_jobs, export_requests, export_schedules, schedule_states
from clientela.exports.change_windows import ChangeWindow
from clientela.exports.export_jobs import ExportJob
from clientela.exports.export_schedules import Schedule
from clientela.schema.actors import OPERATOR, Actor
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table import job_keys, keys
from clientela.table.stream import TableChange

# The seconds after which a failed message returns; after the last try it becomes a dead letter.
GAPS = (60, 300, 1200, 3600, 0)
_MARGIN_SECONDS = 60  # between the end of a call and the moment at which its message returns


class ExportStart(Model):
    """A message: run an export."""

    store_id: str
    job_id: str


class ScheduledSlot(Model):
    """A message of EventBridge Scheduler: a schedule's time has come."""

    store_id: str
    schedule_id: str
    slot: Timestamp


MESSAGE: TypeAdapter[ExportStart | ScheduledSlot] = TypeAdapter(ExportStart | ScheduledSlot)


def export_in(change: TableChange) -> ExportStart | None:
    """Return the export that a change of the table has created or changed, or None."""
    if not change.sk.startswith(job_keys.EXPORT_PREFIX) or change.after is None:
        return None
    return ExportStart(store_id=keys.store_of(change.pk), job_id=change.sk.removeprefix(job_keys.EXPORT_PREFIX))


def new_export_in(change: TableChange) -> ExportStart | None:
    """Return the export that a change of the table has created, or None."""
    return None if change.before else export_in(change)


def has_ended(change: TableChange) -> bool:
    """Return whether a change of an export is its end, in success or failure."""
    before, after = (item["status"]["S"] if item else None for item in (change.before, change.after))
    return after in ("succeeded", "failed") and before != after


def put(start: ExportStart) -> None:
    """Queue an export to run — BusyError if SQS does not respond. One call of SQS."""
    sqs.send(settings.export_queue_url(), start.model_dump_json())


def hold(receipt_handle: str, milliseconds_left: int) -> None:
    """Let a message return soon after its call has died, and not while the call may still work.

    The queue's visibility timeout is longer, because the message may wait for the function.

    Cost: one call of SQS.
    """
    _hide(receipt_handle, milliseconds_left // 1000 + _MARGIN_SECONDS)


def next_try(receives: int, now: datetime) -> datetime | None:
    """Return when a message returns that fails now; None after its last try.

    `receives` is the number of times that it was received.
    """
    return now + timedelta(seconds=GAPS[receives - 1]) if receives < len(GAPS) else None


def postpone(receipt_handle: str, receives: int) -> None:
    """Let a message that failed return after a gap that grows with its receives.

    Cost: one call of SQS.
    """
    _hide(receipt_handle, GAPS[min(receives, len(GAPS)) - 1])


def _hide(receipt_handle: str, seconds: int) -> None:
    with suppress(BusyError, RefusedError):  # then it returns after the queue's visibility timeout
        sqs.hide(settings.export_queue_url(), receipt_handle, seconds)


def start_slot(slot: ScheduledSlot, now: datetime) -> ExportJob | None:
    """Start the export of a schedule's time, once however often the schedule fires for it.

    Returns None if the store or the schedule was deleted, or the schedule is paused: EventBridge
    Scheduler learns of that some seconds later.

    Cost: 1 read unit, 4 write units; 2 read units more with `changed_since_last`.
    """
    try:
        store = stores.read(slot.store_id)
    except StoreNotFoundError:
        return None
    schedule = export_schedules.find(store.id, slot.schedule_id)
    if schedule is None or schedule.paused:
        return None
    job = ExportJob(
        id=ids.derived("exp", slot.slot, store.id, schedule.id),
        schedule_id=schedule.id,
        slot=slot.slot,
        changes=_changes(store, schedule, slot.slot, now),
        created_at=slot.slot,
        **export_requests.resolve(store, schedule),
    )
    return export_jobs.create(store, job, Actor("schedule", schedule.id))


def start_now(store: Store, schedule_id: str, now: datetime, by: Actor = OPERATOR) -> ExportJob:
    """Start an export as a schedule describes it, besides its planned times, also if it is paused.

    Raises:
        ScheduleNotFoundError: the store has no such schedule.

    Cost: 1 read unit, 4 write units.
    """
    schedule = export_schedules.get(store, schedule_id)
    job = ExportJob(
        id=ids.new("exp", now),
        schedule_id=schedule.id,
        changes=_changes(store, schedule, now, now),
        created_at=now,
        **export_requests.resolve(store, schedule),
    )
    return export_jobs.create(store, job, by)


def _changes(store: Store, schedule: Schedule, until: datetime, now: datetime) -> ChangeWindow | None:
    if not schedule.changed_since_last:
        return None
    last = schedule_states.last_exported(store.id, schedule.id)
    # After a change of the filter, customers may be missing who did not change themselves.
    is_current = last is not None and last >= schedule.updated_at
    return change_windows.since_last(store, last if is_current else None, until, now)
