"""CPU of this process for a call, and for a baseline: a bare botocore client with the same
requests.

CPU, not elapsed time: DynamoDB Local is another process, and the machine may be busy. All threads
count. Blocks of our calls and of the baseline alternate, so that a busy moment affects both. The
result is the median of the blocks.
"""

import itertools
import re
import statistics
import time
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import boto3
from botocore import xform_name

from benchmarks.traffic import Request, Traffic, record_traffic

ROUNDS = 15  # blocks
RECORDED = 10  # of our calls; the baseline repeats their requests

type Call = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """A case to measure. Each of `calls` runs once. Preparing their arguments is not measured."""

    name: str
    calls: Iterator[Call]
    max_ms: float | None = None
    max_read: float | None = None
    max_write: float | None = None
    max_ratio: float | None = None  # of the time to the baseline's
    block: int = 20  # calls per block
    rows: int = 1  # per call; results are per row


@dataclass(frozen=True)
class Result:
    """CPU milliseconds per call in each block, ours and the baseline's, and one call's requests."""

    case: Case
    traffic: Traffic
    ours: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)

    @property
    def ours_ms(self) -> float:
        return statistics.median(self.ours)

    @property
    def baseline_ms(self) -> float:
        return statistics.median(self.baseline)

    @property
    def ratio(self) -> float:
        """Return our time in relation to the baseline's."""
        return self.ours_ms / self.baseline_ms

    @property
    def is_too_expensive(self) -> bool:
        """Return whether a call uses more units than its limit."""
        used = ((self.traffic.read_units, self.case.max_read), (self.traffic.write_units, self.case.max_write))
        return any(limit is not None and units > limit for units, limit in used)


def measure(case: Case, rounds: int = ROUNDS) -> Result:
    """Measure a case.

    The first block is not counted, because it opens connections and fills caches.
    """
    next(case.calls)()  # fills the caches, so that the recorded calls do not
    recorded = [_record(next(case.calls)) for _ in range(RECORDED)]
    baseline_calls = _baseline([traffic.requests for traffic in recorded])
    result = Result(case, recorded[-1])
    for number in range(rounds + 1):
        ours, baseline = _run_block(case, case.calls), _run_block(case, baseline_calls)
        if number:
            result.ours.append(ours)
            result.baseline.append(baseline)
    return result


def _record(call: Call) -> Traffic:
    with record_traffic() as traffic:
        call()
    return traffic


def _run_block(case: Case, calls: Iterator[Call]) -> float:
    ready = list(itertools.islice(calls, case.block))
    start = time.process_time()
    for call in ready:
        call()
    return (time.process_time() - start) * 1000 / case.block / case.rows


def _baseline(recorded: Iterable[list[Request]]) -> Iterator[Call]:
    dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
    repetitions = [
        [
            (
                getattr(sqs if operation == "SendMessage" else dynamodb, xform_name(operation)),
                _as_botocore(_unconditional(request)),
            )
            for operation, request in requests
        ]
        for requests in recorded
    ]

    def send(requests: list[tuple[Any, dict[str, Any]]]) -> None:
        for method, request in requests:
            method(**request)

    return (partial(send, requests) for requests in itertools.cycle(repetitions))


def _unconditional(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request that can be repeated: without conditions and their values, and without a
    transaction's token.

    Condition checks stay, because they hold again.
    """
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
            rest = {name: value for name, value in request.pop(part, {}).items() if name in used}
            request |= {part: rest} if rest else {}
    return request


def _as_botocore(request: Any) -> Any:
    """Return a request with its binary values as bytes: our client has them in base64 already."""
    if isinstance(request, dict):
        return {
            name: b64decode(value) if name == "B" and isinstance(value, str) else _as_botocore(value)
            for name, value in request.items()
        }
    return [_as_botocore(value) for value in request] if isinstance(request, list) else request
