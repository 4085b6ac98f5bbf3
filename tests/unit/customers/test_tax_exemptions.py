"""An exemption that has ended reads as none, wherever a customer is read; its record stays."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.support import export_lines
from tests.support.exports import add
from tests.support.http_events import answered, http_event

import customers_api
from clientela.bulk import bulk_jobs
from clientela.bulk.bulk_fields import BulkChange
from clientela.csv.csv_headers import recognise
from clientela.customers import customer_history, customer_search, customers, tax_exemptions
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_filter import CustomerFilter
from clientela.imports import import_rows
from clientela.schema.actors import OPERATOR
from clientela.storefront import checkout, own_account
from clientela.stores import api_keys
from clientela.stores.api_keys import NewKey
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys

LAST, AFTER = date(2026, 11, 21), date(2026, 11, 22)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EXEMPTION = {"reason": "resale", "jurisdiction": "ES", "expires_on": "2026-11-21"}


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the current day; the last day of the exemption at first."""

    def set_day(to: date) -> None:
        monkeypatch.setattr(tax_exemptions, "today", lambda: to)

    set_day(LAST)
    return set_day


@pytest.fixture
def ana(store: Store, day: Any) -> Customer:
    fields = {"email": "ana@example.com", "tax_exempt": True, "tax_exemption": EXEMPTION}
    return customers.create(store, NewCustomer.model_validate(fields), NOW)


def readings(store: Store, ana: Customer) -> set[bool]:
    """What every reader of the customer sees."""
    read = customers.get(store, ana.id)
    (listed,) = customer_search.page(store).items
    profile = dynamodb.get(keys.customer(store.id, ana.id), keys.PROFILE)
    assert profile
    cell = export_lines.cells_of(profile)["tax_exempt"]
    at = datetime.combine(tax_exemptions.today(), datetime.min.time(), UTC)
    found = customer_search.page(store, filter_=CustomerFilter(tax_exempt=True)).items
    others = customer_search.page(store, filter_=CustomerFilter(tax_exempt=False)).items
    assert len(found) + len(others) == 1
    assert customer_search.count(store, CustomerFilter(tax_exempt=True)) == len(found)
    assert len(customer_search.page(store, filter_=CustomerFilter(tax_exempt=True, ids=[ana.id])).items) == len(found)
    own, prefilled = own_account.own_view(read, True), checkout.prefill(store, read, at)
    return {
        read.tax_exempt,
        listed["tax_exempt"],
        cell == "yes",
        bool(found),
        own.tax_exempt,
        prefilled.tax_exempt,
    }


def test_it_holds_until_the_end_of_its_last_day_everywhere(store: Store, ana: Customer, day: Any) -> None:
    assert readings(store, ana) == {True}
    day(AFTER)
    assert readings(store, ana) == {False}


def test_its_record_stays_and_a_change_of_other_fields_revives_nothing(store: Store, ana: Customer, day: Any) -> None:
    day(AFTER)
    for note in ("x", "y"):
        after = customers.patch(store, ana.id, {"note": note}, NOW)
        assert (after.tax_exempt, after.tax_exemption) == (False, ana.tax_exemption)
    assert readings(store, ana) == {False}


def by_patch(store: Store, ana: Customer) -> None:
    customers.patch(store, ana.id, {"tax_exempt": True}, NOW)


def by_bulk(store: Store, ana: Customer) -> None:
    (result,) = bulk_jobs.change(store, [ana.id], BulkChange(tax_exempt=True), NOW, OPERATOR)
    assert result.result == "changed"


def by_import(store: Store, ana: Customer) -> None:
    columns = recognise(["email", "tax_exempt"])
    row = import_rows.parse_row(2, ["ana@example.com", "yes"], columns)
    customers.change(store, ana.id, lambda before: import_rows.change_customer(row, before, columns).customer, NOW)


@pytest.mark.parametrize("say_yes", [by_patch, by_bulk, by_import])
def test_saying_yes_again_renews_it_without_an_end(store: Store, ana: Customer, day: Any, say_yes: Any) -> None:
    day(AFTER)
    say_yes(store, ana)
    assert readings(store, ana) == {True}
    renewed = customers.get(store, ana.id).tax_exemption
    assert renewed
    assert (renewed.reason, renewed.jurisdiction, renewed.expires_on) == ("resale", "ES", None)
    changes = {change.field: change for change in customer_history.page(store, ana, NOW).items[0].changes}
    assert changes["tax_exemption"].before["expires_on"] == "2026-11-21"


def test_saying_yes_with_a_new_end_renews_it_until_then(store: Store, ana: Customer, day: Any) -> None:
    day(AFTER)
    later = {"tax_exempt": True, "tax_exemption": {"expires_on": "2026-11-30"}}
    after = customers.patch(store, ana.id, later, NOW)
    assert (after.tax_exempt, after.tax_exemption and after.tax_exemption.expires_on) == (True, date(2026, 11, 30))
    day(date(2026, 12, 1))
    assert readings(store, ana) == {False}


def test_a_past_end_is_stored_and_exempts_nobody(store: Store, ana: Customer, day: Any) -> None:
    past = {"tax_exempt": True, "tax_exemption": {"expires_on": "2026-01-31"}}
    assert customers.patch(store, ana.id, past, NOW).tax_exempt is False
    assert add(store, "bo@example.com", **past).tax_exempt is False


def test_saying_yes_to_one_that_holds_changes_nothing(store: Store, ana: Customer) -> None:
    assert customers.patch(store, ana.id, {"tax_exempt": True}, NOW) == ana


def test_the_api_answers_by_the_day(store: Store, ana: Customer, day: Any) -> None:
    key = api_keys.create(store.id, NewKey(name="k"), NOW).key
    day(AFTER)
    answer = answered(customers_api.handler(http_event("GET", f"demo/customers/{ana.id}", key=key), None))
    assert (answer["tax_exempt"], answer["tax_exemption"]["expires_on"]) == (False, "2026-11-21")
