"""The bus on which events go out. What it does not take is named, so that it can be brought again.

Source of the limits and error codes: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

import random
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from clientela import settings
from clientela.aws import clients
from clientela.events.change_events import BusEvent

MAX_ENTRIES = 10  # of one call
MAX_BYTES = 256 * 1024  # of one call, and so of one event
LARGEST_DETAIL = 250_000  # bytes: leaves room for what the bus writes around it, for targets that take 256 KB as well
ATTEMPTS = 3  # of what a call has left over
_TIME = 14  # bytes that a time counts

# Here it is the event that is refused, and repeating cures nothing. All else is trouble of the bus, or a missing right.
_FINAL = {"InvalidArgument", "MalformedDetail"}


class Left(NamedTuple):
    """Events that the bus has not taken: those that are to be brought again, and those that it will never take.

    `trouble` is what has broken the work off.
    """

    waiting: list[BusEvent]
    refused: list[BusEvent]
    trouble: Exception | None = None


class _Entry(NamedTuple):
    event: BusEvent
    entry: dict[str, Any]
    size: int


def publish(events: Iterable[BusEvent]) -> Left:
    """Put events on the bus; what is left of them. One call of EventBridge for ten.

    A call holds no two events of one subject: so none overtakes another that the bus has refused for now. Where one has
    to wait, those behind it wait with it.
    """
    queues: dict[str, deque[BusEvent]] = {}
    for event in events:
        queues.setdefault(event.subject, deque()).append(event)
    left = Left([], [])
    while queues:
        heads = [queue.popleft() for queue in queues.values()]
        try:
            _put_heads(heads, queues, left)
        except Exception as trouble:  # the bus is out of reach: whatever it may have taken of these comes twice
            waiting = [*heads, *(event for queue in queues.values() for event in queue)]
            return left._replace(waiting=[*left.waiting, *waiting], trouble=trouble)
        queues = {subject: queue for subject, queue in queues.items() if queue}
    return left


def _put_heads(heads: list[BusEvent], queues: dict[str, deque[BusEvent]], left: Left) -> None:
    for batch in _batches(map(_entry, heads)):
        for event, code in _put(batch):
            if code in _FINAL:
                left.refused.append(event)
            else:
                left.waiting.extend([event, *queues.pop(event.subject)])


def _put(batch: list[_Entry]) -> list[tuple[BusEvent, str]]:
    """Put a batch, and those alone that are left over once more; the events that are left at last, and why."""
    failed: list[tuple[_Entry, str]] = []
    for attempt in range(ATTEMPTS):
        answer = clients.events().put_events(Entries=[each.entry for each in batch])  # type: ignore[misc]
        results = zip(batch, answer["Entries"], strict=True)
        now_failed = [(each, result["ErrorCode"]) for each, result in results if "ErrorCode" in result]
        failed = [(each, code) for each, code in failed if code in _FINAL] + now_failed
        batch = [each for each, code in now_failed if code not in _FINAL]
        if not batch:
            break
        time.sleep(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311 - jitter, nothing secret
    return [(each.event, code) for each, code in failed]


def _batches(entries: Iterable[_Entry]) -> Iterator[list[_Entry]]:
    batch: list[_Entry] = []
    for each in entries:
        if len(batch) == MAX_ENTRIES or sum(other.size for other in batch) + each.size > MAX_BYTES:
            yield batch
            batch = []
        batch.append(each)
    yield batch


def _entry(event: BusEvent) -> _Entry:
    detail, source = _fitting(event.detail), settings.event_source()
    entry = {
        "EventBusName": settings.event_bus(),
        "Source": source,
        "DetailType": event.type,
        "Detail": detail,
        "Time": event.detail["occurred_at"],
    }
    return _Entry(event, entry, len(detail.encode()) + len(source) + len(event.type) + _TIME)


def _fitting(detail: dict[str, Any]) -> str:
    """The detail as JSON, without the largest fields of its document where it is too large."""
    written = orjson.dumps(detail)
    while len(written) > LARGEST_DETAIL:
        detail = _without_largest(detail)
        written = orjson.dumps(detail)
    return written.decode()


def _without_largest(detail: dict[str, Any]) -> dict[str, Any]:
    name, document = next((name, part) for name, part in detail["data"].items() if isinstance(part, dict))
    largest = max(document, key=lambda field: len(orjson.dumps(document[field])))
    rest = {field: value for field, value in document.items() if field != largest}
    return detail | {"left_out": [*detail["left_out"], f"{name}.{largest}"], "data": detail["data"] | {name: rest}}
