"""Rate limits that hold under any concurrency: one item per limited thing, with the times of what it let through.

The times are real, not counts per clock hour: no boundary lets twice as much through.
"""

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute

from clientela import ids, keys, table
from clientela.errors import BusyError, TooManyRequestsError
from clientela.table import Record

ATTEMPTS = 6  # of a count that meets others of the same limit


@dataclass(frozen=True)
class Rule:
    """At most `most` within any `seconds`."""

    most: int
    seconds: int


class LimitRecord(Record):
    """`LIMIT#demo#links#3f5a…` / `WINDOW`: when something was let through, in milliseconds since 1970, oldest first."""

    times = ListAttribute(of=NumberAttribute)
    mark = UnicodeAttribute()  # changes with each write: the version that the next write depends on
    ttl = NumberAttribute()


def take(name: str, rules: Sequence[Rule], now: datetime) -> None:
    """Count one more of `name`, or raise TooManyRequestsError with `retry_after` where a rule is used up.

    Whoever meets too many others at the same moment is refused as well: a limit fails closed. 1 read and 1 write unit.
    """
    mark, moment = ids.secret(), int(now.timestamp() * 1000)
    for attempt in range(ATTEMPTS):
        before = LimitRecord.find(keys.limit(name), keys.WINDOW)
        if before and before.mark == mark:
            return  # our own write, whose answer was lost
        times = cast("list[int]", before.times) if before else []
        _demand(rules, times, moment)
        if _counted(name, rules, before, [*times, moment], mark, now):
            return
        time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, nothing secret
    raise TooManyRequestsError(retry_after=1)


def _demand(rules: Sequence[Rule], times: list[int], moment: int) -> None:
    waits = [_wait(rule, times, moment) for rule in rules]
    if any(waits):
        raise TooManyRequestsError(retry_after=max(waits))


def _wait(rule: Rule, times: list[int], moment: int) -> int:
    """Seconds until the rule lets one more through, 0 where it does so now."""
    recent = [at for at in times if at > moment - rule.seconds * 1000]
    if len(recent) < rule.most:
        return 0
    return max(1, math.ceil((recent[-rule.most] - moment) / 1000) + rule.seconds)


def _counted(
    name: str, rules: Sequence[Rule], before: LimitRecord | None, times: list[int], mark: str, now: datetime
) -> bool:
    longest = max(rule.seconds for rule in rules)
    after = LimitRecord(
        keys.limit(name), keys.WINDOW, mark=mark,
        times=sorted(times)[-max(rule.most for rule in rules) :],
        ttl=int((now + timedelta(seconds=longest)).timestamp()) + 1,
    )  # fmt: skip
    unchanged = LimitRecord.mark == before.mark if before else LimitRecord.pk.does_not_exist()
    try:
        table.save(after, unchanged, BusyError())
    except BusyError:
        return False
    return True
