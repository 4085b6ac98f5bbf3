"""How the runs of a schedule went: the last runs, the last success, and failures in a row.

The state follows from the table's stream: each change of an export brings it to what is stored of
the export then. So changes may arrive twice, late and in any order.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from clientela.concurrency import retry_on_conflict
from clientela.errors import BusyError
from clientela.exports import export_schedules
from clientela.exports.export_jobs import ExportJob, ExportRecord, Status
from clientela.exports.export_schedules import Schedule
from clientela.schema import cron_expressions
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table import dynamodb, job_keys, keys
from clientela.table.attributes import DocumentAttribute, load
from clientela.table.records import Record
from clientela.table.transactions import Transaction

MAX_RUNS = 20  # that a state remembers
SHOWN_RUNS = 10
# Failures in a row, or runs without a success, after which a schedule counts as failing: one night
# may fail because of an outage, three in a row need somebody.
FAILING_AFTER = 3
FAILING = "failing"
GRACE = timedelta(hours=6)  # the time that a run may wait and take before it counts as missed


class ScheduleRun(Model):
    """An export that a schedule started."""

    export: str
    """The id of the export. Example: exp_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    slot: Timestamp | None = None
    """The planned time of the run; null if it was started by hand."""
    status: Status
    """The state of the export."""
    created_at: Timestamp
    """When the export was requested."""
    finished_at: Timestamp | None = None
    """When the export ended."""


class ScheduleState(Model):
    """What the runs of a schedule came to. Runs are stored newest first."""

    runs: list[ScheduleRun] = []
    last_success_at: Timestamp | None = None
    last_exported: Timestamp | None = None  # the planned time, or the start by hand, of that run
    message: str | None = None

    @property
    def failures_in_a_row(self) -> int:
        """Return the number of failed runs since the last success, at most MAX_RUNS."""
        ended = [run.status for run in self.runs if run.status in ("succeeded", "failed")]
        return ended.index("succeeded") if "succeeded" in ended else len(ended)


class ScheduleView(Schedule):
    """A schedule with its next and last runs."""

    next_runs: list[Timestamp] = []
    """The next three runs; none while the schedule is paused."""
    last_runs: list[ScheduleRun] = []
    """The last ten runs, newest first."""
    last_success_at: Timestamp | None = None
    """When a run last ended with a file."""
    failures_in_a_row: int = 0
    """The number of failed runs since the last success; at most 20. Example: 0"""
    is_failing: bool = False
    """Whether the schedule needs attention: three runs in a row failed or did not happen.
    Example: false"""
    message: str | None = None
    """Why the last run failed, in the store's language; null if it did not. Example: null"""


class StateRecord(Record):
    """`STORE#demo` / `EXPORT_SCHEDULE_STATE#exs_01K…`."""

    version = NumberAttribute()
    status = UnicodeAttribute(null=True)  # "failing" or none; the stream's filter selects it
    state = DocumentAttribute(ScheduleState)


class RecordedRun(NamedTuple):
    """A run as it was recorded, with the number of failures in a row that it ends."""

    store_id: str
    schedule_id: str
    export: str
    status: Status
    failures_in_a_row: int


class ScheduleAlert(NamedTuple):
    """A schedule that needs attention."""

    store_id: str
    schedule_id: str
    failures_in_a_row: int


class _ScheduleGoneError(Exception):
    """The schedule was deleted."""


def record_run(store_id: str, export_id: str) -> RecordedRun | None:
    """Bring the state of an export's schedule in step with the export. Repeating does no harm.

    Returns None if the export or its schedule is gone, or if it was not started by a schedule.

    Raises:
        BusyError: others keep changing the state.

    Cost: 2 read units, 4 write units.
    """

    def attempt() -> RecordedRun | None:
        stored = ExportRecord.find(keys.store(store_id), job_keys.export_job(export_id))
        if stored is None or stored.job.schedule_id is None:
            return None
        job, schedule_id = stored.job, stored.job.schedule_id
        record = _find(store_id, schedule_id)
        before = record.state if record else ScheduleState()
        after = _with_run(before, job)
        if after != before:
            _put(store_id, schedule_id, after, int(record.version) if record else 0)
        failures = _failures_up_to(after, job.id)
        return RecordedRun(store_id, schedule_id, job.id, job.status, failures)

    try:
        return retry_on_conflict(attempt)
    except _ScheduleGoneError:
        return None


def last_exported(store_id: str, schedule_id: str) -> datetime | None:
    """Return the planned time, or the start by hand, of the last success. 1 read unit."""
    record = _find(store_id, schedule_id)
    return record.state.last_exported if record else None


def show(store: Store, schedule: Schedule, now: datetime) -> ScheduleView:
    """Return a schedule with its next and last runs. 1 read unit."""
    record = _find(store.id, schedule.id)
    return _view(schedule, record.state if record else ScheduleState(), now)


