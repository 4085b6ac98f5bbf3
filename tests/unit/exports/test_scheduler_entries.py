"""EventBridge Scheduler in step with the table, also when a call between the two dies."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.interleaving import after_first
from tests.support.schedules import NOW, new_schedule

import schedule_keeper
from clientela import clock, settings
from clientela.aws import clients
from clientela.errors import BusyError
from clientela.exports import export_schedules, export_starts, scheduler_entries
from clientela.exports.export_schedules import Schedule
from clientela.exports.scheduler_entries import SyncReport
from clientela.handlers import error_logs
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import keys
from clientela.table.stream import TableChange

GROUP = "clientela-test-exports"


def entry(schedule: Schedule) -> dict[str, Any] | None:
    client = clients.scheduler()
    try:
        return dict(client.get_schedule(GroupName=GROUP, Name=schedule.id))
    except client.exceptions.ResourceNotFoundException:
        return None


def refuse(error: Exception) -> None:
    raise error


def broken_put(broken: Schedule) -> Callable[[str, Schedule], bool]:
    """`_put` that fails for one schedule."""
    put = scheduler_entries._put

    def failing(store_id: str, schedule: Schedule) -> bool:
        if schedule.id == broken.id:
            raise ConnectionError
        return put(store_id, schedule)

    return failing


@pytest.fixture
def invoked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The calls of Lambda's client."""
    calls: list[dict[str, Any]] = []

    class Lambda:
        def invoke(self, **call: Any) -> None:
            calls.append(call)

    monkeypatch.setattr(clients, "lambda_", Lambda)
    return calls


def names() -> list[str]:
    return sorted(each["Name"] for each in clients.scheduler().list_schedules(GroupName=GROUP)["Schedules"])


def test_an_entry_is_created_changed_paused_and_deleted_with_its_schedule(store: Store) -> None:
    schedule = new_schedule(store, timezone="Europe/Madrid")
    assert scheduler_entries.sync("demo", schedule.id) is True
    created = entry(schedule)
    assert created
    assert (created["ScheduleExpression"], created["ScheduleExpressionTimezone"], created["State"]) == (
        "cron(0 3 * * ? *)", "Europe/Madrid", "ENABLED",
    )  # fmt: skip
    assert created["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert (created["Target"]["Arn"], created["Target"]["RoleArn"]) == (
        settings.export_queue_arn(), settings.export_schedule_role(),
    )  # fmt: skip
    assert scheduler_entries.sync("demo", schedule.id) is False
    export_schedules.patch(store, schedule.id, {"cron": "0 4 * * *", "paused": True}, NOW)
    assert scheduler_entries.sync("demo", schedule.id) is True
    changed = entry(schedule)
    assert changed
    assert (changed["ScheduleExpression"], changed["State"]) == ("cron(0 4 * * ? *)", "DISABLED")
    export_schedules.delete(store, schedule.id, NOW)
    assert scheduler_entries.sync("demo", schedule.id) is True
    assert entry(schedule) is None
    assert scheduler_entries.sync("demo", schedule.id) is False


def test_the_message_of_an_entry_is_the_one_that_the_queue_reads(store: Store) -> None:
    schedule = new_schedule(store)
    scheduler_entries.sync("demo", schedule.id)
    created = entry(schedule)
    assert created
    text = created["Target"]["Input"].replace("<aws.scheduler.scheduled-time>", "2026-12-01T03:00:00Z")
    slot = export_starts.MESSAGE.validate_json(text)
    assert isinstance(slot, export_starts.ScheduledSlot)
    assert (slot.store_id, slot.schedule_id, slot.slot.hour) == ("demo", schedule.id, 3)
    assert json.loads(created["Target"]["Input"])["slot"] == "<aws.scheduler.scheduled-time>"


