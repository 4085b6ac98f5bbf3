"""The log of changed customers: what a window has, and when the log may be relied on."""

from datetime import datetime, timedelta

import pytest
from tests.support.streams import record

from clientela import clock
from clientela.customers import change_log, customer_records, customers
from clientela.customers.change_log import Changed
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.stores.stores import Store
from clientela.table import dynamodb, stream
from clientela.table.stream import TableChange

NOW = clock.now()
HOUR = timedelta(hours=1)


@pytest.fixture
def ana(store: Store) -> Customer:
    change_log.enable(store.id, NOW)
    return customers.build(NewCustomer(email="ana@example.com"), NOW, "merchant")


def change(store: Store, before: Customer | None, after: Customer | None) -> TableChange:
    images = [customer_records.record(store, each).item() if each else None for each in (before, after)]
    return stream.read(record(images[0], images[1]))


def version(customer: Customer, number: int) -> Customer:
    return customer.model_copy(update={"version": number})


def window(store: Store, since: datetime, until: datetime) -> list[Changed]:
    return list(change_log.all_changed(store, since, until, range(change_log.SHARDS)))


def test_windows_have_each_change_once_also_if_it_is_logged_late(
    store: Store, ana: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function took the time just before the slot; the entry is in the table only after the export has read."""
    slot, put_all, late = NOW + HOUR, dynamodb.put_all, list[dynamodb.Item]()
    monkeypatch.setattr(dynamodb, "put_all", late.extend)
    change_log.record_changes([change(store, None, ana)], slot - timedelta(seconds=1))
    assert window(store, NOW, slot) == []
    put_all(late)
    assert window(store, slot, slot + HOUR) == [Changed(ana.id, 1, None)]
    assert window(store, slot + HOUR, slot + 2 * HOUR) == []


def test_an_entry_at_the_edge_is_in_the_later_window(store: Store, ana: Customer) -> None:
    edge = NOW + HOUR
    change_log.record_changes([change(store, None, ana)], edge - change_log.SETTLED)
    assert (window(store, NOW, edge), len(window(store, edge, edge + HOUR))) == ([], 1)


def test_a_window_has_the_newest_version_and_the_last_removal(store: Store, ana: Customer) -> None:
    second, third = version(ana, 2), version(ana, 3)
    steps = [(None, ana), (ana, second), (second, None), (None, third)]
    for minutes, (before, after) in enumerate(steps, 10):
        change_log.record_changes([change(store, before, after)], NOW + timedelta(minutes=minutes))
    removed_at = clock.format_timestamp(change(store, second, None).at)
    assert window(store, NOW, NOW + HOUR) == [Changed(ana.id, 3, removed_at)]


def test_two_changes_of_one_batch_are_one_entry_of_the_later(store: Store, ana: Customer) -> None:
    batch = [change(store, None, ana), change(store, ana, version(ana, 2))]
    assert change_log.record_changes(batch, NOW + HOUR / 2) == 1
    assert window(store, NOW, NOW + HOUR) == [Changed(ana.id, 2, None)]


def test_the_log_is_relied_on_when_every_function_knows_of_it(store: Store, ana: Customer) -> None:
    known = NOW + timedelta(seconds=60) + change_log.SETTLED
    assert not change_log.covers(store.id, known - timedelta(seconds=1), NOW + HOUR)
    assert change_log.covers(store.id, known, NOW + HOUR)
    change_log.enable(store.id, NOW + HOUR)  # it stays on since the first time
    assert change_log.covers(store.id, known, NOW + HOUR)
