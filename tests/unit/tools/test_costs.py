"""The table of costs: README.md has what is computed, and the computation is right where it can be done by hand."""

import pytest
from tools.costs import bills, measurements, tables


def test_the_readme_has_the_computed_table() -> None:
    text = tables.README.read_text("utf-8")
    assert tables.main_table() in text
    assert tables.with_table(text) == text


def test_standing_still_costs_two_secrets_and_the_polls_of_eight_queues() -> None:
    polls = (3 + 2 + 2 + 2 + 2 + 2 + 2 + 2) * 30 * 24 * 3600 / 20
    assert measurements.pollers() == 17
    bill = bills.standing_still()
    assert bill.total() == pytest.approx(2 * 0.40 + (polls - 1_000_000) * 0.40 / 1_000_000)


def test_a_repeat_order_costs_its_units_its_message_and_its_events() -> None:
    bill = bills.order_version("a repeat order", "second order", high=True)
    units = measurements.units("a repeat order")
    log_of_changes = 1
    assert bill["DynamoDB"] == pytest.approx((units.read * 0.125 + (units.high + log_of_changes) * 0.625) / 1e6)
    assert bill["SQS"] == pytest.approx(3 * 0.40 / 1e6)
    assert bill["events"] == pytest.approx(2 / 1e6)


def test_an_order_in_the_reports_costs_its_units_and_its_message() -> None:
    bill = bills.report_message("reports count a repeat order")
    units = measurements.units("reports count a repeat order")
    assert bill["DynamoDB"] == pytest.approx((units.read * 0.125 + units.high * 0.625) / 1e6)
    assert bill["SQS"] == pytest.approx(3 * 0.40 / 1e6)


def test_another_price_changes_what_depends_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = bills.month(high=True)
    doubled = measurements.prices() | {"ses_thousand_mails": 0.20}
    monkeypatch.setattr(measurements, "prices", lambda: doubled)
    after = bills.month(high=True)
    assert after.total() - before.total() == pytest.approx(20)
    assert {name for name in after if after[name] != before[name]} == {"SES"}


def test_the_low_bill_counts_index_entries_once() -> None:
    assert bills.month(high=False)["DynamoDB"] < bills.month(high=True)["DynamoDB"]


def test_a_row_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="no such row"):
        measurements.units("no such row")
