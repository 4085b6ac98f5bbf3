"""The consent ledger: every consent is stored with its time, source and wording."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from clientela import clock
from clientela.bulk import bulk_jobs
from clientela.bulk.bulk_fields import BulkChange
from clientela.csv.csv_headers import recognise
from clientela.customers import consents, customers
from clientela.customers.consents import Consent
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_values import MarketingConsent
from clientela.errors import BusyError, InvalidInputError
from clientela.imports import import_customers
from clientela.imports.import_customers import Rules
from clientela.imports.import_rows import parse_row
from clientela.orders import orders
from clientela.orders.order_fields import Order
from clientela.schema.actors import OPERATOR, Actor
from clientela.storefront import own_account
from clientela.stores.stores import Store
from clientela.table.transactions import Transaction

NOW = clock.now()
LATER = NOW + timedelta(days=1)
MERCHANT = Actor("api_key", "key_1")


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email="ana@example.com", name="Ana"), NOW)


def ledger(store: Store, customer: Customer) -> list[Consent]:
    return consents.page(store, customer.id).items


def by_owner(store: Store, ana: Customer) -> Any:
    return own_account.patch(store, ana.id, {"accepts_marketing": True}, LATER)


def by_merchant(store: Store, ana: Customer) -> Any:
    return customers.patch(store, ana.id, {"accepts_marketing": True}, LATER, by=MERCHANT)


def by_consent(store: Store, ana: Customer) -> Any:
    word = {"state": "subscribed", "source": "fair", "wording": "2026-01", "at": "2026-01-02T03:04:05Z"}
    return customers.patch(store, ana.id, {"marketing_consent": word}, LATER, by=MERCHANT)


def by_import(store: Store, ana: Customer) -> Any:
    known = recognise(["email", "accepts_marketing"])
    rules = Rules("imp_1", "upsert", known, NOW, frozenset())
    account = import_customers.apply_rows([parse_row(2, ["ana@example.com", "yes"], known)], ana, rules, LATER)
    with Transaction() as write:
        import_customers.add_to_transaction(write, store, account, rules, LATER)


def by_order(store: Store, ana: Customer) -> Any:
    return orders.record_version(store, order(), LATER)


def order() -> Order:
    return Order(
        id="1",
        version=1,
        placed_at=NOW,
        email="ana@example.com",
        currency="EUR",
        total=Decimal(1),
        payment_status="paid",
        accepts_marketing=True,
    )


@pytest.mark.parametrize(
    ("give", "source"),
    [
        (by_owner, "account"),
        (by_merchant, "merchant"),
        (by_consent, "fair"),
        (by_import, "import"),
        (by_order, "order"),
    ],
)
def test_every_way_to_say_yes_is_in_the_ledger(
    store: Store, ana: Customer, give: Callable[[Store, Customer], Any], source: str
) -> None:
    assert ledger(store, ana) == []
    give(store, ana)
    read = customers.get(store, ana.id)
    (consent,) = ledger(store, ana)
    assert read.accepts_marketing is True
    assert read.marketing_consent
    assert read.marketing_consent.model_dump() == consent.model_dump(exclude={"id", "recorded_at", "merged_from"})
    assert (consent.state, consent.source, consent.recorded_at, consent.id) == ("subscribed", source, LATER, "2")
    assert consent.at == (NOW if give is by_order else LATER) or give is by_consent
    give(store, read)  # the same again: no new entry
    assert len(ledger(store, ana)) == 1


@pytest.mark.parametrize("fields", [{"accepts_marketing": False}, {"marketing_consent": {"state": "unsubscribed"}}])
def test_a_word_given_at_the_start_is_the_first_entry(store: Store, fields: dict[str, Any]) -> None:
    made = customers.create(store, NewCustomer.model_validate({"email": "eve@example.com", **fields}), NOW, MERCHANT)
    assert made.accepts_marketing is False
    assert [(each.state, each.source, each.at) for each in ledger(store, made)] == [("unsubscribed", "merchant", NOW)]
    assert customers.get(store, made.id) == made


def test_an_order_of_somebody_new_takes_the_word_along(store: Store) -> None:
    orders.record_version(store, order(), NOW)
    made = customers.find(store, "ana@example.com", NOW)
    assert made
    assert [(each.state, each.source) for each in ledger(store, made)] == [("subscribed", "order")]


def test_unknown_is_no_yes_and_no_entry(store: Store, ana: Customer) -> None:
    own_account.patch(store, ana.id, {"accepts_marketing": None, "name": "A"}, LATER)
    assert ledger(store, ana) == []
    by_owner(store, ana)
    customers.patch(store, ana.id, {"marketing_consent": None}, LATER)
    read = customers.get(store, ana.id)
    assert read.accepts_marketing is None
    assert [each.state for each in ledger(store, ana)] == ["unknown", "subscribed"]


def test_the_wording_is_kept_with_the_word(store: Store, ana: Customer) -> None:
    own_account.patch(store, ana.id, {"accepts_marketing": True, "marketing_wording": "v1"}, NOW)
    own_account.patch(store, ana.id, {"accepts_marketing": True, "marketing_wording": "v1", "name": "A"}, LATER)
    own_account.patch(store, ana.id, {"accepts_marketing": True, "marketing_wording": "v2"}, LATER)
    own_account.patch(store, ana.id, {"accepts_marketing": False}, LATER)
    found = [(each.state, each.wording) for each in ledger(store, ana)]
    assert found == [("unsubscribed", None), ("subscribed", "v2"), ("subscribed", "v1")]


@pytest.mark.parametrize("changes", [{"marketing_wording": "v1"}, {"marketing_wording": 5, "accepts_marketing": True}])
def test_a_wording_without_a_word_is_refused(store: Store, ana: Customer, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        own_account.patch(store, ana.id, changes, NOW)
    assert refused.value.fields[0].pointer == "/marketing_wording"


def test_words_that_contradict_each_other_are_refused(store: Store, ana: Customer) -> None:
    with pytest.raises(InvalidInputError):
        customers.patch(store, ana.id, {"accepts_marketing": True, "marketing_consent": {"state": "unsubscribed"}}, NOW)
    assert ledger(store, ana) == []


def test_a_new_word_takes_nothing_from_the_one_before(store: Store, ana: Customer) -> None:
    by_consent(store, ana)
    customers.patch(store, ana.id, {"marketing_consent": {"state": "unsubscribed"}}, LATER, by=MERCHANT)
    newest = ledger(store, ana)[0]
    assert (newest.state, newest.source, newest.wording, newest.at) == ("unsubscribed", "merchant", None, LATER)


def test_consent_by_text_message_is_none_by_email(store: Store, ana: Customer) -> None:
    customers.patch(store, ana.id, {"marketing_consent": {"channel": "sms", "state": "subscribed"}}, NOW)
    assert customers.get(store, ana.id).accepts_marketing is None
    assert [each.channel for each in ledger(store, ana)] == ["sms"]


def test_other_changes_leave_the_ledger_alone(store: Store, ana: Customer) -> None:
    by_owner(store, ana)
    bulk_jobs.change(store, [ana.id], BulkChange(tax_exempt=True), LATER, OPERATOR)
    assert len(ledger(store, ana)) == 1


def test_an_entry_is_never_overwritten(store: Store, ana: Customer) -> None:
    by_owner(store, ana)
    again = Transaction()
    consents.add_change(again, store, ana, customers.get(store, ana.id))
    with pytest.raises(BusyError):
        again.commit()
    assert ledger(store, ana)[0].recorded_at == LATER


def decided(state: str | None, day: int | None = None, channel: str = "email") -> Customer:
    accepts = {"subscribed": True, "unsubscribed": False}.get(state or "") if channel == "email" else None
    at = NOW + timedelta(days=day) if day is not None else None
    consent = MarketingConsent.model_validate({"state": state, "at": at, "channel": channel}) if state else None
    fields = {"accepts_marketing": accepts, "marketing_consent": consent, "id": "cus_1", "email": "a@example.com"}
    return Customer.model_validate({**fields, "created_at": NOW, "updated_at": NOW})


YES, NO, UNKNOWN = "subscribed", "unsubscribed", "unknown"


@pytest.mark.parametrize(
    ("kept", "other", "counts"),
    [
        ((YES, 1), (NO, 2), NO),
        ((NO, 2), (YES, 1), NO),
        ((NO, 1), (YES, 2), YES),
        ((YES, 2), (NO, 1), YES),
        ((YES, 1), (NO, 1), NO),
        ((NO, 1), (YES, 1), NO),
        ((YES, None), (NO, None), NO),
        ((NO, None), (YES, None), NO),
        ((NO, None), (YES, 1), NO),
        ((YES, None), (NO, 1), NO),
        ((YES, 1), (None, None), YES),
        ((None, None), (YES, 1), YES),
        ((UNKNOWN, 3), (NO, 1), NO),
        ((None, None), (None, None), None),
    ],
)
def test_of_two_consents_the_later_decision_counts_and_no_wins_a_tie(
    kept: tuple[str | None, int | None], other: tuple[str | None, int | None], counts: str | None
) -> None:
    after = consents.combine(decided(*kept), decided(*other))
    assert (after.marketing_consent and after.marketing_consent.state) == counts
    assert after.accepts_marketing is {YES: True, NO: False, None: None}[counts]


def test_a_consent_to_another_channel_decides_nothing() -> None:
    kept = decided(YES, 1)
    assert consents.combine(kept, decided(NO, 2, "sms")) == kept
    after = consents.combine(decided(None), decided(YES, 1, "sms"))
    assert after.marketing_consent
    assert (after.marketing_consent.channel, after.accepts_marketing) == ("sms", None)
