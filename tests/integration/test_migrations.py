"""Migrations on a database with real transactions: beside changes of customers, and dying at every call."""

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from tests.support import table_checker

from clientela import clock, settings
from clientela.customers import customer_records, customer_search, customers, stored_customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.customer_records import CustomerRecord
from clientela.migrations import item_changes, layout_version, migration_runs
from clientela.migrations.migration_list import MIGRATIONS, REINDEX_CUSTOMERS
from clientela.migrations.migration_runs import RunTakenOverError
from clientela.stores import stores
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys

NOW = clock.now()
OLD_LAYOUT = {"former": {"S": "attribute"}, "facets": {"S": "|status:retired|"}, "name_key": {"S": "outdated"}}


@pytest.fixture(autouse=True)
def few_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration_runs, "SEGMENTS", 4)


@pytest.fixture(autouse=True)
def at_version_0(deployed: None) -> Iterator[None]:
    yield
    table = boto3.resource("dynamodb").Table(settings.table_name())
    for item in table.scan()["Items"]:
        table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})


def with_old_layout(store: Store, count: int) -> list[Customer]:
    """Return customers whose profiles have other attributes than the code stores today."""
    created = [create(store, number) for number in range(count)]
    for customer in created:
        item = profile(store, customer.id)
        dynamodb.put_all([item | OLD_LAYOUT | {"name_key": {"S": f"outdated#{customer.id}"}}])
    return created


def create(store: Store, number: int) -> Customer:
    address = {"country": "ES", "city": f"City {number}"}
    fields = {"email": f"c{number}@example.com", "name": f"Customer {number:03}", "billing_address": address}
    return customers.create(store, NewCustomer.model_validate(fields), NOW)


def profile(store: Store, customer_id: str) -> dynamodb.Item:
    item = dynamodb.get(keys.customer(store.id, customer_id), keys.PROFILE)
    assert item
    return item


def demand_new_layout(store: Store, count: int) -> None:
    """Every profile is as the code stores it, the directory agrees, and nothing is left to change."""
    items = list(customer_search.all_profiles(store))
    assert len(items) == count
    for item in items:
        stored = profile(store, keys.customer_of(item["pk"]["S"])[1])
        expected = customer_records.record(store, stored_customers.load(stored)).item()
        assert not item_changes.is_different(without_mark(stored), expected)
    assert table_checker.faults(store.id) == []
    assert migration_runs.dry_run(REINDEX_CUSTOMERS, store.id).changed == 0
    names = [customer["name"] for customer in customer_search.page(store, sort="name", limit=100).items]
    assert names == sorted(names)


def test_every_customer_of_every_store_gets_the_new_layout(store: Store) -> None:
    with_old_layout(store, 30)
    dry = migration_runs.dry_run(REINDEX_CUSTOMERS)
    assert (dry.read, dry.changed, dry.status) == (30, 30, "pending")
    assert customer_search.page(store, filter_=CustomerFilter(status="active")).items == []
    (run,) = migration_runs.migrate(clock.now, rate=1e6)
    assert (run.status, run.read, run.changed, run.segments_done) == ("complete", 30, 30, 4)
    assert (layout_version.current(), migration_runs.pending()) == (1, [])
    assert migration_runs.list_all() == [run]
    demand_new_layout(store, 30)
    assert len(customer_search.page(store, filter_=CustomerFilter(status="active", city="city 7")).items) == 1


def test_a_run_again_changes_nothing_and_needs_no_migration(store: Store) -> None:
    with_old_layout(store, 5)
    migration_runs.migrate(clock.now)
    before = list(customer_search.all_profiles(store, attributes="mark, updated_at"))
    assert migration_runs.migrate(clock.now) == []
    again = migration_runs.run(REINDEX_CUSTOMERS, clock.now)
    assert (again.status, again.read, again.changed) == ("complete", 5, 0)
    assert list(customer_search.all_profiles(store, attributes="mark, updated_at")) == before


