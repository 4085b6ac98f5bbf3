"""RFM: fifths by value, one rule for equal values, and amounts in the base currency order by order."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import reports
from tests.support.orders import holder, take

from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.reports import report_states, report_updates, rfm_report, rfm_scores
from clientela.reports.report_sources import ReportSource
from clientela.reports.report_states import CountedOrder
from clientela.reports.rfm_report import RfmListParameters, RfmParameters
from clientela.reports.rfm_scores import Values
from clientela.stores.stores import Store

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def order(day: int, currency: str, total: str, base: tuple[str, str] | None = None) -> CountedOrder:
    lines = report_states.order_lines(currency, Decimal(total), (base[0], Decimal(base[1])) if base else None)
    return CountedOrder(NOW - timedelta(days=day), f"{day}", lines)


def values(*orders: CountedOrder, window: rfm_scores.Window = "ever") -> Values:
    state = report_states.customer_state(NOW, (), orders, ZoneInfo("UTC"))
    return rfm_scores.values_of(state, window, NOW.toordinal(), "EUR")


def test_each_order_has_its_base_amount_or_else_its_own_one() -> None:
    dollars, euros = order(1, "USD", "10.00", ("EUR", "9.00")), order(2, "EUR", "20.00")
    assert values(dollars, euros).monetary == Decimal("29.00")
    rounded = order(3, "EUR", "5.00", ("EUR", "5.05"))  # both: the base amount, and not twice
    assert values(dollars, euros, rounded).monetary == Decimal("34.05")
    abroad = order(4, "GBP", "7.00", ("USD", "8.00"))
    assert values(abroad, order(5, "EUR", "3.00", ("USD", "4.00"))) == Values(4, 2, Decimal("3.00"))


def test_a_year_has_365_days() -> None:
    orders = order(364, "EUR", "1.00"), order(365, "EUR", "2.00")
    assert values(*orders, window="year") == Values(364, 1, Decimal("1.00"))
    assert values(*orders) == Values(364, 2, Decimal("3.00"))


@pytest.mark.parametrize(
    ("found", "begin"),
    [
        ([], [None, None, None, None]),
        ([7], [7, 7, None, None]),  # nobody is better than anybody: all are in the middle
        ([1, 1, 1, 1, 1, 1, 1, 1, 2, 3], [1, 1, 2, 2]),
        ([*range(1, 11)], [3, 5, 7, 9]),
    ],
)
def test_cut_offs_are_values_of_customers(found: list[int], begin: list[int | None]) -> None:
    assert rfm_scores.cut_offs_of(found) == begin


def by_places(found: list[int]) -> list[int]:
    """The score of each value by the definition: the fifth of the line in which the middle of its equals stands."""
    line = sorted(found)

    def middle(value: int) -> Fraction:
        return Fraction(2 * line.index(value) + line.count(value), 2 * len(line))

    return [int(middle(value) * 5) + 1 for value in found]


@given(st.lists(st.integers(0, 12), max_size=40))
def test_scores_are_the_fifths_of_the_line(found: list[int]) -> None:
    begin = [each for each in rfm_scores.cut_offs_of(found) if each is not None]
    assert [1 + bisect_right(begin, value) for value in found] == by_places(found)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=40))
def test_one_rule_holds_for_values_of_which_the_least_is_the_best(found: list[int]) -> None:
    scores, reverse = by_places(found), by_places([-each for each in found])
    edges = {Fraction(fifth, 5) for fifth in range(1, 5)}
    for value, score, mirrored in zip(found, scores, reverse, strict=True):
        line = sorted(found)
        if Fraction(2 * line.index(value) + line.count(value), 2 * len(line)) not in edges:
            assert score + mirrored == 6


def test_what_the_report_counts_is_what_the_list_shows(store: Store) -> None:
    reports.build(store)
    for number in range(12):
        placed_at = clock.format_timestamp(clock.now() - timedelta(days=number % 7, hours=1))
        take(store, id=f"{number}", email=f"c{number % 8}@example.com", total=f"{number % 5}.50", placed_at=placed_at)
    for number in range(8):
        report_updates.update(store, ReportSource("customer", holder(store, f"c{number}@example.com").id))
    customers.create(store, NewCustomer(email="never@example.com"), clock.now())
    found = rfm_report.compute(store, RfmParameters(window="ever"), clock.now())
    listed = rfm_report.list_customers(store, RfmListParameters(window="ever"), clock.now()).items
    assert len(listed) == found.customers == 8
    sizes = {name: sum(each.segment == name for each in listed) for name in found.segments}
    assert sizes == found.segments
    for each in listed:
        assert f": {each.recency.score} means " in each.recency.reason
