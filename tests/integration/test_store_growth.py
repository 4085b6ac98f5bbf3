"""A store's directory grows while its customers are listed, searched, counted and changed."""

import itertools
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support import table_checker

from clientela import clock
from clientela.customers import customer_records, customer_search, customers, directory_index
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.customer_search import SORTS, Sort
from clientela.errors import InvalidInputError
from clientela.migrations import migration_runs, store_growth
from clientela.stores import stores
from clientela.stores.setting_groups import Directory
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb, keys

NOW = clock.now()


@pytest.fixture(autouse=True)
def few_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration_runs, "SEGMENTS", 4)


@pytest.fixture
def store(deployed: None) -> Store:
    return stores.create(f"grows-{uuid.uuid4().hex[:8]}", StoreSettings(name="Grows"), NOW)


def people(store: Store, count: int) -> list[Customer]:
    return [
        customers.create(store, NewCustomer(email=f"p{n}@example.com", name=f"Ana {n:03}"), NOW + timedelta(seconds=n))
        for n in range(count)
    ]


def walk(store: Store, sort: Sort, limit: int = 9, **wanted: object) -> list[str]:
    found, cursor, filter_ = [], None, CustomerFilter.model_validate(wanted)
    while True:
        page = customer_search.page(store, sort=sort, filter_=filter_, limit=limit, cursor=cursor)
        found += [customer["id"] for customer in page.items]
        if (cursor := page.next_cursor) is None:
            return found


def buckets_of(store: Store, created: list[Customer]) -> Counter[str]:
    profiles = [dynamodb.get(keys.customer(store.id, each.id), keys.PROFILE) for each in created]
    return Counter(profile["dir"]["S"] for profile in profiles if profile)


def no_wait(_seconds: float) -> None:
    """There is nobody who knows the old number."""


def test_customers_are_spread_over_all_buckets_and_everything_finds_them(store: Store) -> None:
    created = people(store, 60)
    run = store_growth.grow(store.id, 16, clock.now, 1e6, wait=no_wait)
    grown = stores.read(store.id)
    assert (grown.directory.buckets, grown.directory.written_buckets, grown.directory.growing_from) == (16, 16, None)
    assert run.changed == sum(customer_records.bucket(each.id, 16) >= 4 for each in created)
    assert buckets_of(store, created) == Counter(
        keys.directory(store.id, customer_records.bucket(each.id, 16)) for each in created
    )
    assert walk(grown, "created") == [each.id for each in created]
    assert sorted(walk(grown, "name", query="ana")) == sorted(each.id for each in created)
    assert customer_search.count(grown, CustomerFilter(query="ana 00")) == 10
    assert table_checker.faults(store.id) == []


def test_everybody_is_listed_once_in_every_order_while_the_store_grows(store: Store) -> None:
    created = people(store, 80)
    expected = sorted(each.id for each in created)
    is_done, walked, lock = threading.Event(), Counter[str](), threading.Lock()

    def list_all_the_time(number: int) -> None:
        while not is_done.is_set():
            sort = SORTS[number % len(SORTS)]
            with lock:  # a reader of the old buckets ends before customers are moved
                known = stores.read(store.id)
            if number % 3 == 0:
                found = [item["pk"]["S"].rpartition("#")[2] for item in customer_search.all_profiles(known)]
            elif number % 3 == 1:
                found = walk(known, sort, query="ana")
            else:
                found = walk(known, sort)
            assert sorted(found) == expected, (sort, number)
            walked["growing" if known.directory.growing_from else "settled"] += 1
            number += 7

    def wait(_seconds: float) -> None:
        for _ in range(3):  # each reader begins anew
            seen = walked.total()
            while walked.total() < seen + 2 and not failed():
                is_done.wait(0.01)

    def failed() -> bool:
        return any(reader.done() for reader in readers)

    with ThreadPoolExecutor(2) as threads:
        readers = [threads.submit(list_all_the_time, number) for number in range(2)]
        try:
            for buckets in (8, 32):
                store_growth.grow(store.id, buckets, clock.now, 200, wait=wait)
        finally:
            is_done.set()
        for reader in readers:
            reader.result()
    assert walked["growing"]


