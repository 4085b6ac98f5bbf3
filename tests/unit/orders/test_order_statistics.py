"""The statistics of a customer, whatever happens to the orders and in whichever order."""

import random
from collections import defaultdict
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from tests.support.orders import NOW, figures, holder, order, take

from clientela import clock
from clientela.customers import customer_search, customers
from clientela.customers.customer_filter import CustomerFilter
from clientela.orders import order_lists, orders
from clientela.orders.order_fields import Order
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings


def test_the_statistics_of_one_order(store: Store) -> None:
    placed = order(total="49.90")
    orders.record_version(store, placed, NOW)
    ana = holder(store)
    assert figures(ana) == (1, {"USD": ("49.90", 1)}, placed.placed_at, placed.placed_at, "paid")
    assert ana.last_payment_method == "card"
    assert ana.average_order_value
    assert ana.average_order_value.model_dump(mode="json") == {"amount": "49.90", "currency": "USD"}


def test_the_average_is_in_the_currency_with_most_orders_to_its_minor_unit(store: Store) -> None:
    for number, (total, currency) in enumerate([("10", "USD"), ("100.5", "JPY"), ("200", "JPY"), ("0.005", "EUR")]):
        take(store, id=f"{number}", total=total, currency=currency)
    average = holder(store).average_order_value
    assert average
    assert (str(average.amount), average.currency) == ("150", "JPY")


@pytest.mark.parametrize(
    ("totals", "currency", "sum_"),
    [
        (["5"], "USD", "5.00"),
        (["5", "0.5"], "USD", "5.50"),
        (["0.0050", "1"], "USD", "1.005"),
        (["100", "200.00"], "JPY", "300"),
        (["0.5"], "JPY", "0.5"),
        (["7"], "KWD", "7.000"),
        (["0"], "EUR", "0.00"),
        (["9999999999.9999"], "EUR", "9999999999.9999"),
    ],
)
def test_a_sum_is_exact_and_written_with_the_minor_unit_of_its_currency(
    store: Store, totals: list[str], currency: str, sum_: str
) -> None:
    for number, total in enumerate(totals):
        take(store, id=f"{number}", total=total, currency=currency)
    (spend,) = holder(store).total_spent
    assert str(spend.amount) == sum_


def test_a_repeated_or_older_version_changes_nothing(store: Store) -> None:
    take(store, version=2, total="10")
    before = holder(store)
    assert not take(store, version=2, total="10")
    assert not take(store, version=1, total="99", email="other@example.com")
    assert holder(store) == before
    assert customers.find(store, "other@example.com", clock.now()) is None


@pytest.mark.parametrize("status", ["awaiting_payment", "refunded", "cancelled", "incomplete"])
def test_an_order_leaves_the_statistics_with_its_payment(store: Store, status: str) -> None:
    take(store, id="1", total="5", placed_at="2026-01-01T00:00:00Z")
    take(store, id="2", total="7", placed_at="2026-02-01T00:00:00Z")
    take(store, id="2", total="7", placed_at="2026-02-01T00:00:00Z", version=2, payment_status=status)
    january, february = (order(placed_at=f"2026-0{month}-01T00:00:00Z").placed_at for month in (1, 2))
    assert figures(holder(store)) == (1, {"USD": ("5.00", 1)}, january, february, status)
    assert holder(store).orders_total == 2


def test_a_partially_refunded_order_counts_with_the_total_that_is_left(store: Store) -> None:
    take(store, total="50")
    take(store, total="30", version=2, payment_status="partially_refunded")
    assert figures(holder(store))[:2] == (1, {"USD": ("30.00", 1)})


def test_the_only_order_leaving_leaves_nothing(store: Store) -> None:
    take(store)
    take(store, version=2, payment_status="cancelled")
    ana = holder(store)
    assert figures(ana) == (0, {}, None, order().placed_at, "cancelled")
    assert (ana.orders_total, ana.average_order_value) == (1, None)
    assert customer_search.page(store, filter_=CustomerFilter(min_orders=1)).items == []


