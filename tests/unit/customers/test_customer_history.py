from datetime import timedelta

import pytest

from clientela import clock
from clientela.customers import customer_history, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import InvalidInputError
from clientela.groups import groups
from clientela.groups.groups import Group
from clientela.schema.actors import Actor
from clientela.stores.setting_groups import Retention
from clientela.stores.stores import Store

NOW = clock.now()
KEY = Actor("api_key", "key_1")


@pytest.fixture
def ana(store: Store) -> Customer:
    new = NewCustomer.model_validate({"email": "ana@example.com", "company": "Acme", "groups": ["grp_a"]})
    for group_id in ("grp_a", "grp_b"):
        groups._record(store, group(group_id)).save()
    return customers.create(store, new, NOW, KEY)


def group(group_id: str) -> Group:
    return Group(id=group_id, name=group_id, code=group_id, created_at=NOW, updated_at=NOW)


def told(store: Store, customer: Customer) -> list[str]:
    return [event.type for event in customer_history.page(store, customer, NOW).items]


def test_a_history_begins_with_who_made_the_customer(store: Store, ana: Customer) -> None:
    (event,) = customer_history.page(store, ana, NOW).items
    assert (event.type, event.at, event.actor.kind, event.actor.id) == ("registered", NOW, "api_key", "key_1")


def test_a_change_tells_who_and_what_it_was_before_and_after(store: Store, ana: Customer) -> None:
    customers.patch(store, ana.id, {"company": None, "language": "es", "tags": ["b2b"]}, NOW, by=KEY)
    event = customer_history.page(store, ana, NOW).items[0]
    assert (event.type, event.actor.id) == ("detail_updated", "key_1")
    assert {change.field: (change.before, change.after) for change in event.changes} == {
        "company": ("Acme", None),
        "language": (None, "es"),
        "tags": ([], ["b2b"]),
    }


@pytest.mark.parametrize(
    ("patch", "types"),
    [
        ({"groups": ["grp_a", "grp_b"]}, ["added_to_group"]),
        ({"groups": []}, ["removed_from_group"]),
        ({"groups": ["grp_b"]}, ["added_to_group", "removed_from_group"]),
        ({"billing_address": {"city": "Vigo"}}, ["address_created"]),
        ({"shipping_addresses": [{"city": "Vigo"}]}, ["address_created"]),
        ({"note": "rings twice"}, ["note_updated"]),
        ({"email": "ana@example.org"}, ["email_updated"]),
        ({"note": "x", "company": "y"}, ["detail_updated", "note_updated"]),
        ({"company": "Acme"}, []),
    ],
)
def test_each_kind_of_change_has_its_word(
    store: Store, ana: Customer, patch: dict[str, object], types: list[str]
) -> None:
    customers.patch(store, ana.id, patch, NOW)
    assert sorted(told(store, ana)[:-1]) == types


def test_addresses_are_updated_and_deleted(store: Store, ana: Customer) -> None:
    for city in ({"city": "Vigo"}, {"city": "Lugo"}, None):
        customers.patch(store, ana.id, {"billing_address": city}, NOW)
    assert told(store, ana) == ["address_deleted", "address_updated", "address_created", "registered"]


def test_of_an_address_book_each_address_has_its_fate(store: Store, ana: Customer) -> None:
    home, work = {"id": "home", "city": "Vigo"}, {"id": "work", "city": "Lugo"}
    fates = (
        ([home], ["address_created"]),
        ([home | {"city": "Ourense"}, work], ["address_created", "address_updated"]),
        ([work], ["address_deleted"]),
        ([home], ["address_created", "address_deleted"]),
        ([home, work], ["address_created"]),
        ([home, work | {"is_default": True}], ["address_updated"]),
    )
    for book, kinds in fates:
        version = customers.patch(store, ana.id, {"shipping_addresses": book}, NOW).version
        assert sorted(event.type for event in customer_history.at_version(store, ana.id, version)) == kinds


def test_statistics_and_sign_ins_are_no_history(store: Store, ana: Customer) -> None:
    customers.change(store, ana.id, lambda c: c.model_copy(update={"orders_count": 3, "last_sign_in_at": NOW}), NOW)
    assert told(store, ana) == ["registered"]


def test_a_proven_email_is_told(store: Store, ana: Customer) -> None:
    customers.change(store, ana.id, lambda c: c.model_copy(update={"email_status": "proven"}), NOW)
    assert told(store, ana) == ["verified", "registered"]


def test_a_history_is_walked_page_by_page(store: Store, ana: Customer) -> None:
    for i in range(5):
        customers.patch(store, ana.id, {"note": str(i)}, NOW)
    seen, cursor = [], None
    while True:
        page = customer_history.page(store, ana, NOW, 2, cursor)
        seen += [event.id for event in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"{version}-0" for version in range(6, 0, -1)]
    other = customers.create(store, NewCustomer(email="bea@example.com"), NOW)
    with pytest.raises(InvalidInputError):
        customer_history.page(store, other, NOW, 2, customer_history.page(store, ana, NOW, 2).next_cursor)


def test_entries_end_with_the_days_that_the_store_keeps_them(store: Store) -> None:
    short = store.model_copy(update={"retention": Retention(history_days=30)})
    bob = customers.create(short, NewCustomer(email="bob@example.com"), NOW)
    customers.patch(short, bob.id, {"company": "Acme"}, NOW + timedelta(days=10))
    (old, new) = (NOW + timedelta(days=days) for days in (29, 31))
    assert [event.type for event in customer_history.page(short, bob, old).items] == [
        "detail_updated",
        "registered",
    ]
    later = customer_history.page(short, bob, new)
    assert ([event.type for event in later.items], later.next_cursor) == (["detail_updated"], None)