def test_only_the_customers_of_one_store_are_reindexed(store: Store) -> None:
    longer = stores.create(f"{store.id}-2", stores.StoreSettings(name="Other"), NOW)
    with_old_layout(store, 4)
    with_old_layout(longer, 4)
    run = migration_runs.run(REINDEX_CUSTOMERS, clock.now, store.id)
    assert (run.store_id, run.read, run.changed, run.status) == (store.id, 4, 4, "complete")
    assert migration_runs.latest(REINDEX_CUSTOMERS, store.id) == run
    assert migration_runs.dry_run(REINDEX_CUSTOMERS).changed == 4
    assert layout_version.current() == 0


def test_no_change_of_a_customer_is_lost_while_all_are_migrated(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions of the old code change customers all the time: each profile is of the one or the other layout."""
    created, rounds = with_old_layout(store, 20), 6
    monkeypatch.setattr(customers, "record", old_record)

    def change_often(customer: Customer) -> None:
        for number in range(rounds):
            fields = {"name": f"Renamed {number}", "custom_fields": {f"round{number}": number}}
            customers.patch(store, customer.id, fields, clock.now())

    with ThreadPoolExecutor(8) as threads:
        changes = [threads.submit(change_often, customer) for customer in created]
        migrated = 0
        while not all(change.done() for change in changes):
            migrated += migration_runs.run(REINDEX_CUSTOMERS, clock.now, store.id, 1e6).changed
        for change in changes:
            change.result()
    assert migrated >= len(created)
    for customer in created:
        after = customers.get(store, customer.id)
        assert (after.version, after.name) == (1 + rounds, f"Renamed {rounds - 1}")
        assert after.custom_fields == {f"round{number}": number for number in range(rounds)}
        item = without_mark(profile(store, customer.id))
        layouts = [layout(store, after).item() for layout in (old_record, customer_records.record)]
        assert any(not item_changes.is_different(item, expected) for expected in layouts)
    monkeypatch.undo()
    migration_runs.run(REINDEX_CUSTOMERS, clock.now, store.id)
    demand_new_layout(store, 20)


def old_record(store: Store, customer: Customer, **options: bool) -> CustomerRecord:
    """Build a profile as the old code did: its lists sorted and filtered by something else."""
    record = customer_records.record(store, customer, **options)
    record.name_key, record.facets = f"{customer.name}#{customer.id}", f"|old:{customer.version}|"
    return record


def without_mark(item: dynamodb.Item) -> dynamodb.Item:
    return {name: item[name] for name in item if name != "mark"}


def test_a_change_between_reading_and_writing_wins_and_is_migrated(store: Store) -> None:
    (ana,) = with_old_layout(store, 1)
    read = profile(store, ana.id)
    customers.patch(store, ana.id, {"name": "Ana"}, NOW)
    dynamodb.put_all([profile(store, ana.id) | OLD_LAYOUT])
    assert item_changes.apply(REINDEX_CUSTOMERS.change, read, store)
    assert customers.get(store, ana.id).name == "Ana"
    demand_new_layout(store, 1)


def test_a_customer_deleted_between_reading_and_writing_stays_deleted(store: Store) -> None:
    (ana,) = with_old_layout(store, 1)
    item = profile(store, ana.id)
    dynamodb.delete_all([dynamodb.key(item["pk"]["S"], item["sk"]["S"])])
    assert not item_changes.apply(REINDEX_CUSTOMERS.change, item, store)
    assert dynamodb.get(item["pk"]["S"], item["sk"]["S"]) is None


def test_an_attribute_that_others_add_meanwhile_is_not_overwritten(store: Store) -> None:
    """The same attribute: read again. Another one: kept, because only the changed ones are written."""
    item = dynamodb.key(keys.store(store.id), "TEST") | {"old": {"S": "1"}}
    dynamodb.put_all([item | {"added": {"S": "by others"}, "packed": {"S": "theirs"}}])

    def pack(each: dynamodb.Item, _store: Store) -> dynamodb.Item | None:
        if "packed" in each:
            return None
        return {name: each[name] for name in each if name != "old"} | {"packed": each["old"]}

    assert not item_changes.apply(pack, item, store)
    assert dynamodb.get(item["pk"]["S"], "TEST") == item | {"added": {"S": "by others"}, "packed": {"S": "theirs"}}
    dynamodb.put_all([item | {"added": {"S": "by others"}}])
    assert item_changes.apply(pack, item, store)
    stored = dynamodb.get(item["pk"]["S"], "TEST")
    assert stored == dynamodb.key(item["pk"]["S"], "TEST") | {"added": {"S": "by others"}, "packed": {"S": "1"}}


def forget_migrations() -> None:
    for name in (keys.LAYOUT_VERSION, keys.migration("reindex_customers")):
        dynamodb.delete_all([dynamodb.key(keys.LAYOUT, name)])


class DiedError(Exception):
    """The process is killed."""


def dying_after(calls: int, send: Callable[..., Any], *, replied: bool) -> Callable[..., Any]:
    """Return `dynamodb.client.call` that dies before a call, or after it was done."""
    left = itertools.count(calls, -1)

    def call(operation: str, request: dict[str, Any]) -> Any:
        if next(left) > 0:
            return send(operation, request)
        if replied:
            send(operation, request)
        raise DiedError

    return call


@pytest.mark.parametrize("replied", [False, True])
def test_a_run_that_dies_at_any_call_is_continued(store: Store, monkeypatch: pytest.MonkeyPatch, replied: bool) -> None:
    call = dynamodb.client.call
    monkeypatch.setattr(migration_runs, "_WRITERS", 1)
    created = with_old_layout(store, 6)
    for calls in itertools.count():
        for customer in created:
            dynamodb.put_all([profile(store, customer.id) | OLD_LAYOUT])
        forget_migrations()
        monkeypatch.setattr(dynamodb.client, "call", dying_after(calls, call, replied=replied))
        try:
            migration_runs.migrate(clock.now, rate=1e6)
            is_over = True
        except DiedError:
            is_over = False
        monkeypatch.setattr(dynamodb.client, "call", call)
        migration_runs.migrate(clock.now, rate=1e6)
        assert (layout_version.current(), migration_runs.list_all()[0].status) == (1, "complete")
        demand_new_layout(store, 6)
        if is_over:
            assert calls > 15
            break


def test_a_resumed_run_starts_at_the_segment_that_was_not_done(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with_old_layout(store, 20)
    scanned: list[int] = []
    scan = dynamodb.scan_pages

    def die_in_third(**request: Any) -> Any:
        scanned.append(request["Segment"])
        if scanned == [0, 1, 2]:
            raise DiedError
        return scan(**request)

    monkeypatch.setattr(dynamodb, "scan_pages", die_in_third)
    with pytest.raises(DiedError):
        migration_runs.run(REINDEX_CUSTOMERS, clock.now)
    interrupted = migration_runs.latest(REINDEX_CUSTOMERS)
    assert (interrupted.status, interrupted.segments_done) == ("running", 2)
    run = migration_runs.run(REINDEX_CUSTOMERS, clock.now)
    assert scanned == [0, 1, 2, 2, 3]
    assert (run.read, run.changed, run.started_at) == (20, 20, interrupted.started_at)


def test_a_process_whose_run_was_taken_over_stops(store: Store) -> None:
    with_old_layout(store, 5)

    def take_over(_run: Any) -> None:
        migration_runs.run(REINDEX_CUSTOMERS, clock.now)

    with pytest.raises(RunTakenOverError):
        migration_runs.run(REINDEX_CUSTOMERS, clock.now, report=take_over)
    assert migration_runs.latest(REINDEX_CUSTOMERS).status == "complete"


def test_the_rate_limits_the_items_written_in_a_second(store: Store) -> None:
    with_old_layout(store, 10)
    began = time.monotonic()
    migration_runs.run(REINDEX_CUSTOMERS, clock.now, rate=20)
    assert time.monotonic() - began >= 9 / 20


def test_a_table_of_a_newer_program_is_refused(store: Store) -> None:
    layout_version.advance(99)
    layout_version.advance(1)
    with pytest.raises(layout_version.LayoutTooNewError, match="99"):
        migration_runs.migrate(clock.now)


def test_migrations_have_consecutive_numbers_and_names_of_their_own() -> None:
    assert [migration.number for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    assert len({migration.name for migration in MIGRATIONS}) == len(MIGRATIONS)