def test_a_change_that_a_slower_run_has_not_seen_wins(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower run read the schedule before the change, and writes its entry after it."""
    schedule = new_schedule(store)

    def change_and_sync() -> None:
        export_schedules.patch(store, schedule.id, {"cron": "0 4 * * *"}, NOW)
        scheduler_entries.sync("demo", schedule.id)

    after_first(monkeypatch, export_schedules, "find", change_and_sync)
    scheduler_entries.sync("demo", schedule.id)
    changed = entry(schedule)
    assert changed
    assert changed["ScheduleExpression"] == "cron(0 4 * * ? *)"


def test_a_deletion_that_a_slower_run_has_not_seen_wins(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = new_schedule(store)

    def delete_and_sync() -> None:
        export_schedules.delete(store, schedule.id, NOW)
        scheduler_entries.sync("demo", schedule.id)

    after_first(monkeypatch, export_schedules, "find", delete_and_sync)
    scheduler_entries.sync("demo", schedule.id)
    assert entry(schedule) is None


def test_two_runs_that_create_the_same_entry_agree(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = new_schedule(store)
    after_first(monkeypatch, scheduler_entries, "_find", lambda: scheduler_entries.sync("demo", schedule.id))
    scheduler_entries.sync("demo", schedule.id)
    assert entry(schedule)


def test_a_schedule_that_changes_all_the_time_is_left_for_later(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule, find, hours = new_schedule(store), export_schedules.find, iter(range(24))

    def changing(store_id: str, schedule_id: str) -> Schedule | None:
        found = find(store_id, schedule_id)
        return found and found.model_copy(update={"cron": f"0 {next(hours)} * * ? *"})

    monkeypatch.setattr(export_schedules, "find", changing)
    with pytest.raises(BusyError):
        scheduler_entries.sync("demo", schedule.id)


@pytest.mark.parametrize(
    ("sk", "found"),
    [
        ("EXPORT_SCHEDULE#exs_1", ("demo", "exs_1")),
        ("EXPORT_SCHEDULE_STATE#exs_1", None),
        ("EXPORT_SCHEDULES", None),
        ("EXPORT#exp_1", None),
        ("PROFILE", None),
    ],
)
def test_changes_of_schedules_are_followed(sk: str, found: tuple[str, str] | None) -> None:
    for before, after in ((None, {}), ({}, {}), ({}, None)):
        change = TableChange("1", "1", NOW, keys.store("demo"), sk, before, after)
        assert scheduler_entries.changed_in(change) == found


def test_the_nightly_run_mends_whatever_differs(store: Store) -> None:
    other = stores.create("other", StoreSettings(name="Other"), clock.now())
    missing, changed, gone, right = (new_schedule(each) for each in (store, other, store, store))
    for schedule, of in ((changed, other), (gone, store), (right, store)):
        scheduler_entries.sync(of.id, schedule.id)
    client = clients.scheduler()
    drifted = {**client.get_schedule(GroupName=GROUP, Name=changed.id), "State": "DISABLED"}
    for name in ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"):
        drifted.pop(name, None)
    client.update_schedule(**drifted)  # type: ignore[arg-type]
    export_schedules.delete(store, gone.id, NOW)
    target: Any = {"Arn": settings.export_queue_arn(), "RoleArn": settings.export_schedule_role(), "Input": "?"}
    client.create_schedule(
        GroupName=GROUP, Name="foreign", ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )  # fmt: skip
    assert scheduler_entries.sync_all(refuse) == SyncReport(schedules=3, mended=4)
    assert names() == sorted([missing.id, changed.id, right.id])
    mended = entry(changed)
    assert mended
    assert mended["State"] == "ENABLED"
    assert scheduler_entries.sync_all(refuse) == SyncReport(schedules=3, mended=0)


def test_a_schedule_that_is_created_while_the_nightly_run_reads_keeps_its_entry(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_schedule(store)
    created: list[Schedule] = []

    def create() -> None:
        created.append(new_schedule(store))
        scheduler_entries.sync("demo", created[0].id)

    after_first(monkeypatch, scheduler_entries, "_names", create)
    scheduler_entries.sync_all(refuse)
    assert entry(created[0])


def test_one_schedule_that_cannot_be_mended_keeps_no_other_from_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = new_schedule(store), new_schedule(store)
    monkeypatch.setattr(scheduler_entries, "_put", broken_put(broken))
    errors: list[Exception] = []
    scheduler_entries.sync_all(errors.append)
    assert [type(error) for error in errors] == [ConnectionError]
    assert names() == [other.id]


class Context:
    """Lambda's context."""

    function_name, memory_limit_in_mb, aws_request_id = "schedule-keeper", 512, "request"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:schedule-keeper"

    def __init__(self, *left: int) -> None:
        """Have this time left, question by question, in milliseconds; then 15 minutes."""
        self._left = list(left)

    def get_remaining_time_in_millis(self) -> int:
        return self._left.pop(0) if self._left else 900_000


def test_the_keeper_names_failing_schedules_in_the_line_that_the_alarm_counts(
    aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stores.create("demo", StoreSettings(name="Demo"), clock.now())
    schedule = new_schedule(store, cron="0 3 * * ? 1970-2199")
    export_schedules.patch(store, schedule.id, {"name": "Old"}, NOW.replace(year=2020))
    lines: list[tuple[str, str, str]] = []
    monkeypatch.setattr(
        schedule_keeper.logger,
        "warning",
        lambda message, **of: lines.append((message, of["store_id"], of["schedule_id"])),
    )
    schedule_keeper.handler({}, Context())
    assert lines == [("export schedule failing", "demo", schedule.id)]
    assert names() == [schedule.id]


def test_the_keeper_fails_if_a_schedule_could_not_be_mended(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, other = new_schedule(store), new_schedule(store)
    monkeypatch.setattr(scheduler_entries, "_put", broken_put(broken))
    with pytest.raises(error_logs.FaultError):
        schedule_keeper.handler({}, Context())
    assert names() == [other.id]


def test_the_keeper_goes_on_in_another_call_until_the_last_store_had_its_turn(
    store: Store, monkeypatch: pytest.MonkeyPatch, invoked: list[dict[str, Any]]
) -> None:
    """The first store's failure is logged and repeats nothing: the last ones are not left for another night."""
    shops = [store, *(stores.create(name, StoreSettings(name=name), clock.now()) for name in ("east", "west"))]
    schedules = [new_schedule(shop) for shop in shops]
    monkeypatch.setattr(scheduler_entries, "_put", broken_put(schedules[0]))
    logged: list[str] = []
    monkeypatch.setattr(error_logs, "log", lambda error: logged.append(type(error).__name__))
    schedule_keeper.handler({}, Context(900_000, 900_000, 59_000))
    assert (names(), logged) == ([], ["ConnectionError"])
    for _ in range(2):
        (call,) = invoked
        assert (call["FunctionName"], call["InvocationType"]) == ("schedule-keeper", "Event")
        invoked.clear()
        schedule_keeper.handler(json.loads(call["Payload"]), Context(900_000, 900_000, 59_000))
    assert names() == sorted(schedule.id for schedule in schedules[1:])
    assert invoked == []
