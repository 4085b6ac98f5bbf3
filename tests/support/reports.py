"""Reports of a store: counted from the table's stream, and rebuilt at once."""

import random
from datetime import timedelta
from typing import Any

import pytest
from tests.support.streams import arriving, recorded

from clientela import clock, settings
from clientela.reports import report_changes, report_counters, report_generations, report_rebuild, report_updates
from clientela.reports.report_counters import Numbers
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table import stream


def build(store: Store) -> None:
    """Do everything that a rebuild does until it is over, without waiting."""
    now = clock.now()
    while (progress := report_rebuild.advance(stores.read(store.id), now, lambda: False)).wait is not None:
        now += timedelta(seconds=progress.wait + 1)


def update_all(store: Store, endpoint: str, chance: random.Random) -> int:
    """Count everything in the table's stream, in any order, some of it twice; return the messages."""
    arrived = [stream.read(each) for each in arriving("EventPublisher", recorded(settings.table_name(), endpoint))]
    messages = [each for each in report_changes.messages_for(arrived) if each.store_id == store.id and each.source]
    for message in chance.sample(messages * 2, len(messages) * 2):
        if message.source:
            report_updates.update(store, message.source)
    return len(messages)


def counters(store: Store) -> dict[str, Numbers]:
    """All counters of the current generation."""
    return report_counters.read_all(store, report_generations.current(store.id))


def assert_exact(store: Store) -> None:
    """A rebuild from nothing comes to the same counters."""
    counted = counters(store)
    report_generations.start(store, clock.now())
    build(store)
    assert counters(store) == counted


def no_pause(monkeypatch: pytest.MonkeyPatch, *modules: Any) -> None:
    """Let nothing wait."""
    for module in modules:
        monkeypatch.setattr(module, "_PAUSE_SECONDS", 0)