@pytest.mark.parametrize("moves_at", [1, 2])  # before the first read of buckets, or between the two
def test_a_customer_who_moves_while_a_page_is_read_is_on_it_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, moves_at: int
) -> None:
    created = people(store, 20)
    mover = next(each for each in created if customer_records.bucket(each.id, 8) >= 4)
    directory = Directory(buckets=8, written_buckets=8, growing_from=4)
    growing = stores.replace(store, store.model_copy(update={"directory": directory}), NOW)
    merged, reads = directory_index._merged, itertools.count(1)

    def moved_before_the_read(*arguments: Any, **options: Any) -> Iterator[directory_index.Entry]:
        if next(reads) == moves_at:
            customers.patch(growing, mover.id, {"note": "Moved"}, NOW)
        return merged(*arguments, **options)

    monkeypatch.setattr(directory_index, "_merged", moved_before_the_read)
    assert walk(growing, "created", limit=100) == [each.id for each in created]


@pytest.mark.parametrize("dies_at", range(1, 4))
def test_a_run_that_dies_is_continued(store: Store, monkeypatch: pytest.MonkeyPatch, dies_at: int) -> None:
    created, calls = people(store, 12), iter(range(1, 10))

    def dying(call: Callable[..., Store]) -> Callable[..., Store]:
        def replace(*arguments: object) -> Store:
            if next(calls) == dies_at:
                raise KeyboardInterrupt
            return call(*arguments)

        return replace

    with monkeypatch.context() as patch:
        patch.setattr(stores, "replace", dying(stores.replace))
        with pytest.raises(KeyboardInterrupt):
            store_growth.grow(store.id, 8, clock.now, 1e6, wait=no_wait)
    half_grown = stores.read(store.id)
    assert walk(half_grown, "created") == [each.id for each in created]
    customers.patch(half_grown, created[0].id, {"name": "Zoe"}, NOW)
    store_growth.grow(store.id, 8, clock.now, 1e6, wait=no_wait)
    assert stores.read(store.id).directory.growing_from is None
    assert walk(stores.read(store.id), "name")[-1] == created[0].id


def test_two_runs_at_once_never_go_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    created, reached, waits, runs = people(store, 12), list[tuple[int, int | None]](), list[float](), itertools.count(1)
    replace = stores.replace

    def noted(before: Store, after: Store, now: datetime) -> Store:
        reached.append((after.directory.written_buckets, after.directory.growing_from))
        return replace(before, after, now)

    def other_run(_seconds: float) -> None:
        """Let another run do everything while this one waits for the first time."""
        if next(runs) == 1:
            store_growth.grow(store.id, 8, clock.now, 1e6, wait=waits.append)

    monkeypatch.setattr(stores, "replace", noted)
    store_growth.grow(store.id, 8, clock.now, 1e6, wait=other_run)
    assert reached == [(4, 4), (4, 4), (8, 4), (8, None)]
    assert len(waits) == 2
    assert min(waits) > store_growth.STORE_KNOWN_AFTER - 60
    directory = stores.read(store.id).directory
    assert (directory.buckets, directory.written_buckets, directory.growing_from) == (8, 8, None)
    assert walk(stores.read(store.id), "created") == [each.id for each in created]


def test_who_continues_a_run_waits_until_all_write_the_new_buckets(store: Store) -> None:
    def dies(_seconds: float) -> None:
        if stores.read(store.id).directory.written_buckets == 8:
            raise KeyboardInterrupt

    people(store, 3)
    with pytest.raises(KeyboardInterrupt):
        store_growth.grow(store.id, 8, clock.now, 1e6, wait=dies)
    waits = list[float]()
    store_growth.grow(store.id, 8, clock.now, 1e6, wait=waits.append)
    assert len(waits) == 1
    assert waits[0] > store_growth.STORE_KNOWN_AFTER - 60


def test_other_numbers_are_refused_by_name(store: Store) -> None:
    for buckets in (0, 2, 4, 6, 12, 512):
        with pytest.raises(InvalidInputError) as refused:
            store_growth.grow(store.id, buckets, clock.now, wait=no_wait)
        assert refused.value.fields[0].message == "Use one of these values: 8, 16, 32, 64, 128, 256."
    assert stores.read(store.id).directory.buckets == 4


def test_a_change_of_settings_at_the_same_time_is_not_lost(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read = stores.read

    def renamed_meanwhile(store_id: str) -> Store:
        before = read(store_id)
        if before.name == "Grows" and before.directory.buckets == 4 and before.version == 1:
            stores.replace(before, before.model_copy(update={"name": "Renamed"}), NOW)
        return before

    monkeypatch.setattr(stores, "read", renamed_meanwhile)
    store_growth.grow(store.id, 8, clock.now, 1e6, wait=no_wait)
    monkeypatch.undo()
    assert (read(store.id).name, read(store.id).directory.buckets) == ("Renamed", 8)
