"""An import neither subscribes again who has unsubscribed, nor opens an account that is disabled."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clientela.csv.csv_headers import recognise
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_values import MarketingConsent
from clientela.imports import import_customers, import_rows
from clientela.imports.import_customers import ImportedCustomer, Rules
from clientela.imports.import_rows import StoreContext

NOW = datetime(2026, 11, 21, tzinfo=UTC)
LAST_WEEK, YESTERDAY = NOW - timedelta(days=7), NOW - timedelta(days=1)
HEADER = ["email", "accepts_marketing", "status", "consent date"]


def customer(**fields: Any) -> Customer:
    needed = {"id": "cus_1", "email": "ana@example.com", "created_at": NOW, "updated_at": NOW}
    return Customer.model_validate(needed | fields)


def unsubscribed(source: str | None = "account", at: datetime | None = YESTERDAY) -> Customer:
    consent = MarketingConsent(state="unsubscribed", source=source, at=at)
    return customer(accepts_marketing=False, marketing_consent=consent)


def imported(before: Customer | None, *rows: tuple[str, str, str]) -> ImportedCustomer:
    columns = recognise(HEADER)
    parsed = [import_rows.parse_row(line, ["ana@example.com", *cells], columns) for line, cells in enumerate(rows, 2)]
    context = StoreContext(uploaded_at=NOW)
    rules = Rules("imp_1", "upsert", columns, NOW, frozenset(), context=context)
    return import_customers.apply_rows(parsed, before, rules, NOW)


def warnings(result: ImportedCustomer) -> list[tuple[str, str]]:
    issues = [issue for each in result.results for issue in each.issues if issue.code != "email_repeated"]
    return [(issue.column, issue.code) for issue in issues]


@pytest.mark.parametrize("source", ["account", "merchant", "order", "checkout form", None])
def test_who_has_unsubscribed_stays_unsubscribed_with_a_warning(source: str | None) -> None:
    before = unsubscribed(source)
    result = imported(before, ("yes", "", ""))
    assert result.after == before
    assert warnings(result) == [("accepts_marketing", "unsubscribed")]
    assert result.results[0].outcome == "unchanged"


def test_a_later_time_of_consent_in_the_row_subscribes_again_and_is_kept_as_its_time() -> None:
    result = imported(unsubscribed(at=LAST_WEEK), ("yes", "", "2026-11-20T10:00:00Z"))
    assert warnings(result) == []
    assert result.after is not None
    assert result.after.accepts_marketing is True
    consent = result.after.marketing_consent
    assert consent is not None
    assert (consent.state, consent.source) == ("subscribed", "import")
    assert consent.at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert imported(result.after, ("yes", "", "2026-11-20T10:00:00Z")).is_changed is False


@pytest.mark.parametrize("time", ["2026-11-20T00:00:00Z", "2020-01-02", "2027-01-01", "soon"])
def test_an_earlier_future_or_unreadable_time_of_consent_does_not(time: str) -> None:
    before = unsubscribed(at=YESTERDAY)
    result = imported(before, ("yes", "", time))
    assert result.after == before
    assert ("accepts_marketing", "unsubscribed") in warnings(result)


def test_an_import_may_take_back_what_an_import_said() -> None:
    assert imported(unsubscribed("import"), ("yes", "", "")).after.accepts_marketing is True  # type: ignore[union-attr]
    result = imported(None, ("no", "", ""), ("yes", "", ""))
    assert (result.after.accepts_marketing, warnings(result)) == (True, [])  # type: ignore[union-attr]


def test_a_later_row_of_the_same_file_may_subscribe_who_was_subscribed_before_it() -> None:
    consent = MarketingConsent(state="subscribed", source="account", at=LAST_WEEK)
    before = customer(accepts_marketing=True, marketing_consent=consent)
    result = imported(before, ("no", "", ""), ("yes", "", ""))
    assert (result.after.accepts_marketing, warnings(result)) == (True, [])  # type: ignore[union-attr]


def test_a_new_consent_has_the_time_of_its_row() -> None:
    created = imported(None, ("yes", "", "2021-03-04")).after
    assert created is not None
    assert created.marketing_consent is not None
    assert created.marketing_consent.at == datetime(2021, 3, 4, tzinfo=UTC)
    assert created.accepts_marketing is True


def test_unsubscribing_is_always_possible() -> None:
    consent = MarketingConsent(state="subscribed", source="account", at=YESTERDAY)
    before = customer(accepts_marketing=True, marketing_consent=consent)
    assert imported(before, ("no", "", "")).after.accepts_marketing is False  # type: ignore[union-attr]


@pytest.mark.parametrize("status", ["active", "pending", "approved", "enabled"])
def test_a_disabled_account_stays_disabled_with_a_warning(status: str) -> None:
    before = customer(status="disabled")
    result = imported(before, ("", status, ""))
    assert result.after == before
    assert warnings(result) == [("status", "account_disabled")]


def test_the_file_may_open_what_it_has_disabled_itself() -> None:
    result = imported(customer(), ("", "disabled", ""), ("", "active", ""))
    assert (result.after.status, warnings(result)) == ("active", [])  # type: ignore[union-attr]