def show_all(store: Store, schedules: Sequence[Schedule], now: datetime) -> list[ScheduleView]:
    """Return schedules with their next and last runs. Half a read unit for each."""
    states = states_of(store.id, schedules)
    return [_view(schedule, states.get(schedule.id, ScheduleState()), now) for schedule in schedules]


def states_of(store_id: str, schedules: Sequence[Schedule]) -> dict[str, ScheduleState]:
    """Return the states of schedules by their ids; of those that ran. Half a read unit for each."""
    wanted = [(keys.store(store_id), job_keys.export_schedule_state(schedule.id)) for schedule in schedules]
    prefix = job_keys.EXPORT_SCHEDULE_STATE_PREFIX
    return {
        item["sk"]["S"].removeprefix(prefix): load(ScheduleState, item["state"]) for item in dynamodb.get_many(wanted)
    }


def is_failing(schedule: Schedule, state: ScheduleState, now: datetime) -> bool:
    """Return whether FAILING_AFTER runs in a row failed, or were planned and brought no success.

    The second finds schedules whose runs are not even started. A paused schedule is not failing.
    """
    if schedule.paused:
        return False
    if state.failures_in_a_row >= FAILING_AFTER:
        return True
    # A change may have given it another time, or ended a pause.
    since = max(filter(None, (state.last_success_at, schedule.updated_at)))
    planned = cron_expressions.next_runs(schedule.cron, schedule.timezone, since, FAILING_AFTER)
    return len(planned) == FAILING_AFTER and planned[-1] + GRACE < now


def list_failing(now: datetime) -> Iterator[ScheduleAlert]:
    """Yield the schedules of all stores that need attention. 1 read unit for each store."""
    for store_id in stores.list_ids():
        schedules = export_schedules.list_all(store_id)
        states = states_of(store_id, schedules)
        for schedule in schedules:
            state = states.get(schedule.id, ScheduleState())
            if is_failing(schedule, state, now):
                yield ScheduleAlert(store_id, schedule.id, state.failures_in_a_row)


def _view(schedule: Schedule, state: ScheduleState, now: datetime) -> ScheduleView:
    planned = [] if schedule.paused else cron_expressions.next_runs(schedule.cron, schedule.timezone, now)
    return ScheduleView(
        **dict(schedule),
        next_runs=planned,
        last_runs=state.runs[:SHOWN_RUNS],
        last_success_at=state.last_success_at,
        failures_in_a_row=state.failures_in_a_row,
        is_failing=is_failing(schedule, state, now),
        message=state.message,
    )


def _with_run(state: ScheduleState, job: ExportJob) -> ScheduleState:
    run = ScheduleRun(
        export=job.id, slot=job.slot, status=job.status, created_at=job.created_at, finished_at=job.finished_at
    )
    others = [each for each in state.runs if each.export != job.id]
    runs = sorted([run, *others], key=lambda each: (each.created_at, each.export), reverse=True)[:MAX_RUNS]
    ended_at = job.finished_at if job.status == "succeeded" else None
    successes = [each for each in (state.last_success_at, ended_at) if each]
    last_ended = next((each for each in runs if each.status in ("succeeded", "failed")), None)
    message = job.message if last_ended == run else state.message
    exported = [each.created_at for each in runs if each.status == "succeeded"]
    if state.last_exported:
        exported.append(state.last_exported)
    return ScheduleState(
        runs=runs,
        last_success_at=max(successes, default=None),
        last_exported=max(exported, default=None),
        message=message,
    )


def _failures_up_to(state: ScheduleState, export_id: str) -> int:
    """Return the failures in a row that end with a run; 0 if it did not fail or is forgotten."""
    position = next((place for place, run in enumerate(state.runs) if run.export == export_id), None)
    if position is None or state.runs[position].status != "failed":
        return 0
    return ScheduleState(runs=state.runs[position:]).failures_in_a_row


def _find(store_id: str, schedule_id: str) -> StateRecord | None:
    return StateRecord.find(keys.store(store_id), job_keys.export_schedule_state(schedule_id))


def _put(store_id: str, schedule_id: str, state: ScheduleState, version: int) -> None:
    """Write a state, if the schedule exists and the state is the one that was read."""
    pk = keys.store(store_id)
    status = FAILING if state.failures_in_a_row >= FAILING_AFTER else None
    record = StateRecord(
        pk, job_keys.export_schedule_state(schedule_id), version=version + 1, status=status, state=state
    )
    is_unchanged = StateRecord.version == version if version else StateRecord.pk.does_not_exist()
    with Transaction() as write:
        write.put_record(record, is_unchanged, BusyError())
        write.check(Record, pk, job_keys.export_schedule(schedule_id), Record.pk.exists(), _ScheduleGoneError())
