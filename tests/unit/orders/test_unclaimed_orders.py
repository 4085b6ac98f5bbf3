"""Unclaimed orders: which orders have no account, and how an account adopts them."""

from typing import Any

import pytest
from tests.support import sign_ins
from tests.support.orders import figures, holder, order, take
from tests.support.streams import arriving, record

from clientela import clock
from clientela.customers import customer_records, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import OrderNotFoundError
from clientela.orders import order_lists, orders, unclaimed_orders
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings
from clientela.table import stream

NOW = clock.now()


@pytest.fixture
def closed(aws: Any) -> Store:
    """A store in which orders create no accounts."""
    return stores.create("closed", StoreSettings(name="Closed", login_mode="required"), NOW)


def registered(store: Store, email: str = "ana@example.com") -> Customer:
    return customers.create(store, NewCustomer(email=email), NOW)


def listed(store: Store, customer: Customer) -> list[str]:
    return [made.id for made in order_lists.of_customer(store, customer.id, 100).items]


def nobody(store: Store) -> bool:
    return customers.find(store, "ana@example.com", clock.now()) is None


def test_where_sign_in_is_required_an_order_makes_no_account_and_joins_the_one_there_is(closed: Store) -> None:
    take(closed)
    assert nobody(closed)
    ben = registered(closed, "ben@example.com")
    take(closed, id="2", email="Ben@Example.com")
    assert (customers.get(closed, ben.id).orders_count, listed(closed, ben)) == (1, ["2"])


@pytest.mark.parametrize(
    ("addresses", "makes_an_account"),
    [
        ({"billing_address": {"country": "Deutschland"}}, False),
        ({"billing_address": {"country": "DE"}, "shipping_address": {"country": "ES"}}, False),
        ({"billing_address": {"country": "ES"}, "shipping_address": {"country": "DE"}}, True),
        ({"billing_address": {"city": "Berlin"}, "shipping_address": {"country": "DE"}}, False),
        ({"billing_address": {"country": "Atlantis"}, "shipping_address": {"country": "de"}}, False),
        ({}, True),
    ],
)
def test_for_chosen_countries_an_order_makes_no_account(
    aws: Any, addresses: dict[str, Any], makes_an_account: bool
) -> None:
    rules = {"no_automatic_account": ["DE"]}
    settings = StoreSettings.model_validate({"name": "S", "login_mode": "optional", "country_rules": rules})
    store = stores.create("rules", settings, NOW)
    take(store, **addresses)
    assert nobody(store) is not makes_an_account


@pytest.mark.parametrize("status", ["incomplete", "cancelled"])
def test_an_abandoned_or_cancelled_first_order_creates_no_account_until_it_counts(store: Store, status: str) -> None:
    take(store, payment_status=status, name="Ana")
    assert nobody(store)
    take(store, version=2, payment_status=status, name="Ana", fulfillment_status="will_not_deliver")
    assert nobody(store)
    take(store, version=3, name="Ana")
    ana = holder(store)
    assert (figures(ana)[:2], ana.name, listed(store, ana)) == ((1, {"USD": ("49.90", 1)}), "Ana", ["1001"])


@pytest.mark.parametrize("status", ["incomplete", "cancelled"])
def test_an_abandoned_or_cancelled_order_joins_the_account_that_another_order_creates(
    store: Store, status: str
) -> None:
    take(store, id="1", payment_status=status)
    take(store, id="2", payment_status="awaiting_payment")
    ana = unclaimed_orders.adopt(store, holder(store), NOW)
    assert (ana.type, ana.orders_count, sorted(listed(store, ana))) == ("guest", 0, ["1", "2"])
    take(store, id="3", payment_status=status)
    assert sorted(listed(store, ana)) == ["1", "2", "3"]


def test_orders_wait_for_their_account_and_are_counted_in_it(closed: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unclaimed_orders, "BATCH_SIZE", 4)
    for number in range(1, 12):
        status = "cancelled" if number % 7 == 0 else "paid"
        take(
            closed,
            id=f"{number}",
            placed_at=f"2026-01-01T00:{number:02}:00Z",
            total="1.25",
            payment_status=status,
            name=f"Name {number}",
            shipping_address={"city": "Madrid"},
        )
    take(closed, id="3", version=2, placed_at="2026-01-01T00:03:00Z", total="2.50")
    ana = registered(closed)
    adopted = unclaimed_orders.adopt(closed, ana, NOW)
    assert adopted == holder(closed)
    assert figures(adopted)[:2] == (10, {"USD": ("13.75", 10)})
    assert (adopted.first_order_at, adopted.last_order_at) == tuple(
        order(placed_at=f"2026-01-01T00:{moment}Z").placed_at for moment in ("01:00", "11:00")
    )
    assert (adopted.name, len(adopted.shipping_addresses)) == ("Name 11", 1)
    assert sorted(listed(closed, ana), key=int) == [f"{number}" for number in range(1, 12)]
    assert orders.get(closed, ana.id, "3").version == 2
    assert unclaimed_orders.adopt(closed, adopted, NOW) == adopted


