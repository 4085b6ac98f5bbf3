"""Rate limits that hold under any concurrency, and that fail closed.

`sliding_window` stores the times of the accepted calls: exact, for limits of some dozens.
`fixed_window` counts by windows of the clock: one write per call, for limits of thousands; two
adjacent windows may let twice as much through.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clientela import ids
from clientela.concurrency import back_off
from clientela.errors import TooManyRequestsError
from clientela.table import dynamodb, limit_keys

EXACT = 100  # the most times that one item stores
ATTEMPTS = 6  # of a call that meets others of the same limit


@dataclass(frozen=True)
class Rule:
    """At most `most` within `seconds`."""

    most: int
    seconds: int


def window(name: str, rule: Rule, now: datetime) -> None:
    """Count a call under `name`: exactly if the rule is about dozens, else by the clock.

    Raises:
        TooManyRequestsError: the rule is used up; with `retry_after`.

    Cost: 1 to 2 write units.
    """
    if rule.most <= EXACT:
        sliding_window(name, (rule,), now)
    else:
        fixed_window(name, rule, now)


def sliding_window(name: str, rules: Sequence[Rule], now: datetime) -> None:
    """Count a call under `name`, unless one of the rules is used up.

    The item is `LIMIT#demo#links#3f5a…` / `TIMES`: the times of the accepted calls in milliseconds
    since 1970, oldest first.

    Raises:
        TooManyRequestsError: a rule is used up, or too many calls came at once; with `retry_after`.

    Cost: 1 write unit if no item is stored, else 2.
    """
    mark, moment = ids.mark(), int(now.timestamp() * 1000)
    stored: dynamodb.Item | None = None
    for attempt in range(ATTEMPTS):
        times = [int(at["N"]) for at in stored["times"]["L"]] if stored else []
        _require_room(rules, times, moment)
        written = _replace_times(name, rules, stored, [*times, moment], mark)
        if written.done or _is_own(written.item, mark):
            return
        if stored:  # the first attempt assumes that nothing is stored: its failure is not a conflict
            back_off(attempt)
        stored = written.item
    raise TooManyRequestsError(retry_after=1)


def fixed_window(name: str, rule: Rule, now: datetime) -> None:
    """Count a call under `name` in the current window of the clock.

    The item is `LIMIT#demo#links` / `WINDOW#1763719200`: the second at which the window begins.

    Raises:
        TooManyRequestsError: the window is full; with `retry_after`.

    Cost: 1 write unit.
    """
    mark, start = ids.mark(), int(now.timestamp()) // rule.seconds * rule.seconds
    end = start + rule.seconds
    written = dynamodb.write(
        "UpdateItem",
        Key=dynamodb.key(limit_keys.limit(name), limit_keys.window(start)),
        UpdateExpression="SET #ttl = :ttl, mark = :mark ADD taken :one",
        # The mark keeps a repeated call, whose first reply was lost, from counting twice.
        ConditionExpression="(attribute_not_exists(taken) OR taken < :most) AND mark <> :mark",
        ExpressionAttributeNames={"#ttl": "ttl"},
        ExpressionAttributeValues={
            ":one": {"N": "1"},
            ":most": {"N": str(rule.most)},
            ":ttl": {"N": str(end + 1)},
            ":mark": {"S": mark},
        },
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    if not (written.done or _is_own(written.item, mark)):
        raise TooManyRequestsError(retry_after=max(1, math.ceil(end - now.timestamp())))


def _require_room(rules: Sequence[Rule], times: list[int], moment: int) -> None:
    waits = [_wait(rule, times, moment) for rule in rules]
    if any(waits):
        raise TooManyRequestsError(retry_after=max(waits))


def _wait(rule: Rule, times: list[int], moment: int) -> int:
    """Return the seconds until the rule accepts another call, 0 if it accepts one now."""
    recent = [at for at in times if at > moment - rule.seconds * 1000]
    if len(recent) < rule.most:
        return 0
    return max(1, math.ceil((recent[-rule.most] - moment) / 1000) + rule.seconds)


def _replace_times(
    name: str, rules: Sequence[Rule], stored: dynamodb.Item | None, times: list[int], mark: str
) -> dynamodb.Written:
    """Put the times unless the stored item was replaced. Each write has a mark of its own."""
    recent = sorted(times)[-max(rule.most for rule in rules) :]
    item = dynamodb.key(limit_keys.limit(name), limit_keys.TIMES) | {
        "times": {"L": [{"N": str(at)} for at in recent]},
        "mark": {"S": mark},
        "ttl": {"N": str(recent[-1] // 1000 + max(rule.seconds for rule in rules) + 1)},
    }
    stored_mark = {"ExpressionAttributeValues": {":mark": stored["mark"]}} if stored else {}
    return dynamodb.write(
        "PutItem",
        Item=item,
        ConditionExpression="mark = :mark" if stored else "attribute_not_exists(pk)",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
        **stored_mark,
    )


def _is_own(item: dynamodb.Item | None, mark: str) -> bool:
    """Return whether the stored item is from this call's own write, whose reply was lost."""
    return item is not None and item["mark"]["S"] == mark
