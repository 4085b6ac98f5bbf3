"""What orders fill into an account, whose value wins, and what leaves with an order."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from tests.support import sign_ins
from tests.support.orders import NOW, holder, take

from clientela import clock
from clientela.customers import consents, customer_history, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.schema.actors import Actor
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings

JANUARY, FEBRUARY, MARCH = (f"2026-0{month}-01T00:00:00Z" for month in (1, 2, 3))
TOMORROW, IN_TWO_DAYS, IN_THREE_DAYS = (clock.format_timestamp(NOW + timedelta(days=days)) for days in (1, 2, 3))
WRONG = {"email": "stranger@example.com"}
FULL: dict[str, Any] = {
    "name": "Ana", "phone": "+34911222333", "language": "es", "vat_id": "ESB12345674", "accepts_marketing": True,
    "billing_address": {"city": "Madrid", "country": "ES"}, "shipping_address": {"city": "Madrid"},
}  # fmt: skip


def cities(customer: Customer) -> list[tuple[str | None, bool]]:
    return [(address.city, address.is_default) for address in customer.shipping_addresses]


def signed_in(store: Store, customer: Customer) -> Customer:
    """The customer after the first sign-in by mail."""

    def prove(before: Customer) -> Customer:
        proven = {"type": "registered", "email_status": "proven", "last_sign_in_at": NOW}
        return before.model_copy(update=proven)

    return customers.change(store, customer.id, prove, NOW, Actor("customer", customer.id))


def test_a_guest_has_the_data_of_the_newest_order_in_whatever_order_they_arrive(aws: Any) -> None:
    told: list[dict[str, Any]] = [
        {"id": "1", "placed_at": JANUARY, "name": "Old", "phone": "+34911000001", "vat_id": "ESB12345674"},
        {"id": "2", "placed_at": FEBRUARY, "name": "New", "email": "Ana@Example.com"},
        {"id": "3", "placed_at": MARCH, "phone": "+34911000003", "billing_address": {"city": "Vigo"}},
        {"id": "3", "placed_at": MARCH, "version": 2, "billing_address": {"city": "Lugo"}},
    ]
    for number, shuffled in enumerate(permutations(told)):
        store = stores.create(f"store-{number}", StoreSettings(name="Demo"), NOW)
        for fields in shuffled:
            take(store, **fields)
        ana = holder(store)
        assert (ana.name, ana.phone, ana.vat_id, ana.email) == ("New", "+34911000001", "ESB12345674", "ana@example.com")
        assert ana.billing_address
        assert ana.billing_address.city == "Lugo"


def test_a_guest_keeps_what_the_merchant_wrote_field_by_field(store: Store) -> None:
    take(store, id="1", placed_at=JANUARY, **FULL)
    customers.patch(store, holder(store).id, {"name": "Ana P.", "phone": None}, NOW)
    take(store, id="2", placed_at=FEBRUARY, name="Other", phone="+34911000000", language="fr")
    ana = holder(store)
    assert (ana.name, ana.phone, ana.language) == ("Ana P.", None, "fr")


def test_a_value_that_the_merchant_confirms_is_no_longer_the_orders(store: Store) -> None:
    take(store, id="1", placed_at=JANUARY, **FULL)
    customers.patch(store, holder(store).id, {"name": "Ana"}, NOW)
    take(store, id="2", placed_at=FEBRUARY, name="Other")
    assert holder(store).name == "Ana"


def test_what_an_order_filled_leaves_with_it_when_its_email_is_corrected(store: Store) -> None:
    customers.create(store, NewCustomer.model_validate({"email": WRONG["email"], "name": "Stella"}), NOW)
    take(store, **FULL, **WRONG)
    assert holder(store, WRONG["email"]).phone == "+34911222333"
    take(store, version=2, **FULL)
    stella, ana = holder(store, WRONG["email"]), holder(store)
    assert (stella.name, stella.phone, stella.language, stella.vat_id, stella.vat_id_status) == (
        *("Stella", None, None, None),
        "none",
    )
    assert (stella.billing_address, stella.shipping_addresses) == (None, [])
    assert (stella.accepts_marketing, stella.marketing_consent) == (None, None)
    assert (ana.name, ana.phone, ana.accepts_marketing) == ("Ana", "+34911222333", True)
    assert [each.state for each in consents.page(store, stella.id).items] == ["unknown", "subscribed"]


def test_what_the_owner_or_the_merchant_has_touched_stays_when_the_order_leaves(store: Store) -> None:
    customers.create(store, NewCustomer(email=WRONG["email"]), NOW)
    take(store, **FULL, **WRONG)
    stella = holder(store, WRONG["email"])
    customers.patch(store, stella.id, {"phone": "+34911000000"}, NOW)
    by_owner = Actor("customer", stella.id)
    book = [{"city": "Lugo"}, stella.shipping_addresses[0].model_dump(mode="json") | {"is_default": False}]
    customers.patch(store, stella.id, {"vat_id": "ESB12345674", "shipping_addresses": book}, NOW, by=by_owner)
    take(store, version=2, **FULL)
    stella = holder(store, WRONG["email"])
    assert (stella.name, stella.phone, stella.vat_id) == (None, "+34911000000", "ESB12345674")
    assert cities(stella) == [("Lugo", True)]  # what she only kept has left


def test_the_values_of_the_other_orders_come_back_when_an_order_leaves(store: Store) -> None:
    take(store, id="1", placed_at=JANUARY, name="One", phone="+34911000001", shipping_address={"city": "Vigo"})
    take(store, id="2", placed_at=FEBRUARY, name="Two", shipping_address={"city": "Lugo"}, accepts_marketing=True)
    take(store, id="3", placed_at=MARCH, **FULL)
    take(store, id="3", placed_at=MARCH, version=2, **FULL, **WRONG)
    ana = holder(store)
    assert (ana.name, ana.phone, ana.language, cities(ana)) == (
        *("Two", "+34911000001", None),
        [("Lugo", True), ("Vigo", False)],
    )
    assert ana.marketing_consent
    assert clock.format_timestamp(ana.marketing_consent.at or NOW) == "2026-02-01T00:00:00.000Z"


def test_a_registered_account_is_filled_by_the_newest_order_before_it_or_else_by_the_first_after_it(aws: Any) -> None:
    for number, shuffled in enumerate(permutations([JANUARY, FEBRUARY, IN_TWO_DAYS, TOMORROW])):
        store = stores.create(f"store-{number}", StoreSettings(name="Demo"), NOW)
        customers.create(store, NewCustomer(email="ana@example.com"), NOW)
        for placed_at in shuffled:
            is_later = placed_at in (TOMORROW, IN_TWO_DAYS)
            take(
                store,
                id=placed_at,
                placed_at=placed_at,
                name=placed_at,
                **{"vat_id": "ESB12345674"} if is_later else {},
            )
        filled = holder(store).filled_by_orders.places()
        assert holder(store).name == FEBRUARY
        assert clock.format_timestamp(NOW + timedelta(days=1)) in filled["vat_id"]


def test_after_the_first_sign_in_no_order_replaces_what_a_guests_orders_had_filled(store: Store) -> None:
    take(store, id="1", placed_at=JANUARY, name="Ana", payment_status="awaiting_payment")
    signed_in(store, holder(store))
    take(store, id="2", placed_at=TOMORROW, name="Stranger", phone="+34911222333")
    take(
        store,
        id="1",
        placed_at=JANUARY,
        version=2,
        name="Ana",
        payment_status="awaiting_payment",
        payment_method="cash",
    )
    assert (holder(store).name, holder(store).phone) == ("Ana", "+34911222333")


def test_a_refunded_order_leaves_a_proven_account_as_if_it_had_never_counted(store: Store) -> None:
    signed_in(store, customers.create(store, NewCustomer(email="ana@example.com"), NOW))
    take(store, **FULL)
    assert holder(store).phone == "+34911222333"
    take(store, version=2, payment_status="refunded", **FULL)
    assert (holder(store).phone, holder(store).vat_id_status, holder(store).shipping_addresses) == (None, "none", [])


def test_an_unticked_box_is_no_answer_and_a_later_consent_counts_with_its_time(store: Store) -> None:
    take(store, id="1", placed_at=JANUARY, accepts_marketing=False)
    assert (holder(store).accepts_marketing, holder(store).marketing_consent) == (None, None)
    take(store, id="2", placed_at=FEBRUARY, accepts_marketing=True)
    take(store, id="3", placed_at=MARCH, accepts_marketing=False)
    take(store, id="4", placed_at=MARCH, accepts_marketing=True)
    [recorded] = consents.page(store, holder(store).id).items
    assert (recorded.state, recorded.source) == ("subscribed", "order")
    assert clock.format_timestamp(recorded.at or NOW) == "2026-02-01T00:00:00.000Z"
    assert holder(store).accepts_marketing is True


def test_a_consent_counts_after_an_unsubscription_only_if_its_order_is_later(store: Store) -> None:
    take(store, id="1", placed_at=JANUARY, accepts_marketing=True)
    customers.patch(store, holder(store).id, {"accepts_marketing": False}, NOW)
    take(store, id="2", placed_at=FEBRUARY, accepts_marketing=True)
    assert holder(store).accepts_marketing is False
    take(store, id="3", placed_at=TOMORROW, accepts_marketing=True)
    assert holder(store).accepts_marketing is True
    take(store, id="3", placed_at=TOMORROW, version=2, accepts_marketing=True, **WRONG)
    ana = holder(store)
    assert ana.marketing_consent
    assert (ana.accepts_marketing, ana.marketing_consent.state) == (False, "unsubscribed")


def test_orders_add_ten_addresses_after_the_owners_and_never_the_default(aws: Any) -> None:
    numbers = list(range(14))
    for store_id, arrival in (("forth", numbers), ("back", numbers[::-1])):
        store = stores.create(store_id, StoreSettings(name="Demo"), NOW)
        own = [{"city": "Lugo"}, {"city": "Vigo", "is_default": True}]
        new = NewCustomer.model_validate({"email": "ana@example.com", "shipping_addresses": own})
        customers.create(store, new, NOW)
        for number in arrival:
            city = {"city": f"City {number}"}
            take(store, id=f"{number}", placed_at=f"2026-01-{number + 1:02}T00:00:00Z", shipping_address=city)
        newest = [(f"City {number}", False) for number in range(13, 3, -1)]
        assert cities(holder(store)) == [("Lugo", False), ("Vigo", True), *newest]
        take(store, id="13", placed_at="2026-01-14T00:00:00Z", version=2, email="b@example.com")
        newest = [(f"City {number}", False) for number in range(12, 2, -1)]
        assert cities(holder(store)) == [("Lugo", False), ("Vigo", True), *newest]


def test_a_book_that_its_owner_wrote_is_joined_by_later_orders_only(store: Store) -> None:
    take(store, id="1", placed_at=JANUARY, shipping_address={"city": "Madrid"})
    ana = holder(store)
    customers.patch(store, ana.id, {"shipping_addresses": [{"city": "Lugo"}]}, NOW, by=Actor("customer", ana.id))
    take(store, id="2", placed_at=FEBRUARY, shipping_address={"city": "Vigo"})
    take(store, id="3", placed_at=TOMORROW, shipping_address={"city": "Madrid"})
    assert cities(holder(store)) == [("Lugo", True), ("Madrid", False)]


@pytest.mark.parametrize("is_new_address", [True, False])
def test_a_repeat_order_without_news_adds_nothing_to_the_history(store: Store, is_new_address: bool) -> None:
    take(store, id="1", placed_at=JANUARY, **FULL)
    take(store, id="2", placed_at=FEBRUARY, **FULL | ({"shipping_address": {"city": "Vigo"}} if is_new_address else {}))
    told = [entry.type for entry in customer_history.page(store, holder(store), NOW).items]
    assert told == (["address_created"] if is_new_address else []) + ["registered"]


def test_the_marks_of_orders_are_in_no_answer(store: Store) -> None:
    take(store, **FULL)
    assert "filled_by_orders" not in holder(store).model_dump_json()


def test_the_first_sign_in_by_mail_keeps_what_the_orders_filled(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    take(store, id="1", placed_at=JANUARY, payment_status="awaiting_payment", **FULL)
    sign_ins.by_link(store, sign_ins.mailbox(monkeypatch).link(store, "ana@example.com"))
    ana = holder(store)
    assert (ana.filled_by_orders.seen, ana.name) == (["1"], "Ana")
    take(store, id="2", placed_at=IN_THREE_DAYS, name="Other")
    take(store, id="1", placed_at=JANUARY, version=2, payment_status="cancelled", **FULL)
    assert (holder(store).name, holder(store).accepts_marketing) == ("Ana", True)
