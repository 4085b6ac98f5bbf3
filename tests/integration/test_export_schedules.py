"""Schedules of exports where several calls meet: fired twice, changed while they are followed, at the limit."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from tests.support.schedules import NIGHTLY, NOW, follow, new_schedule, slot_of

from clientela.aws import clients
from clientela.errors import BusyError, ScheduleLimitError, ScheduleNotFoundError, VersionConflictError
from clientela.exports import export_jobs, export_schedules, export_starts, schedule_states, scheduler_entries
from clientela.exports.export_schedules import ScheduleCount
from clientela.lifecycle import store_deletions
from clientela.schema.actors import OPERATOR
from clientela.stores import audit_trail
from clientela.stores.stores import Store
from clientela.table import job_keys, keys

GROUP = "clientela-test-exports"


def at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do everything at the same time; the results, or errors of the domain in their places."""

    def outcome(act: Callable[[], Any]) -> Any:
        try:
            return act()
        except (BusyError, ScheduleLimitError, ScheduleNotFoundError, VersionConflictError) as error:
            return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(outcome, acts))


def test_a_schedule_that_fires_many_times_at_once_starts_one_export(store: Store) -> None:
    slot = slot_of(store, new_schedule(store))
    started = at_once([lambda: export_starts.start_slot(slot, NOW)] * 8)
    assert len({job.id for job in started}) == 1
    assert [job.slot for job in export_jobs.list_all(store).items] == [NIGHTLY]
    assert len(audit_trail.page(store, NOW, action="export.started").items) == 1


def test_creates_at_once_never_exceed_the_limit(store: Store) -> None:
    for _ in range(export_schedules.MAX_SCHEDULES - 3):
        new_schedule(store)
    at_once([lambda: new_schedule(store)] * 8)
    stored, count = (
        export_schedules.list_all(store.id),
        ScheduleCount.find(keys.store(store.id), job_keys.EXPORT_SCHEDULES),
    )
    assert count
    assert len(stored) == count.number <= export_schedules.MAX_SCHEDULES


def test_deletes_at_once_free_one_place(store: Store) -> None:
    schedule = new_schedule(store)
    new_schedule(store)
    outcomes = at_once([lambda: export_schedules.delete(store, schedule.id, NOW)] * 6)
    assert outcomes.count(None) == 1
    count = ScheduleCount.find(keys.store(store.id), job_keys.EXPORT_SCHEDULES)
    assert count
    assert count.number == 1


def test_runs_that_end_at_once_are_all_recorded(store: Store) -> None:
    schedule = new_schedule(store)
    jobs = [export_starts.start_slot(slot_of(store, schedule, NIGHTLY + timedelta(days=day)), NOW) for day in range(6)]
    for job in jobs:
        assert job
        export_jobs.update(export_jobs.get_record(store.id, job.id), status="failed", message="No.")
    at_once([lambda job=job: follow(store, job) for job in jobs])
    shown = schedule_states.show(store, schedule, NOW)
    assert [run.slot for run in shown.last_runs] == [NIGHTLY + timedelta(days=day) for day in reversed(range(6))]
    assert (shown.failures_in_a_row, shown.is_failing) == (6, True)


def entry_of(schedule_id: str) -> tuple[str, str] | None:
    client = clients.scheduler()
    try:
        found = client.get_schedule(GroupName=GROUP, Name=schedule_id)
    except client.exceptions.ResourceNotFoundException:
        return None
    return found["ScheduleExpression"], found["State"]


@pytest.mark.parametrize("seed", range(4))
def test_entries_agree_with_the_table_however_changes_and_their_followers_meet(store: Store, seed: int) -> None:
    """Each change is followed at least once after it; followers are slow, repeated and out of order."""
    chance = random.Random(seed)
    schedule = new_schedule(store)

    def sync() -> None:
        scheduler_entries.sync(store.id, schedule.id)

    def change(number: int) -> Callable[[], None]:
        def act() -> None:
            changes = {"cron": f"0 {number} * * *", "paused": chance.random() < 0.5}
            try:
                export_schedules.patch(store, schedule.id, changes, NOW)
            finally:
                sync()

        return act

    def delete() -> None:
        export_schedules.delete(store, schedule.id, NOW)
        sync()

    acts: list[Callable[[], None]] = [change(number) for number in range(1, 5)] + [sync] * 3
    acts += [delete] if seed % 2 else []
    chance.shuffle(acts)
    at_once(acts)
    stored = export_schedules.find(store.id, schedule.id)
    expected = (f"cron({stored.cron})", "DISABLED" if stored.paused else "ENABLED") if stored else None
    assert entry_of(schedule.id) == expected
    assert (stored is None) == bool(seed % 2)


def test_the_entries_of_a_deleted_store_go(store: Store) -> None:
    schedules = [new_schedule(store) for _ in range(2)]
    scheduler_entries.sync_all(lambda error: pytest.fail(str(error)))
    assert all(entry_of(schedule.id) for schedule in schedules)
    moments = iter(range(1000))
    store_deletions.delete(
        store.id, OPERATOR, lambda: NOW + timedelta(seconds=100 * next(moments)), sleep=lambda _seconds: None
    )
    assert export_starts.start_slot(slot_of(store, schedules[0]), NOW) is None
    scheduler_entries.sync(store.id, schedules[0].id)  # the stream's follower sees the deletion …
    assert entry_of(schedules[0].id) is None
    assert scheduler_entries.sync_all(lambda error: pytest.fail(str(error))).mended == 1  # … or the nightly run
    assert entry_of(schedules[1].id) is None
