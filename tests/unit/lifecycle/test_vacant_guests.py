"""Guests that no order needs any more: which go, and what remains of them."""

from typing import Any

import pytest
from tests.support.orders import NOW, holder, take
from tests.support.removals import Waiting
from tests.support.streams import arriving, record

import follow_ups
from clientela import clock
from clientela.customers import customer_records, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.lifecycle import customer_removal, vacant_guests
from clientela.orders import order_lists, orders, unclaimed_orders
from clientela.orders.order_integrity import find_orphans
from clientela.schema.actors import OPERATOR
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb, keys

ANA, STRANGER = "ana@example.com", "stranger@example.com"


def follow(store: Store, waiting: Waiting, email: str) -> None:
    """Let the follow-up see the last change of an account, and the queue work on what follows."""
    found = customers.find(store, email, clock.now())
    if found:
        profile = dynamodb.get(keys.customer(store.id, found.id), keys.PROFILE)
        arrived = arriving("FollowUps", [record(customer_records.record(store, found).item(), profile)])
        assert follow_ups.handler({"Records": arrived}, None) == {"batchItemFailures": []}
    waiting.work()


def exists(store: Store, email: str) -> bool:
    return customers.find(store, email, clock.now()) is not None


def items_of(store: Store, customer: Customer) -> list[dynamodb.Item]:
    key = {":pk": {"S": keys.customer(store.id, customer.id)}}
    items: list[dynamodb.Item] = dynamodb.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues=key)[
        "Items"
    ]
    return items


def test_a_guest_goes_when_its_only_order_gets_another_email(store: Store, waiting: Waiting) -> None:
    take(store, email=STRANGER, name="Ana", accepts_marketing=True)
    stranger = holder(store, STRANGER)
    take(store, version=2, name="Ana")
    follow(store, waiting, STRANGER)
    assert not exists(store, STRANGER)
    assert items_of(store, stranger) == []
    assert (holder(store).name, holder(store).orders_total) == ("Ana", 1)


@pytest.mark.parametrize("status", ["cancelled", "incomplete"])
def test_a_guest_goes_when_its_last_purchase_is_cancelled_and_its_orders_wait(
    store: Store, waiting: Waiting, status: str
) -> None:
    take(store, id="1", payment_status="awaiting_payment", name="Ana")
    take(store, id="2", payment_status="cancelled")
    ana = holder(store)
    take(store, id="1", version=2, payment_status=status, name="Ana")
    follow(store, waiting, ANA)
    assert not exists(store, ANA)
    assert items_of(store, ana) == []
    assert list(find_orphans(store)) == []
    take(store, id="1", version=3, name="Ana")
    again = unclaimed_orders.adopt(store, holder(store), NOW)
    assert (again.orders_count, again.orders_total, again.name) == (1, 2, "Ana")


def test_a_guest_stays_with_another_order_that_creates_an_account(store: Store, waiting: Waiting) -> None:
    take(store, id="1")
    take(store, id="2", payment_status="refunded")
    take(store, id="1", version=2, payment_status="cancelled")
    follow(store, waiting, ANA)
    assert holder(store).orders_total == 2


def test_a_guest_goes_when_only_orders_of_a_country_without_accounts_are_left(aws: Any, waiting: Waiting) -> None:
    rules = {"no_automatic_account": ["DE"]}
    settings = StoreSettings.model_validate({"name": "S", "login_mode": "optional", "country_rules": rules})
    store = stores.create("rules", settings, NOW)
    take(store, id="1")
    take(store, id="2", billing_address={"country": "DE"})
    take(store, id="1", version=2, email=STRANGER)
    follow(store, waiting, ANA)
    assert not exists(store, ANA)


@pytest.mark.parametrize("changes", [{"note": "rang up"}, {"tags": ["vip"]}, {"status": "pending"}, {"name": "Ana"}])
def test_a_guest_whom_the_merchant_has_touched_stays(store: Store, waiting: Waiting, changes: dict[str, Any]) -> None:
    take(store, name="Ana")
    customers.patch(store, holder(store).id, changes, NOW)
    take(store, version=2, name="Ana", email=STRANGER)
    follow(store, waiting, ANA)
    assert (exists(store, ANA), holder(store).orders_total) == (True, 0)


def test_a_guest_to_whom_the_order_has_come_back_meanwhile_stays(store: Store, waiting: Waiting) -> None:
    take(store)
    take(store, version=2, email=STRANGER)
    ana = holder(store)
    take(store, version=3)
    assert not customer_removal.finish(store, ana.id, clock.now(), lambda: False)
    assert holder(store).orders_total == 1


def test_a_correction_alone_and_no_usual_change_of_an_order_asks_for_the_check(store: Store, waiting: Waiting) -> None:
    def asked() -> bool:
        follow(store, Waiting(), ANA)
        found, waiting.messages = bool(waiting.messages), []
        return found

    take(store, payment_status="awaiting_payment")
    take(store, version=2)
    assert not asked()
    take(store, version=3, payment_status="refunded")
    assert not asked()
    take(store, version=4, email=STRANGER)
    assert asked()


def test_the_removal_goes_on_wherever_its_time_ran_out(store: Store, waiting: Waiting) -> None:
    for number in range(5):
        take(store, id=f"{number}", payment_status="awaiting_payment")
    ana = holder(store)
    for number in range(5):
        take(store, id=f"{number}", version=2, payment_status="cancelled")
    left = [customer_removal.finish(store, ana.id, clock.now(), lambda: True) for _ in range(2)]
    assert left == [True, True]
    assert not exists(store, ANA)
    assert vacant_guests.keep_orders(store, ana.id, clock.now(), lambda: False) is False
    assert not customer_removal.finish(store, ana.id, clock.now(), lambda: False)
    assert items_of(store, ana) == []
    take(store, id="9")
    assert unclaimed_orders.adopt(store, holder(store), NOW).orders_total == 6


def test_an_order_that_arrives_during_the_removal_is_with_its_new_guest(store: Store, waiting: Waiting) -> None:
    take(store, id="1", payment_status="awaiting_payment")
    ana = holder(store)
    take(store, id="1", version=2, payment_status="cancelled")
    assert vacant_guests.remove_account(store, ana.id)
    take(store, id="2")
    take(store, id="1", version=3, payment_status="cancelled", payment_method="none")
    assert not customer_removal.finish(store, ana.id, clock.now(), lambda: False)
    again = holder(store)
    assert (again.id != ana.id, again.orders_total) == (True, 2)
    assert [made.version for made in order_lists.of_customer(store, again.id).items] == [1, 3]
    assert orders.get(store, again.id, "1").payment_method == "none"


def test_a_customer_whom_the_merchant_deletes_takes_the_orders_along(store: Store, waiting: Waiting) -> None:
    take(store, payment_status="awaiting_payment")
    ana = holder(store)
    take(store, version=2, payment_status="cancelled")
    customer_removal.remove(store, ana.id, NOW, OPERATOR)
    waiting.work()
    assert list(find_orphans(store)) == []
    assert unclaimed_orders.adopt(store, customers.create(store, NewCustomer(email=ANA), NOW), NOW).orders_total == 0
