"""Lists of orders: pages, filters and cursors."""

import pytest
from tests.support.orders import NOW, holder, take

from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.errors import InvalidInputError, OrderNotFoundError
from clientela.orders import order_lists, orders
from clientela.orders.order_lists import OrderFilter
from clientela.stores.stores import Store


def test_orders_come_newest_first_in_pages(store: Store) -> None:
    for number in range(1, 6):
        take(store, id=str(number), placed_at=f"2026-01-0{number}T00:00:00Z")
    ana = holder(store)
    first = order_lists.of_customer(store, ana.id, 2)
    second = order_lists.of_customer(store, ana.id, 2, first.next_cursor)
    third = order_lists.of_customer(store, ana.id, 2, second.next_cursor)
    assert [[made.id for made in page.items] for page in (first, second, third)] == [["5", "4"], ["3", "2"], ["1"]]
    assert third.next_cursor is None
    assert order_lists.of_customer(store, ana.id, 5).next_cursor is None


def test_a_cursor_is_good_for_its_own_customer_only(store: Store) -> None:
    for number in range(3):
        take(store, id=str(number))
    take(store, id="9", email="ben@example.com")
    cursor = order_lists.of_customer(store, holder(store).id, 1).next_cursor
    for wrong in (cursor, "nonsense"):
        with pytest.raises(InvalidInputError):
            order_lists.of_customer(store, holder(store, "ben@example.com").id, 1, wrong)


def test_an_order_of_somebody_else_is_not_found(store: Store) -> None:
    take(store)
    take(store, id="2", email="ben@example.com")
    with pytest.raises(OrderNotFoundError):
        orders.get(store, holder(store).id, "2")
    with pytest.raises(OrderNotFoundError):
        orders.get(store, holder(store).id, "nothing")
    with pytest.raises(OrderNotFoundError):
        orders.get(store, holder(store).id, "x" * 5000)


def test_orders_are_filtered_by_statuses_and_times_and_paged(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_lists, "_BATCH_SIZE", 2)
    customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    for number in range(1, 8):
        payment, fulfillment = ["paid", "cancelled"][number % 2], ["shipped", "delivered", None][number % 3]
        take(
            store,
            id=f"{number}",
            placed_at=f"2026-01-0{number}T00:00:00Z",
            payment_status=payment,
            fulfillment_status=fulfillment,
        )
    ana = holder(store)

    def listed(limit: int = 2, **wanted: object) -> list[str]:
        found, cursor = [], None
        while True:
            page = order_lists.of_customer(store, ana.id, limit, cursor, OrderFilter.model_validate(wanted))
            found, cursor = found + [made.id for made in page.items], page.next_cursor
            assert len(page.items) <= limit
            if cursor is None:
                return found

    assert listed(payment_status=["cancelled"]) == ["7", "5", "3", "1"]
    assert listed(payment_status=["cancelled", "paid"], fulfillment_status=["shipped"]) == ["6", "3"]
    assert listed(fulfillment_status=["delivered", "shipped"], limit=1) == ["7", "6", "4", "3", "1"]
    assert listed(placed_from="2026-01-03T00:00:00Z", placed_to="2026-01-05T00:00:00Z") == ["5", "4", "3"]
    assert listed(placed_to="2026-01-02T00:00:00Z", payment_status=["paid"]) == ["2"]
    assert listed(payment_status=["refunded"]) == []
    cursor = order_lists.of_customer(store, ana.id, 1).next_cursor
    with pytest.raises(InvalidInputError):
        order_lists.of_customer(store, ana.id, 1, cursor, OrderFilter(payment_status=["paid"]))


def test_a_list_that_finds_little_in_much_goes_on_page_by_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_lists, "_BATCH_SIZE", 1)
    for number in range(6):
        status = "paid" if number == 0 else "cancelled"
        take(store, id=f"{number}", placed_at=f"2026-01-01T00:00:0{number}Z", payment_status=status)
    wanted = OrderFilter(payment_status=["paid"])
    first = order_lists.of_customer(store, holder(store).id, 50, None, wanted)
    assert (first.items, first.next_cursor is None) == ([], False)
    second = order_lists.of_customer(store, holder(store).id, 50, first.next_cursor, wanted)
    assert [made.id for made in second.items] == ["0"]


def test_the_number_of_a_list_agrees_with_its_customer(store: Store) -> None:
    for number, status in enumerate(["paid", "partially_refunded", "cancelled", "awaiting_payment", "refunded"]):
        take(store, id=f"{number}", payment_status=status, placed_at=f"2026-01-0{number + 1}T00:00:00Z")
        take(store, id=f"till {number}", email=None, payment_status=status)
    ana = holder(store)
    counted = OrderFilter(payment_status=["paid", "partially_refunded"])
    recent = OrderFilter.model_validate({"placed_from": "2026-01-04T00:00:00Z"})
    assert (ana.orders_count, ana.orders_total) == (2, 5)
    assert order_lists.count_of_customer(store, ana) == ana.orders_total
    assert order_lists.count_of_customer(store, ana, counted) == ana.orders_count
    assert order_lists.count_of_customer(store, ana, recent) == 2
    assert (order_lists.count_without_email(store), order_lists.count_without_email(store, counted)) == (5, 2)
