"""Schedules of exports: created, changed, deleted, and what their runs came to."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.request import urlopen

import pytest
from tests.support.exports import Context, add, handle, start_of
from tests.support.interleaving import before_first
from tests.support.schedules import NIGHTLY, NOW, follow, new_schedule, slot_of
from tests.support.streams import arriving, recorded

import customer_export
import follow_ups
from clientela import clock, settings
from clientela.customers import change_log, customer_search
from clientela.customers.customer_filter import CustomerFilter
from clientela.errors import (
    ExportFileDeletedError,
    InvalidInputError,
    NoRemovalsError,
    ScheduleLimitError,
    ScheduleNotFoundError,
    VersionConflictError,
)
from clientela.exports import export_jobs, export_links, export_runs, export_schedules, export_starts, schedule_states
from clientela.exports.export_jobs import ExportJob
from clientela.exports.export_schedules import NewSchedule, ScheduleCount
from clientela.groups import groups
from clientela.groups.groups import NewGroup
from clientela.schema.actors import OPERATOR, Actor
from clientela.stores import audit_trail, stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import job_keys, keys


def test_a_schedule_is_stored_with_six_fields_and_the_stores_time_zone(aws: Any) -> None:
    store = stores.create("madrid", StoreSettings(name="Madrid", timezone="Europe/Madrid"), NOW)
    created = export_schedules.create(store, NewSchedule(name="Night", cron="0 3 * * *"), NOW)
    assert (created.cron, created.timezone, created.version) == ("0 3 * * ? *", "Europe/Madrid", 1)
    assert export_schedules.get(store, created.id) == created
    shown = schedule_states.show(store, created, NOW)
    assert [run.isoformat() for run in shown.next_runs] == [
        "2026-12-01T02:00:00+00:00", "2026-12-02T02:00:00+00:00", "2026-12-03T02:00:00+00:00",
    ]  # fmt: skip
    assert (shown.last_runs, shown.last_success_at, shown.failures_in_a_row, shown.is_failing) == ([], None, 0, False)


def test_an_address_is_notified_once(store: Store) -> None:
    assert new_schedule(store, notify=["a@example.com", "b@example.com", "a@example.com"]).notify == [
        "a@example.com",
        "b@example.com",
    ]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [({"cron": "0 3 30 2 *"}, "/cron"), ({"cron": "0 3 * * ? 2025"}, "/cron"), ({"filter": {"group": "none"}}, "/filter/group")],
)  # fmt: skip
def test_a_schedule_that_never_runs_or_finds_nobody_is_refused(
    store: Store, fields: dict[str, Any], pointer: str
) -> None:
    schedule = new_schedule(store)
    for act in (lambda: new_schedule(store, **fields), lambda: export_schedules.patch(store, schedule.id, fields, NOW)):
        with pytest.raises(InvalidInputError) as raised:
            act()
        assert [field.pointer for field in raised.value.fields] == [pointer]


def test_the_group_of_a_filter_is_named_by_code_or_id(store: Store) -> None:
    group = groups.create(store, NewGroup(name="Trade", code="trade"), NOW)
    assert new_schedule(store, filter={"group": "trade"}).filter.group == group.id


def test_a_store_has_twenty_schedules_at_most_and_a_deleted_one_makes_room(store: Store) -> None:
    for _ in range(export_schedules.MAX_SCHEDULES):
        last = new_schedule(store)
    with pytest.raises(ScheduleLimitError):
        new_schedule(store)
    export_schedules.delete(store, last.id, NOW)
    new_schedule(store)
    assert len(export_schedules.list_all(store.id)) == export_schedules.MAX_SCHEDULES


def test_a_schedule_is_changed_with_its_version(store: Store) -> None:
    schedule = new_schedule(store)
    changed = export_schedules.patch(store, schedule.id, {"cron": "0 4 * * *", "paused": True}, NOW, 1)
    assert (changed.cron, changed.paused, changed.version) == ("0 4 * * ? *", True, 2)
    # The same request, repeated after its response was lost.
    assert export_schedules.patch(store, schedule.id, {"cron": "0 4 * * *", "paused": True}, NOW, 1) == changed
    with pytest.raises(VersionConflictError):
        export_schedules.patch(store, schedule.id, {"paused": False}, NOW, 1)
    assert schedule_states.show(store, changed, NOW).next_runs == []


def test_a_removed_time_zone_becomes_the_stores(store: Store) -> None:
    schedule = new_schedule(store, timezone="Europe/Madrid")
    assert export_schedules.patch(store, schedule.id, {"timezone": None}, NOW).timezone == store.timezone


def test_a_deleted_schedule_is_not_found(store: Store) -> None:
    schedule = new_schedule(store)
    export_schedules.delete(store, schedule.id, NOW)
    for act in (export_schedules.get, lambda *names: export_schedules.delete(*names, NOW)):
        with pytest.raises(ScheduleNotFoundError):
            act(store, schedule.id)
    with pytest.raises(ScheduleNotFoundError):
        export_starts.start_now(store, schedule.id, NOW)


def test_the_audit_trail_has_each_change_and_no_person_in_a_filter(store: Store) -> None:
    schedule = new_schedule(store, filter={"query": "ana@example.com", "country": "ES"})
    export_schedules.patch(store, schedule.id, {"paused": True}, NOW + timedelta(seconds=1))
    export_schedules.patch(store, schedule.id, {"filter": None}, NOW + timedelta(seconds=2))
    export_schedules.delete(store, schedule.id, NOW + timedelta(seconds=3))
    recorded = audit_trail.page(store, NOW, actor="operator").items
    entries = [entry for entry in recorded if entry.action.startswith("export_schedule.")]
    assert [entry.action.partition(".")[2] for entry in entries] == ["deleted", "changed", "changed", "created"]
    filters = [[change for change in entry.changes if change.field == "filter"] for entry in entries]
    assert [len(each) for each in filters] == [1, 1, 0, 1]
    assert filters[3][0].after == {"query": "[hidden]", "country": "ES"}
    assert "ana@" not in str(entries)


def test_a_slot_starts_one_export_however_often_the_schedule_fires(store: Store) -> None:
    schedule = new_schedule(store, filter={"country": "ES"})
    slot = slot_of(store, schedule)
    assert handle(slot)
    assert handle(slot, "another message")
    (job,) = export_jobs.list_all(store).items
    assert (job.schedule_id, job.slot, job.filter, job.status) == (schedule.id, slot.slot, schedule.filter, "queued")
    entry = audit_trail.page(store, NOW, action="export.started").items[0]
    assert entry.actor == Actor("schedule", schedule.id)
    assert handle(slot_of(store, schedule, slot.slot + timedelta(days=1)))
    assert handle(slot_of(store, new_schedule(store), slot.slot))
    assert len(export_jobs.list_all(store).items) == 3


def test_a_schedule_that_is_paused_or_gone_starts_nothing(store: Store) -> None:
    paused, gone = new_schedule(store, paused=True), new_schedule(store)
    export_schedules.delete(store, gone.id, NOW)
    for schedule in (paused, gone):
        assert handle(slot_of(store, schedule))
    assert handle(slot_of(store.model_copy(update={"id": "none"}), gone))
    assert export_jobs.list_all(store).items == []


def test_a_schedule_is_run_by_hand_also_while_it_is_paused(store: Store) -> None:
    schedule = new_schedule(store, paused=True, filter={"country": "ES"})
    job = export_starts.start_now(store, schedule.id, NOW)
    assert (job.schedule_id, job.slot, job.filter) == (schedule.id, None, schedule.filter)


def test_a_message_that_is_no_message_is_put_aside(store: Store) -> None:
    slot = slot_of(store, new_schedule(store)).model_dump(mode="json") | {"slot": "<aws.scheduler.scheduled-time>"}
    record = {"messageId": "1", "body": str(slot), "eventSource": "aws:sqs"}

    assert customer_export.handler({"Records": [record]}, Context())["batchItemFailures"]


def test_an_export_of_a_deleted_store_is_dropped(store: Store) -> None:
    start = start_of(export_jobs.start(store, NOW))
    assert handle(start.model_copy(update={"store_id": "none"}))


def test_the_last_runs_are_shown_with_their_states(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    add(store, "ana@example.com")
    schedule = new_schedule(store)
    jobs = [export_starts.start_slot(slot_of(store, schedule, NIGHTLY + timedelta(days=day)), NOW) for day in range(12)]
    for job in jobs:
        follow(store, job)
    done = export_runs.run(store, jobs[-2].id, NOW)
    for _ in range(2):  # a change may arrive twice
        follow(store, done)
    shown = schedule_states.show(store, schedule, NOW)
    assert [run.export for run in shown.last_runs] == [job.id for job in jobs[:1:-1]]
    assert [run.status for run in shown.last_runs[:3]] == ["queued", "succeeded", "queued"]
    assert shown.last_success_at == done.finished_at
    assert schedule_states.show_all(store, [schedule], NOW) == [shown]


def fails(store: Store, schedule: export_schedules.Schedule, day: int) -> schedule_states.RecordedRun | None:
    job = export_starts.start_slot(slot_of(store, schedule, NIGHTLY + timedelta(days=day)), NOW)
    record = export_jobs.get_record(store.id, job.id)
    follow(store, export_jobs.update(record, status="failed", message="No.", finished_at=NOW).job)
    return follow(store, job)


def test_three_failures_in_a_row_make_a_schedule_failing_until_it_succeeds(store: Store) -> None:
    schedule = new_schedule(store)
    assert [fails(store, schedule, day).failures_in_a_row for day in range(3)] == [1, 2, 3]
    shown = schedule_states.show(store, schedule, NOW)
    assert (shown.failures_in_a_row, shown.is_failing, shown.message) == (3, True, "No.")
    assert [each.schedule_id for each in schedule_states.list_failing(NOW)] == [schedule.id]
    export_schedules.patch(store, schedule.id, {"paused": True}, NOW)
    assert list(schedule_states.list_failing(NOW)) == []
    job = export_starts.start_now(store, schedule.id, NOW + timedelta(days=5))
    follow(store, export_runs.run(store, job.id, NOW + timedelta(days=5)))
    shown = schedule_states.show(store, schedule, NOW)
    assert (shown.failures_in_a_row, shown.is_failing, shown.message) == (0, False, None)


def test_the_line_that_the_alarm_counts_is_logged_when_the_third_run_in_a_row_fails(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule, seen = new_schedule(store), 0
    lines: list[tuple[str, str, int]] = []
    monkeypatch.setattr(
        follow_ups.logger,
        "warning",
        lambda message, **of: lines.append((message, of["schedule_id"], of["failures_in_a_row"])),
    )

    def arrive() -> None:
        nonlocal seen
        records = arriving("FollowUps", recorded(settings.table_name()))
        assert follow_ups.handler({"Records": records[seen:]}, None) == {"batchItemFailures": []}
        seen = len(records)

    runs = [fails(store, schedule, day) for day in range(3)]
    arrive()
    assert lines == [("export schedule failing", schedule.id, 3)]
    job = export_starts.start_slot(slot_of(store, schedule, NIGHTLY + timedelta(days=3)), NOW)
    export_runs.run(store, job.id, NOW)
    # An erasure hides a person in the filter of the run that failed.
    export_jobs.update(export_jobs.get_record(store.id, runs[-1].export), filter=CustomerFilter(country="ES"))
    arrive()
    assert len(lines) == 1


def test_a_failure_that_is_recorded_late_does_not_undo_a_later_success(store: Store) -> None:
    schedule = new_schedule(store)
    early, late = (
        export_starts.start_slot(slot_of(store, schedule, NIGHTLY + timedelta(days=day)), NOW) for day in range(2)
    )
    done = export_runs.run(store, late.id, NOW)
    follow(store, done)
    record = export_jobs.get_record(store.id, early.id)
    assert follow(store, export_jobs.update(record, status="failed", message="No.").job).failures_in_a_row == 1
    shown = schedule_states.show(store, schedule, NOW)
    assert (shown.failures_in_a_row, shown.message, shown.last_success_at) == (0, None, done.finished_at)


def test_a_schedule_whose_runs_do_not_happen_is_failing_after_the_third(store: Store) -> None:
    schedule = new_schedule(store)  # every day at 03:00 UTC
    third = datetime(2026, 12, 3, 3, tzinfo=UTC)
    for moment, failing in ((third + timedelta(hours=5), False), (third + timedelta(hours=7), True)):
        assert schedule_states.show(store, schedule, moment).is_failing is failing
        assert bool(list(schedule_states.list_failing(moment))) is failing
    export_schedules.patch(store, schedule.id, {"cron": "0 5 * * *"}, third)  # its runs are counted from here
    assert list(schedule_states.list_failing(third + timedelta(hours=7))) == []


def test_a_run_of_a_deleted_schedule_leaves_nothing(store: Store) -> None:
    schedule = new_schedule(store)
    job = export_starts.start_slot(slot_of(store, schedule), NOW)
    export_schedules.delete(store, schedule.id, NOW)
    assert follow(store, job) is None
    assert schedule_states.StateRecord.find(keys.store(store.id), job_keys.export_schedule_state(schedule.id)) is None


def test_exports_of_no_schedule_are_no_runs(store: Store) -> None:
    assert follow(store, export_jobs.start(store, NOW)) is None
    assert schedule_states.record_run("demo", "exp_none") is None


def test_two_schedules_of_one_time_write_two_files(store: Store) -> None:
    for schedule in (new_schedule(store), new_schedule(store)):
        assert handle(slot_of(store, schedule))
    jobs = [export_runs.run(store, job.id, NOW) for job in export_jobs.list_all(store).items]
    assert len({job.created_at for job in jobs}) == 1
    assert len({name for job in jobs for name in (job.file, job.manifest)}) == 4


class Large:
    """A large export, which the state machine ends at the third look, if ever."""

    def __init__(self, patch: pytest.MonkeyPatch, *, ends: bool) -> None:
        self.looks, self.queued, self.ends = 0, list[Any](), ends
        patch.setattr(export_runs, "run", lambda *_: self.job("running"))
        patch.setattr(export_jobs, "get", self.look)
        patch.setattr(export_starts, "put", self.queued.append)
        patch.setattr("customer_export.time.sleep", lambda _seconds: None)

    def job(self, status: Any) -> ExportJob:
        return ExportJob(id="exp_1", status=status, parts=3, created_at=NOW)

    def look(self, *_: object) -> ExportJob:
        self.looks += 1
        Context.left -= 5_000
        return self.job("succeeded" if self.ends and self.looks == 3 else "running")


@pytest.mark.parametrize("ends", [True, False])
def test_a_large_export_keeps_its_turn_until_it_ends(store: Store, monkeypatch: pytest.MonkeyPatch, ends: bool) -> None:
    monkeypatch.setattr(Context, "left", 900_000)
    start = start_of(export_jobs.start(store, NOW))
    large = Large(monkeypatch, ends=ends)
    assert handle(start)
    assert (large.looks, large.queued) == ((3, []) if ends else (175, [start]))


def test_everybody_is_exported_when_a_schedule_fires(store: Store) -> None:
    for name in ("ana", "ben"):
        add(store, f"{name}@example.com")
    schedule = new_schedule(store)
    assert handle(slot_of(store, schedule))
    (job,) = export_jobs.list_all(store).items
    assert handle(start_of(job))
    done = export_jobs.get(store, job.id)
    assert (done.status, done.rows) == ("succeeded", customer_search.count(store))
    assert done.finished_at
    assert done.finished_at <= clock.now() + timedelta(minutes=1)


def test_a_run_has_what_changed_since_the_last_success_and_the_first_one_has_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_log, "covers", lambda *_: True)
    schedule = new_schedule(store, changed_since_last=True)

    def window(day: int) -> Any:
        at = NIGHTLY + timedelta(days=day)
        job = export_starts.start_slot(slot_of(store, schedule, at), at)
        assert job
        return job.changes and (job.changes.since, job.changes.until), job

    def ends(job: ExportJob, status: Any) -> None:
        follow(store, export_jobs.update(export_jobs.get_record(store.id, job.id), status=status, finished_at=NOW).job)

    first, job = window(0)
    ends(job, "succeeded")
    second, job = window(1)
    ends(job, "failed")
    third, _ = window(2)
    assert (first, second, third) == (
        None,
        (NIGHTLY, NIGHTLY + timedelta(days=1)),
        (NIGHTLY, NIGHTLY + timedelta(days=2)),
    )
    export_schedules.patch(store, schedule.id, {"filter": {"country": "ES"}}, NIGHTLY + timedelta(days=2, hours=1))
    assert window(3)[0] is None
    by_hand = export_starts.start_now(store, new_schedule(store, changed_since_last=True).id, NOW)
    assert by_hand.changes is None


def test_the_list_of_removed_customers_is_downloaded_like_the_file(
    store: Store, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_log, "covers", lambda *_: True)
    schedule = new_schedule(store, changed_since_last=True)
    jobs = []
    for day in (0, 1):
        at = NIGHTLY + timedelta(days=day)
        job = export_starts.start_slot(slot_of(store, schedule, at), at)
        assert job
        assert handle(start_of(job))
        jobs.append(export_jobs.get(store, job.id))
        follow(store, jobs[-1])
    whole, changes = jobs
    with pytest.raises(NoRemovalsError):
        export_links.download(store, whole.id, NOW, OPERATOR, of="removed")
    with urlopen(export_links.download(store, changes.id, NOW, OPERATOR, of="removed")) as answer:
        assert answer.read() == b"id,reason,merged_into,removed_at\r\n"
    aws("s3").delete_object(Bucket=settings.exports_bucket(), Key=changes.removed_file)
    with pytest.raises(ExportFileDeletedError):
        export_links.download(store, changes.id, NOW, OPERATOR, of="removed")
    assert len(audit_trail.page(store, clock.now(), action="export.downloaded").items) == 1


def test_only_customers_are_exported_by_what_changed(store: Store) -> None:
    with pytest.raises(InvalidInputError):
        new_schedule(store, what="orders", changed_since_last=True)
    schedule = new_schedule(store, changed_since_last=True)
    with pytest.raises(InvalidInputError):
        export_schedules.patch(store, schedule.id, {"what": "orders"}, NOW)


def test_the_log_of_changes_ends_with_the_last_schedule_that_needs_it(store: Store) -> None:
    first, second = (new_schedule(store, changed_since_last=True) for _ in range(2))
    export_starts.start_slot(slot_of(store, first), NIGHTLY)
    logged = [change_log.LogSwitch.find(keys.store(store.id), job_keys.CHANGE_LOG) is not None]
    for act in (
        lambda: export_schedules.patch(store, first.id, {"changed_since_last": False}, NOW),
        lambda: export_schedules.delete(store, second.id, NOW),
    ):
        act()
        assert follow_ups.handler({"Records": arriving("FollowUps", recorded(settings.table_name()))}, None) == {
            "batchItemFailures": []
        }
        logged.append(change_log.LogSwitch.find(keys.store(store.id), job_keys.CHANGE_LOG) is not None)
    assert logged == [True, True, False]


def test_of_two_changes_at_once_the_second_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = new_schedule(store)
    change = partial(export_schedules.patch, store, schedule.id)
    before_first(monkeypatch, export_schedules, "_differences", lambda: change({"name": "First"}, NOW))
    with pytest.raises(VersionConflictError):
        change({"paused": True}, NOW)
    after = export_schedules.get(store, schedule.id)
    assert (after.name, after.paused, after.version) == ("First", False, schedule.version + 1)


def test_a_schedule_that_is_deleted_twice_at_once_counts_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    stays, goes = new_schedule(store), new_schedule(store)
    delete = partial(export_schedules.delete, store, goes.id, NOW)
    before_first(monkeypatch, export_schedules, "_differences", delete)
    with pytest.raises(ScheduleNotFoundError):
        delete()
    assert export_schedules.list_all(store.id) == [stays]
    count = ScheduleCount.find(keys.store(store.id), job_keys.EXPORT_SCHEDULES)
    assert count
    assert count.number == 1
