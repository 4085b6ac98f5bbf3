"""Schedules of exports in tests."""

from datetime import UTC, datetime
from typing import Any

from clientela.exports import export_schedules, schedule_states
from clientela.exports.export_jobs import ExportJob
from clientela.exports.export_schedules import NewSchedule, Schedule
from clientela.exports.export_starts import ScheduledSlot
from clientela.exports.schedule_states import RecordedRun
from clientela.stores.stores import Store

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
NIGHTLY = datetime(2026, 12, 1, 3, tzinfo=UTC)  # the first run of a schedule


def new_schedule(store: Store, **fields: Any) -> Schedule:
    new = NewSchedule.model_validate({"name": "Every night", "cron": "0 3 * * *"} | fields)
    return export_schedules.create(store, new, NOW)


def slot_of(store: Store, schedule: Schedule, at: datetime = NIGHTLY) -> ScheduledSlot:
    """The message of a schedule whose time has come."""
    return ScheduledSlot(store_id=store.id, schedule_id=schedule.id, slot=at)


def follow(store: Store, job: ExportJob | None) -> RecordedRun | None:
    """What the stream's follower does after a change of an export."""
    assert job
    return schedule_states.record_run(store.id, job.id)
