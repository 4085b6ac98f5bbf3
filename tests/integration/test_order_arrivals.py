"""The end is the same in whatever order the messages of orders arrive: customers, orders, unclaimed orders.

The stream's follow-ups run at moments of their own, as on AWS.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.support.people import everybody

from clientela import clock
from clientela.customers import customers, stored_customers
from clientela.customers.customer_fields import NewCustomer
from clientela.lifecycle import customer_removal
from clientela.orders import order_lists, orders, unclaimed_orders
from clientela.orders.order_fields import Order
from clientela.orders.order_integrity import find_orphans
from clientela.schema.actors import OPERATOR
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb, keys

NOW = clock.now()
EMAILS = ["ana@example.com", "ANA@example.com", "ben@example.com", "proven@example.com", "merchants@example.com"]
STATUSES = ["paid", "paid", "partially_refunded", "refunded", "cancelled", "incomplete", "awaiting_payment"]
DAYS = [-30, -20, -10, 10, 20]  # before and after the registered accounts
FACTS = {
    "email": st.sampled_from([*EMAILS, None]), "payment_status": st.sampled_from(STATUSES),
    "total": st.sampled_from(["0", "1.25"]), "currency": st.sampled_from(["EUR", "USD"]), "day": st.sampled_from(DAYS),
    "name": st.sampled_from([None, "Ana", "Ben"]), "phone": st.sampled_from([None, "+34911222333", "+34911222444"]),
    "vat_id": st.sampled_from([None, "ESB12345674"]), "accepts_marketing": st.booleans(),
    "billing_address": st.sampled_from([None, {"city": "Vigo", "country": "ES"}, {"city": "Bonn", "country": "DE"}]),
    "shipping_address": st.sampled_from([None, {"city": "Vigo"}, {"city": "VIGO"}, {"city": "Lugo"}]),
}  # fmt: skip
MESSAGES = st.lists(
    st.tuples(st.sampled_from(["1", "2", "3", "4"]), st.integers(1, 4), st.fixed_dictionaries(FACTS)),
    min_size=1,
    max_size=8,
    unique_by=lambda message: message[:2],  # a version has one content
)
TECHNICAL = {"id", "version", "created_at", "updated_at"}


def order(message: tuple[str, int, dict[str, Any]]) -> Order:
    order_id, version, facts = message
    placed_at = clock.format_timestamp(NOW + timedelta(days=facts["day"]))
    told = {name: value for name, value in facts.items() if name != "day"}
    return Order.model_validate({"id": order_id, "version": version, "placed_at": placed_at} | told)


class Stream:
    """The changes that the follow-ups have not seen yet."""

    def __init__(self) -> None:
        self.new: list[str] = []
        self.marked: list[str] = []

    def see(self, request: dict[str, Any]) -> None:
        for write in (each.get("Put") for each in request.get("TransactItems", [])):
            if write and write["Item"]["sk"]["S"] == keys.PROFILE:
                customer_id = keys.customer_of(write["Item"]["pk"]["S"])[1]
                if "attribute_not_exists" in write.get("ConditionExpression", ""):
                    self.new.append(customer_id)
                if "follow_up" in write["Item"]:
                    self.marked.append(customer_id)

    def follow(self, store: Store) -> None:
        """Do what `follow_ups` and `removals` do after these changes, and after those that they make."""
        while self.new or self.marked:
            new, marked, self.new, self.marked = self.new, self.marked, [], []
            for customer_id in new:
                profile = dynamodb.get(keys.customer(store.id, customer_id), keys.PROFILE)
                if profile:
                    unclaimed_orders.adopt(store, stored_customers.load(profile), NOW)
            for customer_id in marked:
                assert not customer_removal.finish(store, customer_id, NOW, lambda: False)


@contextmanager
def watched() -> Iterator[Stream]:
    stream, plain = Stream(), dynamodb.client.call

    def call(operation: str, request: dict[str, Any]) -> Any:
        answer = plain(operation, request)
        stream.see(request)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamodb.client, "call", call)
        yield stream


def end(messages: list[Order], follows: list[bool]) -> Any:
    """The store after these messages, in which two have registered before."""
    told = {"name": "Arrivals", "login_mode": "optional", "country_rules": {"no_automatic_account": ["DE"]}}
    store = stores.create(f"arrivals-{uuid.uuid4().hex[:12]}", StoreSettings.model_validate(told), NOW)
    proven = customers.create(store, NewCustomer(email="proven@example.com"), NOW)
    customers.change(store, proven.id, lambda c: c.model_copy(update={"email_status": "proven"}), NOW, OPERATOR)
    own = {"email": "merchants@example.com", "name": "Mia", "shipping_addresses": [{"city": "Jaca"}]}
    customers.create(store, NewCustomer.model_validate(own), NOW)
    with watched() as stream:
        for message, is_followed in zip(messages, follows, strict=True):
            orders.record_version(store, message, NOW)
            if is_followed:
                stream.follow(store)
        stream.follow(store)
    assert list(find_orphans(store)) == []
    return shown(store)


def shown(store: Store) -> Any:
    people = {customer.email.lower(): customer for customer in everybody(store)}
    profiles = {email: customer.model_dump(mode="json", exclude=TECHNICAL) for email, customer in people.items()}
    held = {email: order_lists.of_customer(store, customer.id, 100).items for email, customer in people.items()}
    waiting = {
        email: [each.order for each in unclaimed_orders._unclaimed(store, email)]
        for email in map(str.lower, EMAILS[1:])
    }
    return profiles, held, waiting, order_lists.without_email(store, 100).items


@settings(
    max_examples=20,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(messages=MESSAGES, data=st.data())
def test_every_arrival_of_the_same_messages_ends_in_the_same_store(deployed: None, messages: Any, data: Any) -> None:
    told = [order(each) for each in messages]
    expected = end(told, [True] * len(told))
    _check(told, expected[0])
    repeated = told + data.draw(st.lists(st.sampled_from(told), max_size=4))
    for _ in range(2):
        arrival = data.draw(st.permutations(repeated))
        follows = data.draw(st.lists(st.booleans(), min_size=len(arrival), max_size=len(arrival)))
        assert end(arrival, follows) == expected


def _check(told: list[Order], profiles: dict[str, Any]) -> None:
    """A guest exists because of an order that was not abandoned, with the newest values of its orders."""
    current = _current(told)
    for email in ("ana@example.com", "ben@example.com"):
        own = [each for each in current if each.email and each.email.lower() == email]
        makes = [each for each in own if _makes_account(each)]
        assert (email in profiles) is bool(makes)
        if makes:
            newest = sorted(own, key=lambda each: (each.placed_at, each.id), reverse=True)
            for name in ("name", "phone", "vat_id", "email"):
                value = next((value for each in newest if (value := getattr(each, name))), None)
                assert profiles[email][name] == value
            assert profiles[email]["accepts_marketing"] is (
                True if any(each.accepts_marketing for each in own) else None
            )
    assert profiles["merchants@example.com"]["name"] == "Mia"
    assert profiles["merchants@example.com"]["shipping_addresses"][0]["city"] == "Jaca"


def _current(told: list[Order]) -> list[Order]:
    """The newest version of each order, with the newest e-mail up to it."""
    versions = sorted(told, key=lambda each: each.version)
    newest = {each.id: each for each in versions}
    emails = {each.id: each.email for each in versions if each.email}
    return [each.model_copy(update={"email": emails.get(each.id)}) for each in newest.values()]


def _makes_account(each: Order) -> bool:
    is_excluded = each.billing_address is not None and each.billing_address.country == "DE"
    return each.payment_status not in ("cancelled", "incomplete") and not is_excluded
