"""The EventBridge bus: publish events in batches and return those that it rejected.

Source of the limits and error codes: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from clientela import settings
from clientela.aws import clients
from clientela.concurrency import back_off
from clientela.events.change_events import BusEvent

MAX_ENTRIES = 10  # of one call
MAX_BYTES = 256 * 1024  # of one call, and so of one event
MAX_DETAIL = 250_000  # bytes: with the fields that the bus adds, targets accept 256 KB
ATTEMPTS = 3
BACKOFF_SECONDS = 0.1
_TIME_BYTES = 14  # the size that EventBridge counts for a time

# The event is invalid. Every other error is an outage of the bus or a missing permission.
_PERMANENT_ERRORS = {"InvalidArgument", "MalformedDetail"}


class Unpublished(NamedTuple):
    """Events that the bus did not accept: `waiting` must be published again, `refused` are invalid.

    `error` is the exception that stopped the publishing, or None.
    """

    waiting: list[BusEvent]
    refused: list[BusEvent]
    error: Exception | None = None


class _Entry(NamedTuple):
    event: BusEvent
    request: dict[str, Any]
    size: int


def publish(events: Iterable[BusEvent]) -> Unpublished:
    """Publish events and return those that the bus did not accept. One call of EventBridge for ten.

    A call has at most one event per subject, so that none overtakes an earlier one that the bus
    rejected for now. If one has to wait, the later ones of its subject wait with it.
    """
    queues: dict[str, deque[BusEvent]] = {}
    for event in events:
        queues.setdefault(event.subject, deque()).append(event)
    unpublished = Unpublished([], [])
    while queues:
        heads = [queue.popleft() for queue in queues.values()]
        try:
            _publish_heads(heads, queues, unpublished)
        except Exception as error:  # the bus is unreachable; accepted heads will arrive twice
            waiting = [*heads, *(event for queue in queues.values() for event in queue)]
            return unpublished._replace(waiting=[*unpublished.waiting, *waiting], error=error)
        queues = {subject: queue for subject, queue in queues.items() if queue}
    return unpublished


def _publish_heads(heads: list[BusEvent], queues: dict[str, deque[BusEvent]], unpublished: Unpublished) -> None:
    for batch in _batches(map(_entry, heads)):
        for event, code in _put(batch):
            if code in _PERMANENT_ERRORS:
                unpublished.refused.append(event)
            else:
                unpublished.waiting.extend([event, *queues.pop(event.subject)])


def _put(batch: list[_Entry]) -> list[tuple[BusEvent, str]]:
    """Put a batch, retry its rejected entries, and return failed events with their error codes."""
    failures: list[tuple[_Entry, str]] = []
    for attempt in range(ATTEMPTS):
        if attempt:
            back_off(attempt - 1, BACKOFF_SECONDS)
        reply = clients.events().put_events(Entries=[entry.request for entry in batch])  # type: ignore[misc]
        results = zip(batch, reply["Entries"], strict=True)
        rejected = [(entry, result["ErrorCode"]) for entry, result in results if "ErrorCode" in result]
        failures = [(entry, code) for entry, code in failures if code in _PERMANENT_ERRORS] + rejected
        batch = [entry for entry, code in rejected if code not in _PERMANENT_ERRORS]
        if not batch:
            break
    return [(entry.event, code) for entry, code in failures]


def _batches(entries: Iterable[_Entry]) -> Iterator[list[_Entry]]:
    batch: list[_Entry] = []
    for entry in entries:
        if len(batch) == MAX_ENTRIES or sum(other.size for other in batch) + entry.size > MAX_BYTES:
            yield batch
            batch = []
        batch.append(entry)
    yield batch


def _entry(event: BusEvent) -> _Entry:
    detail, source = _fit(event.detail), settings.event_source()
    request = {
        "EventBusName": settings.event_bus(),
        "Source": source,
        "DetailType": event.type,
        "Detail": detail,
        "Time": event.detail["occurred_at"],
    }
    return _Entry(event, request, len(detail.encode()) + len(source) + len(event.type) + _TIME_BYTES)


def _fit(detail: dict[str, Any]) -> str:
    """Return the detail as JSON; if it is too large, without the largest fields of its document."""
    encoded = orjson.dumps(detail)
    while len(encoded) > MAX_DETAIL:
        detail = _without_largest(detail)
        encoded = orjson.dumps(detail)
    return encoded.decode()


def _without_largest(detail: dict[str, Any]) -> dict[str, Any]:
    name, document = next((name, part) for name, part in detail["data"].items() if isinstance(part, dict))
    largest = max(document, key=lambda field: len(orjson.dumps(document[field])))
    rest = {field: value for field, value in document.items() if field != largest}
    return detail | {"left_out": [*detail["left_out"], f"{name}.{largest}"], "data": detail["data"] | {name: rest}}
