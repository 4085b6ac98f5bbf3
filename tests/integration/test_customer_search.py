import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from clientela import clock
from clientela.customers import customer_records, customer_search, customers, directory_index
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.customer_values import Spend
from clientela.customers.directory_index import Selection
from clientela.errors import InvalidInputError
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb, keys

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def peopled(deployed: None) -> tuple[Store, list[Customer]]:
    """A store with thirty customers, one a minute; every third has orders."""
    store = stores.create("peopled", StoreSettings(name="Peopled"), NOW)
    made = []
    for i in range(30):
        fields = {
            "email": f"p{i:02}@{'acme' if i % 2 else 'example'}.com",
            "name": f"{'Zoë' if i % 2 else 'Ana'} {i:02}",
            "company": "Café Ölwerk" if i == 7 else None,
            "phone": f"+3491122233{i % 10}",
            "tags": ["VIP"] if i < 3 else [],
            "billing_address": {"country": "ES" if i < 10 else "DE", "city": "Köln", "postal_code": "50667"},
            "accepts_marketing": None if i % 5 else True,
        }
        customer = customers.create(store, NewCustomer.model_validate(fields), NOW + timedelta(minutes=i))
        if i % 3 == 0:
            spent = Spend(amount=Decimal(100 - i), currency="USD", orders=i + 1)
            statistics = {"orders_count": i + 1, "total_spent": [spent], "last_order_at": NOW + timedelta(days=i)}
            customer = customers.change(
                store, customer.id, lambda c, new=statistics: c.model_copy(update=new), NOW + timedelta(minutes=i)
            )
        made.append(customer)
    return store, made


@pytest.fixture
def store(peopled: tuple[Store, list[Customer]]) -> Store:
    return peopled[0]


@pytest.fixture
def people(peopled: tuple[Store, list[Customer]]) -> list[Customer]:
    return peopled[1]


def walk(store: Store, sort: customer_search.Sort, limit: int = 7, **wanted: object) -> list[str]:
    """Return the names of all pages in turn."""
    names, cursor = [], None
    while True:
        page = customer_search.page(
            store, sort=sort, filter_=CustomerFilter.model_validate(wanted), limit=limit, cursor=cursor
        )
        names += [customer["name"] for customer in page.items]
        assert len(page.items) <= limit
        if page.next_cursor is None:
            return names
        cursor = page.next_cursor


KEYS = {
    "created": lambda c: c.created_at, "name": lambda c: c.name, "email": lambda c: c.email,
    "orders": lambda c: c.orders_count, "spent": lambda c: c.total_spent[0].amount, "last_order": lambda c: c.last_order_at,
}  # fmt: skip


@pytest.mark.parametrize("sort", customer_search.SORTS)
def test_pages_in_every_order_show_everybody_once(
    store: Store, people: list[Customer], sort: customer_search.Sort
) -> None:
    name = sort.removeprefix("-")
    first = people if name in {"created", "name", "email"} else [c for c in people if c.orders_count]
    last = [c for c in people if c not in first]
    is_descending = sort.startswith("-")
    shown = sorted(first, key=KEYS[name], reverse=is_descending) + sorted(
        last, key=KEYS["created"], reverse=is_descending
    )
    assert walk(store, sort) == [c.name for c in shown]
    assert customer_search.count(store, CustomerFilter()) == len(people)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"query": "zoe"}, lambda i: i % 2 == 1),
        ({"query": "OLWERK cafe"}, lambda i: i == 7),
        ({"query": "acme.com zo"}, lambda i: i % 2 == 1),
        ({"query": "2233"}, lambda i: True),
        ({"company": "cafe o"}, lambda i: i == 7),
        ({"company": "olwerk"}, lambda i: False),
        ({"phone": "+34 911 222 335"}, lambda i: i % 10 == 5),
        ({"email": "P04@Example.com"}, lambda i: i == 4),
        ({"email": "p04@example.com", "country": "DE"}, lambda i: False),
        ({"country": "Spain", "tag": "vip"}, lambda i: i < 3),
        ({"city": "KOLN", "postal_code": "506"}, lambda i: True),
        ({"accepts_marketing": True}, lambda i: i % 5 == 0),
        ({"accepts_marketing": False}, lambda i: False),
        ({"min_orders": 4, "max_orders": 13}, lambda i: i in (3, 6, 9, 12)),
        ({"min_spent": "91", "query": "ana"}, lambda i: i in (0, 6)),
        ({"created_from": NOW + timedelta(minutes=5), "created_to": NOW + timedelta(minutes=6)}, lambda i: i in (5, 6)),
        ({"last_order_from": NOW + timedelta(days=20)}, lambda i: i in (21, 24, 27)),
        ({"type": "registered", "status": "active", "tax_exempt": False}, lambda i: True),
        ({"status": "disabled"}, lambda i: False),
    ],
)
def test_filters(store: Store, people: list[Customer], wanted: dict[str, object], expected: object) -> None:
    assert walk(store, "created", **wanted) == [c.name for i, c in enumerate(people) if expected(i)]
    assert customer_search.count(store, CustomerFilter.model_validate(wanted)) == sum(
        bool(expected(i)) for i in range(30)
    )


