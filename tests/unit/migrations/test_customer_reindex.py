"""The reindexed profile of a customer, and that nothing follows from it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from clientela import clock
from clientela.customers import customer_records, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.events import change_events
from clientela.migrations import customer_reindex, item_changes
from clientela.notifications import account_notices, approval_mail, welcome_mail
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.dynamodb import Item
from clientela.table.stream import TableChange
from clientela.vat import vat_checks

FIELDS: dict[str, Any] = {
    "name": "Ana Pérez",
    "status": "pending",
    "tags": ["vip", "b2b"],
    "tax_exempt": True,
    "vat_id": "ESB12345674",
    "billing_address": {"country": "ES", "city": "Vigo", "postal_code": "36201"},
}


@pytest.fixture
def item(store: Store) -> Item:
    new = NewCustomer.model_validate(FIELDS | {"email": "ana@example.com"})
    customer = customers.create(store, new, clock.now())
    stored = dynamodb.get(keys.customer(store.id, customer.id), keys.PROFILE)
    assert stored
    return stored


def test_a_profile_in_the_current_layout_does_not_change(store: Store, item: Item) -> None:
    assert not item_changes.is_different(item, customer_reindex.change(item, store))


def test_outdated_attributes_are_computed_anew_and_former_ones_go(store: Store, item: Item) -> None:
    outdated = item | {"name_key": {"S": "x"}, "status": {"S": "gone"}, "former": {"S": "x"}, "tags": {"SS": ["x"]}}
    after = customer_reindex.change(outdated, store)
    assert not item_changes.is_different(item, after)


def test_the_customer_its_version_and_the_mark_stay_as_they_are_stored(store: Store, item: Item) -> None:
    kept = {"customer": item["customer"], "mark": {"S": "m"}, "version": {"N": "7"}}
    after = customer_reindex.change(item | kept, store)
    assert {name: after[name] for name in kept} == kept


@pytest.mark.parametrize("marks", [{}, {"welcome": {"BOOL": True}, "follow_up": {"BOOL": True}}])
def test_no_event_mail_or_check_follows_from_it(store: Store, item: Item, marks: Item) -> None:
    before = item | marks | {"former": {"S": "x"}, "name_key": {"S": "x"}}
    after = customer_reindex.change(before, store)
    change = TableChange("id", "1", datetime(2026, 11, 21, tzinfo=UTC), item["pk"]["S"], keys.PROFILE, before, after)
    assert change_events.event_from_change(change) is None
    assert vat_checks.check_for(change) is None
    assert welcome_mail.recipient_for(change) is None
    assert approval_mail.recipient_for(change) is None
    assert account_notices.email_change_in(change) is None


def test_numbers_and_sets_are_compared_by_value() -> None:
    before: Item = {"n": {"N": "10.50"}, "s": {"SS": ["a", "b"]}, "m": {"NS": ["1", "2.0"]}}
    assert not item_changes.is_different(before, {"n": {"N": "10.5"}, "s": {"SS": ["b", "a"]}, "m": {"NS": ["2", "1"]}})
    for other in ({"n": {"N": "10.51"}}, {"s": {"SS": ["a"]}}, {"m": {"NS": ["1"]}}, {"more": {"S": ""}}):
        assert item_changes.is_different(before, before | other)


def test_every_spent_amount_survives_the_comparison(store: Store) -> None:
    """PynamoDB and DynamoDB spell numbers differently: a second run must not write all customers again."""
    customer = Customer.model_validate(
        FIELDS
        | {"id": "cus_1", "email": "ana@example.com", "created_at": clock.now(), "updated_at": clock.now()}
        | {"orders_count": 2, "total_spent": [{"amount": "10.50", "currency": "USD", "orders": 2}]}
    )
    item = customer_records.record(store, customer).item()
    dynamodb.put_all([item])
    stored = dynamodb.get(item["pk"]["S"], item["sk"]["S"])
    assert stored
    assert not item_changes.is_different(stored, customer_reindex.change(stored, store))
