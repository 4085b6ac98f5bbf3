"""What reports read of customers and orders, and which changes concern them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.support.orders import holder, order, take
from tests.support.streams import record

from clientela import clock
from clientela.customers import customers
from clientela.lifecycle import customer_removal
from clientela.orders import orders
from clientela.reports import report_changes, report_periods, report_sources, report_states
from clientela.reports.report_periods import Period
from clientela.reports.report_queue import ReportMessage
from clientela.reports.report_sources import ReportSource
from clientela.reports.report_states import CountedCustomer, OrderState
from clientela.schema.actors import OPERATOR
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys, stream

NOW = clock.now()
UTC = ZoneInfo("UTC")
BASE = {"currency": "EUR", "total": "45.00"}


def customer_state(store: Store, email: str = "ana@example.com") -> CountedCustomer:
    state, _ = report_sources.read(store, ReportSource("customer", holder(store, email).id), UTC)
    assert isinstance(state, CountedCustomer)
    return state


def order_state(store: Store, order_id: str = "1001") -> OrderState | None:
    state, _ = report_sources.read(store, ReportSource("order", order_id), UTC)
    assert not isinstance(state, CountedCustomer)
    return state


def test_an_order_counts_in_its_currency_and_in_the_base_that_it_carries(store: Store) -> None:
    take(store, base=BASE)
    assert customer_state(store).first == (("USD", Decimal("49.90")), ("~EUR", Decimal("45.00")))
    take(store, id="2")
    assert len(customer_state(store).totals) == 2


def test_of_a_customer_only_counted_orders_and_labels_are_read(store: Store) -> None:
    take(store, accepts_marketing=True, billing_address={"country": "ES"})
    take(store, id="2", payment_status="cancelled")
    state = customer_state(store)
    assert [(total.line, total.orders) for total in state.totals] == [("USD", 1)]
    assert set(state.labels) == {"consent", "country:ES", "source:order"}


def test_an_order_is_of_its_customer_or_of_nobody(store: Store) -> None:
    take(store)
    assert order_state(store) is None
    take(store, id="2", email=None)
    assert order_state(store, "2") == OrderState(order().placed_at.toordinal(), (("USD", Decimal("49.90")),))
    take(store, id="2", email=None, version=2, payment_status="refunded")
    assert order_state(store, "2") is None
    assert order_state(store, "unknown") is None


def test_the_orders_of_an_erased_customer_count_without_customer(store: Store, waiting: object) -> None:
    take(store, base=BASE)
    ana = holder(store).id
    customer_removal.erase(store, ana, NOW, OPERATOR, lambda: False)
    assert report_sources.read(store, ReportSource("customer", ana), UTC)[0] is None
    found = order_state(store)
    assert found
    assert found.lines == (("USD", Decimal("49.90")), ("~EUR", Decimal("45.00")))


@pytest.mark.parametrize("state", [
    OrderState(738000, (("EUR", Decimal("1.50")),)),
    report_states.customer_state(NOW, ["consent"], [], UTC),
    report_states.customer_state(
        NOW, [], [report_states.CountedOrder(NOW, "1", (("EUR", Decimal("0.00")), ("~USD", Decimal("12345678901234.5678"))))], UTC
    ),
])  # fmt: skip
def test_a_packed_state_comes_back(state: report_states.State) -> None:
    assert report_states.unpack(report_states.pack(state)) == state


def test_days_at_the_ends_of_time_are_days(store: Store) -> None:
    early, late = (order(placed_at=f"{year}Z").placed_at for year in ("0001-01-01T00:00:00", "9999-12-31T23:59:59"))
    assert report_states.day_of(early, ZoneInfo("America/Los_Angeles")) == 1
    assert report_states.day_of(late, ZoneInfo("Pacific/Kiritimati")) == late.toordinal()


def messages(before: dynamodb.Item | None, after: dynamodb.Item | None) -> list[ReportMessage]:
    return report_changes.messages_for([stream.read(record(before, after))])


def stored(store: Store, order_id: str = "1001", **fields: Any) -> dynamodb.Item:
    fields |= {"id": order_id}
    orders.record_version(store, order(**fields), NOW)
    pk = keys.customer(store.id, holder(store).id) if fields.get("email", "") is not None else keys.email(store.id, "")
    item = dynamodb.get(pk, keys.order(order(**fields).placed_at, order_id))
    assert item
    return item


def test_a_change_of_an_order_concerns_reports_if_a_figure_changes(store: Store) -> None:
    first = stored(store)
    mine = ReportMessage(store_id="demo", customer_id=holder(store).id)
    assert messages(None, first) == [mine]
    shipped = stored(store, version=2, fulfillment_status="shipped")
    assert messages(first, shipped) == []
    dearer = stored(store, version=3, total="50.00")
    assert messages(shipped, dearer) == [mine]
    refunded = stored(store, version=4, payment_status="refunded")
    assert messages(dearer, refunded) == [mine]
    assert messages(refunded, None) == []
    assert messages(dearer, None) == [mine]


def test_an_order_of_nobody_has_a_message_of_its_own(store: Store) -> None:
    item = stored(store, "7", email=None)
    assert messages(None, item) == [ReportMessage(store_id="demo", order_id="7")]
    assert messages(item, None) == [ReportMessage(store_id="demo", order_id="7")]


def test_a_change_of_a_customer_concerns_reports_if_a_label_changes(store: Store) -> None:
    take(store)
    ana = holder(store).id

    def profile(**changes: Any) -> dynamodb.Item:
        customers.patch(store, ana, changes, NOW)
        item = dynamodb.get(keys.customer(store.id, ana), keys.PROFILE)
        assert item
        return item

    noted, consenting = profile(note="tea"), profile(accepts_marketing=True)
    moved = profile(billing_address={"country": "FR"})
    mine = [ReportMessage(store_id="demo", customer_id=ana)]
    assert messages(noted, noted | {"version": {"N": "9"}}) == []
    assert messages(noted, consenting) == mine
    assert messages(consenting, moved) == mine
    assert messages(moved, None) == mine


def test_an_erased_order_and_a_changed_zone_have_messages(store: Store, waiting: object) -> None:
    take(store)
    before = dynamodb.get(keys.order_reference("demo", "1001"), keys.REFERENCE)
    customer_removal.erase(store, holder(store).id, NOW, OPERATOR, lambda: False)
    after = dynamodb.get(keys.order_reference("demo", "1001"), keys.REFERENCE)
    assert messages(before, after) == [ReportMessage(store_id="demo", order_id="1001")]
    settings = dynamodb.get(keys.store("demo"), keys.SETTINGS)
    assert settings
    madrid = settings | {
        "store": {"S": settings["store"]["S"].replace('"timezone":"UTC"', '"timezone":"Europe/Madrid"')}
    }
    assert messages(settings, madrid) == [ReportMessage(store_id="demo")]
    assert messages(madrid, madrid) == []


def test_rows_of_weeks_are_cut_at_the_ends_of_the_period() -> None:
    day = NOW.date().replace(year=2026, month=1, day=1)  # a Thursday
    rows = report_periods.rows(Period(day, day + timedelta(days=14)), "week", day + timedelta(days=5))
    assert [(row.period.start.day, row.period.days) for row in rows] == [(1, 4), (5, 7), (12, 3)]
    assert [(row.is_complete, row.is_to_come) for row in rows] == [(True, False), (False, False), (False, True)]


def test_without_a_period_it_is_the_last_twelve_months() -> None:
    today = NOW.date().replace(year=2026, month=11, day=30)
    period = report_periods.parse(None, None, "month", today)
    assert (period.start.isoformat(), period.end.isoformat()) == ("2025-12-01", "2026-12-01")
    before = period.before()
    assert before
    assert (before.start.isoformat(), before.end) == ("2024-12-01", period.start)
