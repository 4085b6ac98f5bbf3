"""Rate limits that hold under any concurrency, and that fail closed.

`take` remembers the times of what it let through: exact, for rules of some dozens. `count` counts by windows of the
clock: one write however many there are, for rules of thousands; two windows that touch may let twice as much through.
"""

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clientela import ids
from clientela.errors import TooManyRequestsError
from clientela.table import dynamodb, keys

ATTEMPTS = 6  # of a `take` that meets others of the same limit
_ABSENT = "attribute_not_exists(pk)"


@dataclass(frozen=True)
class Rule:
    """At most `most` within `seconds`."""

    most: int
    seconds: int


def sliding_window(name: str, rules: Sequence[Rule], now: datetime) -> None:
    """Let one more of `name` through, or raise TooManyRequestsError with `retry_after` where a rule is used up.

    Whoever meets too many others at the same moment is refused as well. The item is `LIMIT#demo#links#3f5a…` / `TIMES`:
    when something was let through, in milliseconds since 1970, oldest first. 1 write unit for the first one of a long
    time, else 2.
    """
    mark, moment = ids.secret(), int(now.timestamp() * 1000)
    found: dynamodb.Item | None = None
    for attempt in range(ATTEMPTS):
        times = [int(at["N"]) for at in found["times"]["L"]] if found else []
        _require_room(rules, times, moment)
        written = _put(name, rules, found, [*times, moment], mark)
        if written.done or _is_own(written.item, mark):
            return
        if found:  # the first attempt expects nobody, and need not wait for the one it met
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, nothing secret
        found = written.item
    raise TooManyRequestsError(retry_after=1)


def fixed_window(name: str, rule: Rule, now: datetime) -> None:
    """Count one more of `name`, or raise TooManyRequestsError with `retry_after` where the window is full. 1 write unit.

    The item is `LIMIT#demo#links` / `WINDOW#1763719200`, which is when the window began.
    """
    began = int(now.timestamp()) // rule.seconds * rule.seconds
    ends = began + rule.seconds
    counted = dynamodb.write(
        "UpdateItem",
        Key=dynamodb.key(keys.limit(name), keys.window(began)),
        UpdateExpression="SET #ttl = :ttl ADD taken :one",
        ConditionExpression="attribute_not_exists(taken) OR taken < :most",
        ExpressionAttributeNames={"#ttl": "ttl"},
        ExpressionAttributeValues={":one": {"N": "1"}, ":most": {"N": str(rule.most)}, ":ttl": {"N": str(ends + 1)}},
    )
    if not counted.done:
        raise TooManyRequestsError(retry_after=max(1, math.ceil(ends - now.timestamp())))


def _require_room(rules: Sequence[Rule], times: list[int], moment: int) -> None:
    waits = [_wait(rule, times, moment) for rule in rules]
    if any(waits):
        raise TooManyRequestsError(retry_after=max(waits))


def _wait(rule: Rule, times: list[int], moment: int) -> int:
    """Seconds until the rule lets one more through, 0 where it does so now."""
    recent = [at for at in times if at > moment - rule.seconds * 1000]
    if len(recent) < rule.most:
        return 0
    return max(1, math.ceil((recent[-rule.most] - moment) / 1000) + rule.seconds)


def _put(
    name: str, rules: Sequence[Rule], found: dynamodb.Item | None, times: list[int], mark: str
) -> dynamodb.Written:
    """Put the times if the item is still what was found: each write has a mark of its own. What is in the way comes back."""
    kept = sorted(times)[-max(rule.most for rule in rules) :]
    item = dynamodb.key(keys.limit(name), keys.TIMES) | {
        "times": {"L": [{"N": str(at)} for at in kept]},
        "mark": {"S": mark},
        "ttl": {"N": str(kept[-1] // 1000 + max(rule.seconds for rule in rules) + 1)},
    }
    same = {"ExpressionAttributeValues": {":mark": found["mark"]}} if found else {}
    return dynamodb.write(
        "PutItem",
        Item=item,
        ConditionExpression="mark = :mark" if found else _ABSENT,
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
        **same,
    )


def _is_own(item: dynamodb.Item | None, mark: str) -> bool:
    """Whether what is in the way is this very write, whose answer was lost."""
    return item is not None and item["mark"]["S"] == mark
