"""CPU of this process for a call, beside its floor: a bare botocore client that sends the very same requests.

CPU, not time: DynamoDB Local is another process, and the machine may have others to serve. All threads count. Ours and
the floor take turns, block by block, so that a busy moment hits both; the median of the blocks is told.
"""

import itertools
import re
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import boto3
from botocore import xform_name

from benchmarks.traffic import Request, Traffic, watched

ROUNDS = 15  # blocks whose median is told
RECORDED = 10  # calls of ours whose requests the floor repeats

type Call = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """Something to measure: `calls` are ready to be made, each once; making their arguments is not measured."""

    name: str
    calls: Iterator[Call]
    most_ms: float | None = None
    most_read: float | None = None
    most_write: float | None = None
    block: int = 20  # calls of a block
    rows: int = 1  # that a call handles: figures are told for one of them


@dataclass(frozen=True)
class Result:
    """Milliseconds of CPU for a call in each block, ours and the floor's; and what one call of ours asks of DynamoDB."""

    case: Case
    traffic: Traffic
    ours: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    @property
    def ours_ms(self) -> float:
        return statistics.median(self.ours)

    @property
    def floor_ms(self) -> float:
        return statistics.median(self.floor)

    @property
    def is_too_dear(self) -> bool:
        """Whether a call takes more units than are promised."""
        used = ((self.traffic.read_units, self.case.most_read), (self.traffic.write_units, self.case.most_write))
        return any(most is not None and units > most for units, most in used)


def measured(case: Case, rounds: int = ROUNDS) -> Result:
    """Measure a case; the first block, with its connections and caches to fill, is not counted."""
    next(case.calls)()  # fills the caches: what only the first call reads is no part of what a call costs
    recorded = [_recorded(next(case.calls)) for _ in range(RECORDED)]
    floors = _floor([traffic.requests for traffic in recorded])
    result = Result(case, recorded[-1])
    for number in range(rounds + 1):
        ours, floor = _block(case, case.calls), _block(case, floors)
        if number:
            result.ours.append(ours)
            result.floor.append(floor)
    return result


def _recorded(call: Call) -> Traffic:
    with watched() as traffic:
        call()
    return traffic


def _block(case: Case, calls: Iterator[Call]) -> float:
    ready = list(itertools.islice(calls, case.block))
    start = time.process_time()
    for call in ready:
        call()
    return (time.process_time() - start) * 1000 / case.block / case.rows


def _floor(recorded: Iterable[list[Request]]) -> Iterator[Call]:
    dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
    repeated = [
        [
            (getattr(sqs if operation == "SendMessage" else dynamodb, xform_name(operation)), _unconditional(request))
            for operation, request in requests
        ]
        for requests in recorded
    ]

    def send(requests: list[tuple[Any, dict[str, Any]]]) -> None:
        for method, request in requests:
            method(**request)

    return (partial(send, requests) for requests in itertools.cycle(repeated))


def _unconditional(request: dict[str, Any]) -> dict[str, Any]:
    """A write that can be repeated: without its condition and what only that uses; a transaction without its token. A check
    holds as it held before."""
    request = {name: value for name, value in request.items() if name != "ClientRequestToken"}
    if "TransactItems" in request:
        request["TransactItems"] = [
            {kind: write if kind == "ConditionCheck" else _unconditional(write) for kind, write in item.items()}
            for item in request["TransactItems"]
        ]
    if "ConditionExpression" in request:
        del request["ConditionExpression"]
        request.pop("ReturnValuesOnConditionCheckFailure", None)
        used = set(re.findall(r"[:#]\w+", request.get("UpdateExpression", "")))
        for part in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            kept = {name: value for name, value in request.pop(part, {}).items() if name in used}
            request |= {part: kept} if kept else {}
    return request
