"""The generations of a store's reports: the one that is read, and the one that is being built.

A generation is a whole set of counters in one time zone. A rebuild makes the next one beside it and
then flips the pointer, so that reports are never half rebuilt.
"""

from datetime import datetime
from typing import NamedTuple

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from clientela import clock
from clientela.errors import BusyError, ReportsNotReadyError
from clientela.stores.stores import Store
from clientela.table import keys, records, report_keys
from clientela.table.records import Record


class Generation(NamedTuple):
    """A generation: its number, and the time zone of its days."""

    number: int
    timezone: str


class ReportPointer(Record):
    """`STORE#demo` / `REPORTS`."""

    last = NumberAttribute()  # the number given last
    current = NumberAttribute(null=True)
    timezone = UnicodeAttribute(null=True)
    building = NumberAttribute(null=True)
    building_timezone = UnicodeAttribute(null=True)
    started_at = UnicodeAttribute(null=True)  # of the building
    cursor = UnicodeAttribute(null=True)  # the last customer that was counted for the building
    retired = NumberAttribute(null=True)  # the former generation, which is to be deleted
    retired_at = UnicodeAttribute(null=True)


def find(store_id: str) -> ReportPointer | None:
    """Return the pointer, or None if the store has no generation yet. 1 read unit."""
    return ReportPointer.find(keys.store(store_id), report_keys.POINTER)


def active(store_id: str) -> list[Generation]:
    """Return the generations that count changes: the current one and the building. 1 read unit."""
    pointer = find(store_id)
    if pointer is None:
        return []
    found = ((pointer.current, pointer.timezone), (pointer.building, pointer.building_timezone))
    return [Generation(int(number), zone) for number, zone in found if number is not None and zone]


def current(store_id: str) -> Generation:
    """Return the generation that reports read.

    Raises:
        ReportsNotReadyError: the first one is still being built.

    Cost: 1 read unit.
    """
    pointer = find(store_id)
    if pointer is None or pointer.current is None or not pointer.timezone:
        raise ReportsNotReadyError
    return Generation(int(pointer.current), pointer.timezone)


def start(store: Store, now: datetime) -> Generation:
    """Begin to build a generation in the store's time zone, unless one is being built.

    Raises:
        BusyError: the former one is still to be deleted, or others changed the pointer.

    Cost: 1 read unit and 1 write unit.
    """
    pointer = find(store.id)
    if pointer and pointer.building is not None and pointer.building_timezone:
        return Generation(int(pointer.building), pointer.building_timezone)
    if pointer and pointer.retired is not None:  # the pointer has room for one
        raise BusyError
    number = int(pointer.last) + 1 if pointer else 1
    after = pointer or ReportPointer(keys.store(store.id), report_keys.POINTER)
    condition: Condition = ReportPointer.last == number - 1 if pointer else ReportPointer.pk.does_not_exist()
    after.last, after.building, after.building_timezone = number, number, store.timezone
    after.started_at, after.cursor = clock.format_timestamp(now), None
    records.put(after, condition, BusyError())
    return Generation(number, store.timezone)


def save_cursor(store_id: str, generation: Generation, cursor: str) -> None:
    """Remember how far a building has come. Raises BusyError if it has ended. 1 write unit."""
    pointer = ReportPointer(keys.store(store_id), report_keys.POINTER)
    is_building = ReportPointer.building == generation.number
    records.update(pointer, [ReportPointer.cursor.set(cursor)], is_building, BusyError())


def flip(store_id: str, generation: Generation, now: datetime) -> None:
    """Let reports read the generation that was built. Repeating does no harm. 1 write unit.

    Raises:
        BusyError: others changed the pointer.
    """
    pointer = find(store_id)
    if pointer is None or pointer.building != generation.number:
        return
    former = pointer.current
    pointer.current, pointer.timezone = generation.number, generation.timezone
    pointer.building = pointer.building_timezone = pointer.started_at = pointer.cursor = None
    if former is not None:
        pointer.retired, pointer.retired_at = former, clock.format_timestamp(now)
    records.put(pointer, ReportPointer.building == generation.number, BusyError())


def forget_retired(store_id: str, number: int) -> None:
    """Note that the former generation is deleted. 1 write unit."""
    pointer = ReportPointer(keys.store(store_id), report_keys.POINTER)
    actions: list[Action] = [ReportPointer.retired.remove(), ReportPointer.retired_at.remove()]
    records.update(pointer, actions, ReportPointer.retired == number, BusyError())
