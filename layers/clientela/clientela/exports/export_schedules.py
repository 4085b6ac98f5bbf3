"""Schedules of exports: what is exported, when, and who gets a mail with the file.

The record is the truth. `scheduler_entries` keeps EventBridge Scheduler in step with it.
"""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictBool, create_model
from pynamodb.attributes import NumberAttribute

from clientela import ids
from clientela.concurrency import retry_on_conflict
from clientela.customers import change_log, filter_summaries, group_filter
from clientela.customers.erased_filters import Eraser
from clientela.errors import (
    BusyError,
    FieldError,
    InvalidInputError,
    ScheduleLimitError,
    ScheduleNotFoundError,
    VersionConflictError,
)
from clientela.exports import export_requests
from clientela.exports.export_requests import ExportRequest
from clientela.schema import cron_expressions
from clientela.schema.actors import OPERATOR, Actor, FieldChange
from clientela.schema.cron_expressions import Cron
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Timestamp, Title
from clientela.schema.merge_patch import all_optional, apply_patch
from clientela.schema.timezones import Timezone
from clientela.sentences import Sentence
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import job_keys, keys
from clientela.table.attributes import DocumentAttribute
from clientela.table.records import Record
from clientela.table.transactions import Transaction

MAX_SCHEDULES = 20  # of a store
MAX_ADDRESSES = 10  # that get the mail of one schedule
NIGHTLY = "0 3 * * *"


def _without_repeats(addresses: list[str]) -> list[str]:
    return list(dict.fromkeys(addresses))


class NewSchedule(ExportRequest):
    """A schedule to create, with what it exports."""

    name: Title
    """The name of the schedule, for the merchant's staff and in mails. Example: Every night"""
    cron: Cron
    """When it runs: a cron expression of EventBridge Scheduler (minute, hour, day of the month,
    month, day of the week, year) or of Unix (the first five; Sunday is 0 or 7). With one minute
    only, so that runs are at least an hour apart. Responses have six fields.
    Example: 0 3 * * ? *"""
    timezone: Timezone | None = None
    """The time zone of the expression; the store's if it is absent. A local time that a change of
    the clocks leaves out does not run, and one that comes twice runs once.
    Example: Europe/Madrid"""
    changed_since_last: StrictBool = False
    """Whether a run has only the customers that changed since the last run that succeeded, with the
    removed ones in a second file. The first run has all, and so has the next one after a change
    of the schedule. Example: false"""
    notify: Annotated[list[Email], Field(max_length=MAX_ADDRESSES), AfterValidator(_without_repeats)] = []
    """The addresses that get a mail with a link to each file, and one when the schedule begins to
    fail. Example: ["office@shop.example.com"]"""
    paused: StrictBool = False
    """Whether the schedule does not run for now. Example: false"""


# The patch is merged into the stored fields and the result is validated as a NewSchedule.
ScheduleChanges = create_model(
    "ScheduleChanges",
    __base__=Model,
    __doc__="Changes to a schedule, as a JSON Merge Patch (RFC 7396).",
    **all_optional(NewSchedule),
)


class Schedule(NewSchedule):
    """A schedule as it is stored."""

    id: str
    """The id of the schedule. Example: exs_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    timezone: Timezone
    """The time zone of the expression. Example: Europe/Madrid"""
    created_at: Timestamp
    """When the schedule was created."""
    updated_at: Timestamp
    """When the schedule was last changed."""
    version: int = 1
    """The number of the version, as in the ETag. Example: 2"""


class ScheduleRecord(Record):
    """`STORE#demo` / `EXPORT_SCHEDULE#exs_01K…`. The table's stream brings it to the Scheduler."""

    AUDITED = True
    version = NumberAttribute()
    schedule = DocumentAttribute(Schedule)


class ScheduleCount(Record):
    """`STORE#demo` / `EXPORT_SCHEDULES`: how many schedules a store has."""

    number = NumberAttribute(default=0)


def create(store: Store, new: NewSchedule, now: datetime, by: Actor = OPERATOR) -> Schedule:
    """Create a schedule.

    Raises:
        InvalidInputError: the expression never runs, or the filter's group does not exist.
        ScheduleLimitError: the store has MAX_SCHEDULES schedules.

    Cost: 8 write units.
    """
    fields = _settle(store, new, now)
    schedule = Schedule(**dict(fields), id=ids.new("exs", now), created_at=now, updated_at=now)
    full = ScheduleLimitError(Sentence("A store can have {max} schedules.", max=MAX_SCHEDULES))
    has_room = ScheduleCount.number.does_not_exist() | (ScheduleCount.number < MAX_SCHEDULES)
    with Transaction() as write:
        write.put_record(_record(store, schedule), ScheduleRecord.pk.does_not_exist(), VersionConflictError())
        write.update(_count(store), [ScheduleCount.number.add(1)], has_room, full)
        changes = _differences(None, schedule)
        audit_trail.add(write, store, by, now, "export_schedule.created", schedule.id, changes)
    return schedule


def get(store: Store, schedule_id: str) -> Schedule:
    """Return a schedule — ScheduleNotFoundError. 1 read unit."""
    schedule = find(store.id, schedule_id)
    if schedule is None:
        raise ScheduleNotFoundError(Sentence("Schedule “{id}” not found.", id=schedule_id))
    return schedule


def find(store_id: str, schedule_id: str) -> Schedule | None:
    """Return a schedule, or None. 1 read unit."""
    record = ScheduleRecord.find(keys.store(store_id), job_keys.export_schedule(schedule_id))
    return record.schedule if record else None


