"""What a removal deletes under a condition is not taken for deleted because DynamoDB throttles."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.support import overload
from tests.support.overload import World

from clientela import clock
from clientela.customers.customer_records import EmailClaim
from clientela.errors import BusyError
from clientela.lifecycle import customer_removal, merged_emails
from clientela.orders.order_records import OrderReference
from clientela.stores.stores import Store
from clientela.table import idempotency, keys, records
from clientela.table.idempotency import RequestKey

NOW = clock.now()


@pytest.fixture
def world(store: Store, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def throttle(world: World, work: Callable[[], Any]) -> None:
    """Do it under overload, which must be an error; then do it again."""
    world.fault = overload.writes_throttled
    with pytest.raises(BusyError):
        work()
    world.fault = lambda operation, request: None
    work()


def test_the_reference_of_an_order(store: Store, world: World) -> None:
    place = keys.order_reference(store.id, "1001"), keys.REFERENCE
    records.put(OrderReference(*place, order_id="1001", customer_id="cus_1", placed_at=clock.format_timestamp(NOW)))
    throttle(world, lambda: customer_removal._remove_reference(store, "cus_1", "1001"))
    assert OrderReference.find(*place) is None


def test_the_former_email_of_a_merged_customer(store: Store, world: World) -> None:
    place = keys.email(store.id, "old@example.com"), keys.CLAIM
    records.put(EmailClaim(*place, customer_id="cus_2", merged_from="cus_1", claimed_at=clock.format_timestamp(NOW)))
    throttle(world, lambda: merged_emails.remove_claim(store, "old@example.com", {"cus_1"}))
    assert EmailClaim.find(*place) is None


def test_a_running_request_learns_of_an_erasure(store: Store, world: World) -> None:
    key = RequestKey(store.id, "key_1", "a")
    assert idempotency.begin(key, "POST", NOW) is None
    throttle(world, lambda: idempotency.flag_running(store.id))
    [running] = idempotency._query(store.id, "attribute_not_exists(answer)")
    assert running.erasures == 1
