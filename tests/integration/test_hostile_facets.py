"""Facets on DynamoDB itself: each is found exactly, whatever its value is, and however many there are."""

import random
import uuid

import pytest

from clientela import clock
from clientela.customers import customer_input, customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings

NOW = clock.now()
HOSTILE = (
    "|", "||", "\\", "\\\\", "\\p", "p", "|T", "Tvip", "|Tvip|", "vip", "vip|", "|vip", "vip\\", "|sd|", "sd",
    "a|b", "a\\pb", "a\\|b", "%", "_", "*", "#tag", ":tag0x0", '"', "'", "a\u2028b", "a\u202eb", "\ufdfa", "e\u0301",
    "🎉", "👩‍👩‍👧", "\uff56\uff49\uff50\uff12", "x" * 60, "x" * 59, "🎉" * 60,
)  # fmt: skip
PLACE = {"country": "ES", "region": "|cDE|", "city": "Madrid|p28", "postal_code": "\\p|28"}


@pytest.fixture(scope="module")
def store(deployed: None) -> Store:
    return stores.create(f"hostile-{uuid.uuid4().hex[:8]}", StoreSettings(name="Hostile"), NOW)


@pytest.fixture(scope="module")
def tagged(store: Store) -> dict[str, Customer]:
    """One customer for each hostile tag."""
    return {
        tag: customers.create(store, NewCustomer(email=f"t{number}@example.com", tags=[tag]), NOW)
        for number, tag in enumerate(HOSTILE)
    }


def found(store: Store, **wanted: object) -> set[str]:
    filter_ = CustomerFilter.model_validate(wanted)
    return {customer["id"] for customer in customer_search.page(store, filter_=filter_, limit=100).items}


def test_every_hostile_tag_finds_its_customer_only(store: Store, tagged: dict[str, Customer]) -> None:
    for tag, customer in tagged.items():
        assert found(store, tag=tag) == {customer.id}, ascii(tag)


def test_no_tag_is_taken_for_another_facet(store: Store, tagged: dict[str, Customer]) -> None:
    assert found(store, status="disabled") == set()
    assert found(store, country="DE") == set()
    assert found(store, status="active") == {customer.id for customer in tagged.values()}


def test_places_are_found_exactly(store: Store, tagged: dict[str, Customer]) -> None:
    away = customers.create(
        store, NewCustomer.model_validate({"email": "away@example.com", "billing_address": PLACE}), NOW
    )
    for name, value in PLACE.items():
        assert found(store, **{name: value}) == {away.id}, name
    assert found(store, postal_code="\\p") == {away.id}
    for wanted in ({"postal_code": "28"}, {"city": "Madrid"}, {"country": "DE"}, {"postal_code": "p|28"}):
        assert found(store, **wanted) == set(), wanted
    customers.patch(store, away.id, {"status": "disabled"}, NOW)
    assert found(store, status="disabled") == {away.id}
    customers.patch(store, away.id, {"status": "active"}, NOW)


def test_the_largest_customer_with_the_longest_facets_is_stored_and_found(store: Store) -> None:
    # One such character is eighteen letters when it is folded.
    tags = [f"{'\ufdfa' * 57}{number:03}" for number in range(100)]
    letters = random.Random(1)
    fields = {
        f"{number:03}": "".join(chr(letters.randrange(0x4E00, 0x9FFF)) for _ in range(1000)) for number in range(50)
    }
    new = NewCustomer.model_validate({"email": "large@example.com", "tags": tags, "custom_fields": fields})
    customer = customers.build(new, NOW, "merchant")
    assert customer_input.fits(customer)
    created = customers.create(store, new, NOW)
    assert found(store, tag=tags[77]) == {created.id}
    assert found(store, custom_field=f"012={fields['012']}") == {created.id}
    assert customers.get(store, created.id).tags == tags