def list_all(store_id: str) -> list[Schedule]:
    """Return all schedules of a store, oldest first. 1 read unit per 4 KB."""
    stored = ScheduleRecord.list_by_prefix(keys.store(store_id), job_keys.EXPORT_SCHEDULE_PREFIX)
    return [record.schedule for record in stored]


def patch(
    store: Store, schedule_id: str, changes: Any, now: datetime, version: int | None = None, by: Actor = OPERATOR
) -> Schedule:
    """Apply a JSON Merge Patch (RFC 7396) to a schedule; nothing is written if it changes nothing.

    A repeated request, whose changes are already made, is answered as the first one.

    Raises:
        ScheduleNotFoundError: the store has no such schedule.
        InvalidInputError: the changed schedule is invalid or never runs.
        VersionConflictError: `version` is not the stored one, or the schedule changed meanwhile.

    Cost: 1 read unit, 4 write units.
    """
    before = get(store, schedule_id)
    stale = VersionConflictError(Sentence("The schedule is at version {version}.", version=before.version))
    fields = apply_patch(NewSchedule, before, changes)
    if fields.timezone is None:
        fields = fields.model_copy(update={"timezone": store.timezone})
    if all(getattr(before, name) == value for name, value in fields):
        return before
    if version not in (None, before.version):
        raise stale
    fields = _settle(store, fields, now)
    after = before.model_copy(update={**dict(fields), "updated_at": now, "version": before.version + 1})
    with Transaction() as write:
        write.put_record(_record(store, after), ScheduleRecord.version == before.version, stale)
        audit_trail.add(write, store, by, now, "export_schedule.changed", after.id, _differences(before, after))
    return after


def delete(store: Store, schedule_id: str, now: datetime, by: Actor = OPERATOR) -> None:
    """Delete a schedule; its exports stay — ScheduleNotFoundError. 8 write units."""

    def attempt() -> None:
        schedule = get(store, schedule_id)
        with Transaction() as write:
            write.delete(_record(store, schedule), ScheduleRecord.version == schedule.version, BusyError())
            write.delete(Record(keys.store(store.id), job_keys.export_schedule_state(schedule_id)))
            write.update(_count(store), [ScheduleCount.number.add(-1)])
            changes = _differences(schedule, None)
            audit_trail.add(write, store, by, now, "export_schedule.deleted", schedule.id, changes)

    retry_on_conflict(attempt)


def erase_filters(store: Store, eraser: Eraser, now: datetime, by: Actor) -> None:
    """Replace what names an erased person in the filters of schedules.

    A schedule whose filter nobody passes any more is paused, until it gets another filter.

    Cost: 1 read unit per 4 KB of the schedules; 4 write units for each that changes.
    """

    def attempt(schedule_id: str) -> None:
        before = find(store.id, schedule_id)
        if before is None:
            return
        filter_ = eraser.erase(before.filter)
        paused = before.paused or filter_.is_hidden
        changes = {"filter": filter_, "paused": paused, "updated_at": now, "version": before.version + 1}
        after = before.model_copy(update=changes)
        with Transaction() as write:
            write.put_record(_record(store, after), ScheduleRecord.version == before.version, BusyError())
            audit_trail.add(write, store, by, now, "export_schedule.changed", after.id, _differences(before, after))

    for item in eraser.items_to_change(job_keys.EXPORT_SCHEDULE_PREFIX, "schedule"):
        retry_on_conflict(partial(attempt, item["sk"]["S"].removeprefix(job_keys.EXPORT_SCHEDULE_PREFIX)))


def drop_log(store_id: str) -> None:
    """Switch off the log of changes if no schedule of the store needs it.

    A schedule that needs it again switches it on, and exports all customers once.

    Cost: 1 read unit per 4 KB of the schedules, 1 write unit.
    """
    if not any(schedule.changed_since_last for schedule in list_all(store_id)):
        change_log.disable(store_id)


def _settle(store: Store, fields: NewSchedule, now: datetime) -> NewSchedule:
    """Return the fields with the store's defaults, after checks that need more than the input."""
    if fields.changed_since_last and fields.what != "customers":
        raise InvalidInputError(
            fields=[FieldError("/changed_since_last", "Only customers can be exported by what changed.")]
        )
    timezone = fields.timezone or store.timezone
    if not cron_expressions.next_runs(fields.cron, timezone, now, 1):
        raise InvalidInputError(fields=[FieldError("/cron", "The schedule would never run.")])
    export_requests.resolve(store, fields)
    filter_ = group_filter.resolve(store, fields.filter, "/filter/group")
    return fields.model_copy(update={"timezone": timezone, "filter": filter_})


def _differences(before: Schedule | None, after: Schedule | None) -> list[FieldChange]:
    """Return the changes for the audit trail, without values that tell of a person."""
    changes = [each for each in audit_trail.differences(before, after) if each.field != "filter"]
    if before and after and before.filter == after.filter:
        return changes
    old, new = (filter_summaries.shown(schedule.filter) if schedule else None for schedule in (before, after))
    return [*changes, FieldChange(field="filter", before=old or None, after=new or None)]


def _record(store: Store, schedule: Schedule) -> ScheduleRecord:
    sort_key = job_keys.export_schedule(schedule.id)
    return ScheduleRecord(keys.store(store.id), sort_key, version=schedule.version, schedule=schedule)


def _count(store: Store) -> ScheduleCount:
    return ScheduleCount(keys.store(store.id), job_keys.EXPORT_SCHEDULES)