def test_every_order_of_arrival_ends_in_the_same_statistics(aws: Any) -> None:
    history = [
        order(id="1", version=1, placed_at="2026-01-01T00:00:00Z", total="1"),
        order(id="1", version=2, placed_at="2026-04-01T00:00:00Z", total="2"),
        order(id="2", version=1, placed_at="2026-02-01T00:00:00Z", total="4", payment_status="awaiting_payment"),
        order(id="2", version=2, placed_at="2026-02-01T00:00:00Z", total="4"),
        order(id="2", version=3, placed_at="2026-02-01T00:00:00Z", total="4", email="ben@example.com"),
    ]
    ends = set()
    for number, shuffled in enumerate(permutations(history)):
        if number % 12 == 0:
            store = stores.create(f"store-{number}", StoreSettings(name="Demo"), NOW)
            for message in (*shuffled, *shuffled[::-1]):
                orders.record_version(store, message, NOW)
            ends.add(str([figures(holder(store, email)) for email in ("ana@example.com", "ben@example.com")]))
            assert [
                len(order_lists.of_customer(store, holder(store, e).id).items)
                for e in ("ana@example.com", "ben@example.com")
            ] == [1, 1]
    april, february = (
        order(placed_at="2026-04-01T00:00:00Z").placed_at,
        order(placed_at="2026-02-01T00:00:00Z").placed_at,
    )
    assert ends == {
        str([(1, {"USD": ("2.00", 1)}, april, april, "paid"), (1, {"USD": ("4.00", 1)}, february, february, "paid")])
    }


def test_random_histories_end_in_the_statistics_of_their_last_versions(store: Store) -> None:
    rng = random.Random(7)
    emails = ["a@example.com", "b@example.com"]
    newest: dict[str, Order] = {}
    messages = []
    for number in range(60):
        made = order(
            id=str(number % 12),
            version=number,
            email=rng.choice(emails),
            total=f"{rng.randint(0, 999) / 100:.2f}",
            currency=rng.choice(["USD", "EUR"]),
            placed_at=f"2026-0{rng.randint(1, 4)}-01T00:00:00Z",
            payment_status=rng.choice(["paid", "paid", "partially_refunded", "cancelled", "awaiting_payment"]),
        )
        newest[made.id] = made
        messages += [made] * rng.randint(1, 3)
    rng.shuffle(messages)
    for message in messages:
        orders.record_version(store, message, NOW)
    for email in emails:
        mine = [made for made in newest.values() if made.email == email]
        counts = [made for made in mine if made.payment_status in ("paid", "partially_refunded")]
        spent: dict[str, list[Decimal]] = defaultdict(list)
        for made in counts:
            spent[made.currency].append(made.total)
        latest = max(mine, key=lambda made: (made.placed_at, made.id))
        assert figures(holder(store, email)) == (
            len(counts),
            {currency: (str(sum(totals)), len(totals)) for currency, totals in sorted(spent.items())},
            min(made.placed_at for made in counts),
            latest.placed_at,
            latest.payment_status,
        )
        listed = order_lists.of_customer(store, holder(store, email).id, 100).items
        assert {(made.id, made.version) for made in listed} == {(made.id, made.version) for made in mine}
        assert holder(store, email).orders_total == len(mine)


def test_an_order_in_another_currency_leaves_the_one_total_and_joins_the_other(store: Store) -> None:
    take(store, id="1", total="5", currency="EUR")
    take(store, id="2", total="7", currency="EUR")
    take(store, id="2", version=2, total="8", currency="USD")
    assert figures(holder(store))[:2] == (2, {"EUR": ("5.00", 1), "USD": ("8.00", 1)})


def test_a_cancelled_order_that_is_paid_again_counts_again(store: Store) -> None:
    take(store, total="5")
    before = figures(holder(store))
    take(store, total="5", version=2, payment_status="cancelled")
    assert figures(holder(store))[:2] == (0, {})
    take(store, total="5", version=3)
    assert figures(holder(store)) == before


def test_an_order_of_nothing_counts_as_one(store: Store) -> None:
    take(store, id="1", total="0")
    take(store, id="2", total="5")
    ana = holder(store)
    assert figures(ana)[:2] == (2, {"USD": ("5.00", 2)})
    assert ana.average_order_value
    assert str(ana.average_order_value.amount) == "2.50"


def test_an_order_at_another_time_moves_and_the_first_and_last_with_it(store: Store) -> None:
    times = [f"2026-0{month}-01T00:00:00Z" for month in (1, 2, 3, 4)]
    january, february, march, april = (order(placed_at=moment).placed_at for moment in times)
    take(store, id="1", placed_at=times[0], payment_method="card")
    take(store, id="2", placed_at=times[1], payment_method="cash")
    assert figures(holder(store))[2:4] == (january, february)
    take(store, id="1", placed_at=times[3], version=2, payment_method="card")
    assert (*figures(holder(store))[2:4], holder(store).last_payment_method) == (february, april, "card")
    take(store, id="1", placed_at=times[2], version=3, payment_method="card", payment_status="cancelled")
    assert figures(holder(store))[2:5] == (february, march, "cancelled")
    assert [made.placed_at for made in order_lists.of_customer(store, holder(store).id).items] == [march, february]
