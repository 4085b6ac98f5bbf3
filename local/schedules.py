"""EventBridge Scheduler's times in MiniStack: time zones, and the planned time in the message.

MiniStack fires cron expressions in UTC, whatever their time zone, and does not fill in
`<aws.scheduler.scheduled-time>`. The file that SCHEDULER_CLOCK names may hold another time than
now: so a test sees a schedule cross a change of the clocks.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ministack.services import eventbridge, scheduler  # type: ignore[import-untyped]

from clientela.schema import cron_expressions
from local.environment import SCHEDULER_CLOCK

TICK_SECONDS = 1
MAX_STEP = timedelta(days=7)  # a greater step of the clock leads to another season, and fires nothing
_SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"


def apply() -> None:
    """Replace MiniStack's tick by one that knows time zones. `rate` and `at` stay MiniStack's."""
    scheduler._SCHEDULE_TICK_INTERVAL = TICK_SECONDS
    tick, seen = scheduler._tick_schedules, dict[tuple[str, ...], datetime]()

    def tick_in_time_zones() -> None:
        entries = scheduler._schedules._data
        crons = {key: entry for key, entry in entries.items() if entry["ScheduleExpression"].startswith("cron(")}
        for key in [key for key in seen if key not in crons]:
            del seen[key]
        for key, entry in crons.items():
            _fire(key, entry, seen)
        # MiniStack's own tick would fire them, too.
        states = {key: entry["State"] for key, entry in crons.items()}
        try:
            for entry in crons.values():
                entry["State"] = "DISABLED"
            tick()
        finally:
            for key, entry in crons.items():
                entry["State"] = states[key]

    scheduler._tick_schedules = tick_in_time_zones


def _fire(key: tuple[str, ...], entry: dict[str, Any], seen: dict[tuple[str, ...], datetime]) -> None:
    """Fire an entry for each planned time since the last tick."""
    now = _now()
    since, seen[key] = seen.get(key, now), now
    if entry["State"] != "ENABLED" or not since < now < since + MAX_STEP:
        return
    expression, zone = entry["ScheduleExpression"][len("cron(") : -1], entry["ScheduleExpressionTimezone"]
    for run in cron_expressions.runs_after(expression, zone, since):
        if run > now:
            break
        _send(key, entry, run)


def _send(key: tuple[str, ...], entry: dict[str, Any], run: datetime) -> None:
    account, region, _name = key
    scheduler.set_request_account_id(account)
    scheduler.set_request_region(region)
    text = entry["Target"].get("Input", "{}").replace(_SCHEDULED_TIME, run.strftime("%Y-%m-%dT%H:%M:%SZ"))
    event = {
        "EventId": scheduler.new_uuid(),
        "Source": "aws.scheduler",
        "DetailType": "Scheduled Event",
        "Detail": "{}",
    }
    event |= {"Time": run.timestamp(), "Resources": [entry["Arn"]], "Account": account, "Region": region}
    eventbridge._invoke_target(entry["Target"] | {"Input": text}, event, entry)


def _now() -> datetime:
    try:
        return datetime.fromisoformat(Path(os.environ[SCHEDULER_CLOCK]).read_text(encoding="utf-8").strip())
    except (KeyError, FileNotFoundError, ValueError):
        return datetime.now(UTC)