def test_what_comes_after_the_account_is_its_own_whether_adopted_or_not(closed: Store) -> None:
    take(closed, id="1", total="5")
    take(closed, id="2", total="7", payment_status="awaiting_payment")
    ana = registered(closed)
    take(closed, id="2", version=2, total="7")
    assert (holder(closed).orders_count, listed(closed, ana)) == (1, ["2"])
    with pytest.raises(OrderNotFoundError):
        orders.get(closed, ana.id, "1")
    unclaimed_orders.adopt(closed, ana, NOW)
    assert figures(holder(closed))[:2] == (2, {"USD": ("12.00", 2)})


def test_an_unclaimed_order_moves_with_its_email_and_time(closed: Store) -> None:
    take(closed, version=1)
    take(closed, version=2, email="ben@example.com", placed_at="2026-01-01T00:00:00Z")
    take(closed, version=3, email="ben@example.com", placed_at="2026-01-01T00:00:00Z", fulfillment_status="shipped")
    assert not take(closed, version=3)
    ana, ben = registered(closed), registered(closed, "ben@example.com")
    assert unclaimed_orders.adopt(closed, ana, NOW).orders_count == 0
    assert unclaimed_orders.adopt(closed, ben, NOW).orders_count == 1
    assert orders.get(closed, ben.id, "1001").version == 3


def test_an_order_that_leaves_its_customer_for_an_email_that_nobody_has_leaves_the_statistics(closed: Store) -> None:
    ana = registered(closed)
    take(closed, id="1", total="5")
    take(closed, id="2", total="7")
    take(closed, id="2", total="7", version=2, email="ben@example.com")
    assert (figures(holder(closed))[:2], listed(closed, ana)) == ((1, {"USD": ("5.00", 1)}), ["1"])
    assert unclaimed_orders.adopt(closed, registered(closed, "ben@example.com"), NOW).orders_count == 1


def test_another_email_of_an_account_brings_its_orders(closed: Store) -> None:
    take(closed, id="1", email="new@example.com")
    ana = registered(closed)
    take(closed, id="2")
    moved = customers.patch(closed, ana.id, {"email": "New@example.com"}, NOW)
    assert unclaimed_orders.adopt(closed, ana, NOW) == ana  # the e-mail is no longer hers
    assert unclaimed_orders.adopt(closed, moved, NOW).orders_count == 2


def test_a_bounded_adoption_takes_the_newest_first(closed: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unclaimed_orders, "BATCH_SIZE", 3)
    for number in range(5):
        take(closed, id=f"{number}", placed_at=f"2026-01-01T00:{number:02}:00Z")
    ana = registered(closed)
    unclaimed_orders.adopt(closed, ana, NOW, at_least=2)
    assert listed(closed, ana) == ["4", "3", "2"]
    unclaimed_orders.adopt(closed, ana, NOW)
    assert (holder(closed).orders_count, len(listed(closed, ana))) == (5, 5)


def test_a_new_customer_and_a_new_email_bring_their_orders_by_the_stream(closed: Store) -> None:
    take(closed, id="1", email="new@example.com")
    take(closed, id="2")
    ana = registered(closed)
    profile, claim = (make(closed, ana).item() for make in (customer_records.record, customer_records.claim))
    unclaimed_orders.adopt_after(stream.read(record(None, claim)), NOW)
    assert holder(closed).orders_count == 0  # its profile comes next
    unclaimed_orders.adopt_after(stream.read(record(None, profile)), NOW)
    assert holder(closed).orders_count == 1
    moved = customers.patch(closed, ana.id, {"email": "New@example.com"}, NOW)
    [arrived] = arriving("FollowUps", [record(None, customer_records.claim(closed, moved).item())])
    unclaimed_orders.adopt_after(stream.read(arrived), NOW)
    assert holder(closed, "new@example.com").orders_count == 2


def test_an_unclaimed_order_fills_the_proven_account_that_adopts_it_when_it_counts(closed: Store) -> None:
    take(closed, payment_status="awaiting_payment", name="Ana", accepts_marketing=True)
    ana = registered(closed)
    ana = customers.change(closed, ana.id, lambda c: c.model_copy(update={"email_status": "proven"}), NOW)
    unclaimed_orders.adopt(closed, ana, NOW)
    assert (holder(closed).name, listed(closed, ana)) == (None, ["1001"])
    take(closed, version=2, name="Ana", accepts_marketing=True)
    assert (holder(closed).name, holder(closed).accepts_marketing) == ("Ana", None)


def test_after_a_guest_checkout_one_call_leads_to_the_account(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    take(store, name="Ana")
    assert holder(store).type == "guest"
    opened = sign_ins.by_link(store, sign_ins.mailbox(monkeypatch).link(store, "ana@example.com"))
    ana = opened.customer
    assert (ana.id, ana.type, ana.email_status, listed(store, ana)) == (
        holder(store).id,
        "registered",
        "proven",
        ["1001"],
    )


def test_who_signs_up_sees_the_orders_that_waited_at_once(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"name": "S", "login_mode": "optional", "storefront_url": "https://shop.example.com"}
    settings = StoreSettings.model_validate(told | {"country_rules": {"no_automatic_account": ["DE"]}})
    store = stores.create("rules", settings, NOW)
    take(store, id="1", billing_address={"country": "DE"}, name="Ana")
    take(store, id="2", shipping_address={"country": "DE"})
    assert nobody(store)
    ana = sign_ins.by_link(store, sign_ins.mailbox(monkeypatch).link(store, "ana@example.com")).customer
    assert (ana.orders_count, ana.name, listed(store, ana)) == (2, "Ana", ["2", "1"])