def test_ids_are_shown_in_order_with_the_other_filters(store: Store, people: list[Customer]) -> None:
    ids = [people[i].id for i in (12, 3, 20)] + ["cus_nobody"]
    assert walk(store, "created", limit=2, ids=ids) == [people[i].name for i in (3, 12, 20)]
    assert walk(store, "created", ids=ids, country="ES") == [people[3].name]


def test_a_cursor_of_another_list_is_refused(store: Store, people: list[Customer]) -> None:
    cursor = customer_search.page(store, limit=3).next_cursor
    with pytest.raises(InvalidInputError):
        customer_search.page(store, sort="name", limit=3, cursor=cursor)
    with pytest.raises(InvalidInputError):
        customer_search.page(store, limit=3, cursor="x" + str(cursor))


def test_every_customer_comes_once(store: Store, people: list[Customer]) -> None:
    assert [item["pk"]["S"] for item in customer_search.all_profiles(store)] == [
        keys.customer(store.id, c.id) for c in people
    ]


def test_a_customer_that_does_not_change_is_shown_once_whatever_happens_between_pages(
    store: Store, people: list[Customer]
) -> None:
    first = customer_search.page(store, sort="name", limit=10)
    gone, moved = people[4], people[5]
    customers.patch(store, moved.id, {"name": "Aaa"}, clock.now())
    customers.patch(store, gone.id, {"name": "Zzz"}, clock.now())
    customers.create(store, NewCustomer(email="new@example.com", name="Aab"), clock.now())
    rest, cursor = list(first.items), first.next_cursor
    while cursor:
        page = customer_search.page(store, sort="name", limit=10, cursor=cursor)
        rest, cursor = rest + page.items, page.next_cursor
    unchanged = {c.id for c in people} - {gone.id, moved.id}
    assert sorted(c["id"] for c in rest if c["id"] in unchanged) == sorted(unchanged)


def test_a_page_shows_what_the_model_would(store: Store, people: list[Customer]) -> None:
    shown = customer_search.page(store, sort="created", limit=1).items[0]
    assert shown == customers.get(store, shown["id"]).model_dump(mode="json")


@pytest.mark.parametrize(
    "wanted", [{"query": "\u0301"}, {"query": "\x03acme"}, {"phone": "abc"}, {"company": "\x04"}, {"query": ""}]
)
def test_a_filter_that_would_let_everybody_pass_is_refused(wanted: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        CustomerFilter.model_validate(wanted)


def test_who_orders_first_while_a_list_is_gathered_is_on_it_once(
    deployed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stores.create("gathered", StoreSettings(name="Gathered"), NOW)
    made = [customers.create(store, NewCustomer(email=f"g{n}@example.com"), NOW) for n in range(8)]
    entries = directory_index.entries

    def entries_and_an_order(store: Store, selection: Selection, *rest: Any, **order: Any) -> Any:
        yield from list(entries(store, selection, *rest, **order))
        if selection.sort == "created" and selection.expression.text:
            bought = {"orders_count": 1, "orders_total": 1, "last_order_at": NOW, "last_order_status": "paid"}
            customers.change(store, made[3].id, lambda customer: customer.model_copy(update=bought), NOW)

    monkeypatch.setattr(directory_index, "entries", entries_and_an_order)
    for name in ("WALKED_PER_ROW", "WALKED_PER_HIT"):  # gather at once
        monkeypatch.setattr(customer_search, name, 0)
    page = customer_search.page(store, filter_=CustomerFilter(updated_from=NOW), limit=20)
    assert sorted(each["id"] for each in page.items) == sorted(each.id for each in made)


def test_a_filter_that_nobody_passes_reads_on_in_all_buckets_at_the_same_time(
    store: Store, people: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_index, "_LEAST", 1)  # so that no bucket is read at once
    query, read_on = dynamodb.query, set[str]()
    used = {customer_records.bucket(each.id, store.directory.buckets) for each in people}
    together = threading.Barrier(len(used))

    def query_together(**request: Any) -> dict[str, Any]:
        bucket = request["ExpressionAttributeValues"][":dir"]["S"]
        if "ExclusiveStartKey" in request and bucket not in read_on:
            read_on.add(bucket)
            together.wait(30)  # raises an error if another bucket waits for this one
        return query(**request)

    monkeypatch.setattr(dynamodb, "query", query_together)
    assert customer_search.page(store, filter_=CustomerFilter(tag="nobody"), limit=1).items == []
    assert len(read_on) == len(used)
