"""Orders: what they change in their customer's account."""

import json
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from tests.support.orders import NOW, batch, failures, figures, holder, order, take

from clientela import clock
from clientela.customers import customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import OrderNotFoundError
from clientela.orders import order_lists, order_messages, orders
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings


def test_a_first_order_makes_a_guest_account_with_what_the_order_tells(store: Store) -> None:
    address = {"street": "Calle Mayor 1", "city": "Madrid", "country": "España", "phone": "911 222 333"}
    assert take(
        store,
        name="Ana Pérez",
        phone="911 222 333",
        language="ES",
        vat_id="es b12345674",
        accepts_marketing=True,
        billing_address=address,
        shipping_address=address,
    )
    ana = holder(store)
    assert (ana.type, ana.source, ana.status, ana.name, ana.language) == ("guest", "order", "active", "Ana Pérez", "es")
    assert (ana.phone, ana.vat_id, ana.vat_id_status) == ("+34911222333", "ESB12345674", "pending")
    assert ana.accepts_marketing is True
    assert ana.billing_address
    assert (ana.billing_address.country, ana.billing_address.phone) == ("ES", "+34911222333")
    assert [address.is_default for address in ana.shipping_addresses] == [True]


@pytest.mark.parametrize("payment_status", ["paid", "awaiting_payment"])
def test_an_order_creates_a_pending_guest_if_the_store_approves_new_accounts(aws: Any, payment_status: str) -> None:
    store = stores.create("approving", StoreSettings(name="B2B", approve_new_accounts=True), NOW)
    take(store, total="0", payment_status=payment_status)
    assert (holder(store).type, holder(store).status) == ("guest", "pending")


def test_an_order_fills_what_is_empty_in_a_registered_account_and_overwrites_nothing(store: Store) -> None:
    new = NewCustomer.model_validate({"email": "ana@example.com", "name": "Ana P.", "status": "pending", "note": "vip"})
    customers.create(store, new, NOW)
    told: dict[str, Any] = {"phone": "+34911222333", "accepts_marketing": True, "billing_address": {"country": "ES"}}
    take(store, name="Somebody Else", placed_at=clock.format_timestamp(NOW + timedelta(days=1)), **told)
    ana = holder(store)
    assert (ana.name, ana.phone, ana.accepts_marketing, ana.status, ana.type) == (
        "Ana P.",
        "+34911222333",
        True,
        "pending",
        "registered",
    )
    other = {"phone": "+34911000000", "accepts_marketing": False, "billing_address": {"country": "FR"}}
    take(store, id="1002", placed_at=clock.format_timestamp(NOW + timedelta(days=2)), **other)
    again = holder(store)
    assert (again.phone, again.accepts_marketing) == ("+34911222333", True)
    assert again.billing_address
    assert again.billing_address.country == "ES"
    assert again.note == "vip"


def proven(store: Store) -> Customer:
    ana = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    return customers.change(store, ana.id, lambda c: c.model_copy(update={"email_status": "proven"}), NOW)


STRANGERS: dict[str, Any] = {
    "name": "Not Ana", "phone": "+34911222333", "vat_id": "ESB12345674", "accepts_marketing": True,
    "billing_address": {"country": "ES"}, "shipping_address": {"city": "Madrid"},
}  # fmt: skip


@pytest.mark.parametrize("status", ["awaiting_payment", "incomplete", "cancelled", "refunded"])
def test_an_order_that_does_not_count_fills_nothing_in_a_proven_account(store: Store, status: str) -> None:
    before = proven(store)
    take(store, payment_status=status, **STRANGERS)
    after = holder(store)
    assert len(order_lists.of_customer(store, after.id).items) == 1
    shown = {*STRANGERS, "shipping_addresses", "marketing_consent", "vat_id_status"}
    assert after.model_dump(include=shown) == before.model_dump(include=shown)


def test_an_order_fills_a_proven_account_when_it_counts_but_never_its_consent(store: Store) -> None:
    proven(store)
    take(store, payment_status="awaiting_payment", **STRANGERS)
    take(store, payment_status="awaiting_payment", version=2, fulfillment_status="processing", **STRANGERS)
    take(store, version=3, fulfillment_status="processing", **STRANGERS)
    ana = holder(store)
    assert (ana.name, ana.phone, ana.vat_id, len(ana.shipping_addresses)) == (
        "Not Ana",
        "+34911222333",
        "ESB12345674",
        1,
    )
    assert (ana.accepts_marketing, ana.marketing_consent) == (None, None)
    customers.patch(store, ana.id, {"phone": None, "shipping_addresses": []}, NOW)
    take(store, version=4, payment_status="refunded", **STRANGERS)
    take(store, version=5, **STRANGERS)
    assert (holder(store).phone, holder(store).shipping_addresses) == (None, [])


def test_what_a_guest_removes_after_proving_the_email_stays_removed_when_the_order_is_paid(store: Store) -> None:
    take(store, payment_status="awaiting_payment", **STRANGERS)
    customers.change(
        store, holder(store).id, lambda c: c.model_copy(update={"email_status": "proven", "phone": None}), NOW
    )
    take(store, version=2, payment_status="awaiting_payment", payment_method="cash", **STRANGERS)
    take(store, version=3, **STRANGERS)
    assert holder(store).phone is None


def test_an_order_of_a_disabled_customer_is_recorded_and_counted_and_changes_nothing_else(
    store: Store, aws: Any
) -> None:
    new = NewCustomer.model_validate({"email": "ana@example.com", "status": "disabled"})
    before = customers.create(store, new, NOW)
    take(store, name="Ana", phone="+34911222333", shipping_address={"city": "Madrid"}, accepts_marketing=True)
    ana = holder(store)
    assert (ana.orders_count, len(order_lists.of_customer(store, ana.id).items)) == (1, 1)
    told = {"status", "type", "name", "phone", "shipping_addresses", "accepts_marketing"}
    assert ana.model_dump(include=told) == before.model_dump(include=told)


def test_a_new_shipping_address_joins_the_book_and_a_known_one_does_not(store: Store) -> None:
    home, work = {"street": "Calle Mayor 1", "city": "Madrid"}, {"street": "Gran Vía 2", "city": "Madrid"}
    take(store, id="1", shipping_address=home)
    take(store, id="2", shipping_address=work)
    take(store, id="3", shipping_address={"street": " calle MAYOR 1 ", "city": "madrid"})
    book = holder(store).shipping_addresses
    assert [(address.street, address.is_default) for address in book] == [
        ("calle MAYOR 1", True),  # as the newest order has it
        ("Gran Vía 2", False),
    ]
    assert len({address.id for address in book}) == 2


def test_a_full_book_and_a_full_customer_take_the_order_alone(store: Store) -> None:
    addresses = [{"street": f"Street {number}"} for number in range(50)]
    new = NewCustomer.model_validate({"email": "ana@example.com", "shipping_addresses": addresses})
    customers.create(store, new, NOW)
    take(store, shipping_address={"street": "Street 51"})
    assert (holder(store).orders_count, len(holder(store).shipping_addresses)) == (1, 50)
    notes = {f"f{number}": "€" * 1000 for number in range(50)}
    tags = [f"{'€' * 50}{number:03}" for number in range(100)]
    big = [
        dict.fromkeys(("name", "company", "street", "street2", "city"), "€" * 190) | {"region": f"{n}"}
        for n in range(7)
    ]
    full = {"email": "ben@example.com", "custom_fields": notes, "tags": tags, "shipping_addresses": big}
    customers.create(store, NewCustomer.model_validate(full), NOW)
    shipping = dict.fromkeys(("name", "company", "street", "street2", "city"), "€" * 190)
    for number in range(3):
        take(store, id=f"big{number}", email="ben@example.com", shipping_address=shipping | {"region": f"new {number}"})
    ben = holder(store, "ben@example.com")
    assert (ben.orders_count, len(ben.shipping_addresses) < 10) == (3, True)


def test_a_later_version_brings_nothing_back_that_its_customer_has_taken_out(store: Store) -> None:
    told = {"phone": "+34911222333", "shipping_address": {"city": "Madrid"}}
    take(store, payment_status="awaiting_payment", **told)
    ana = customers.patch(store, holder(store).id, {"phone": None, "shipping_addresses": []}, NOW)
    take(store, version=2, **told)
    assert (holder(store).orders_count, holder(store).phone, holder(store).shipping_addresses) == (1, None, [])
    take(store, version=3, **told | {"phone": "+34911222444"})
    assert (holder(store).phone, holder(store).shipping_addresses) == (None, [])
    assert holder(store).id == ana.id


def test_what_an_account_cannot_take_does_not_lose_the_order(store: Store) -> None:
    typed = {"street": "Calle 1", "country": "Atlantis", "phone": "12"}
    take(store, phone="+453 3331 9991", vat_id="ESX", language="Klingon!", name="Ana", billing_address=typed)
    ana = holder(store)
    assert (ana.name, ana.phone, ana.vat_id, ana.language) == ("Ana", None, None, None)
    assert ana.billing_address
    assert ana.billing_address.model_dump(exclude_none=True) == {"street": "Calle 1"}
    kept = orders.get(store, ana.id, "1001")
    assert (kept.phone, kept.vat_id) == ("+453 3331 9991", "ESX")
    assert kept.billing_address
    assert kept.billing_address.country == "Atlantis"


@pytest.mark.parametrize(("typed", "language"), [("de_DE_formal", "de-DE"), ("es_ES.UTF-8", "es-ES"), ("fr-ZZ", "fr")])
def test_a_language_is_read_as_shops_write_it(store: Store, typed: str, language: str) -> None:
    take(store, language=typed)
    assert holder(store).language == language


def test_an_order_follows_its_new_email_and_both_accounts_are_right(store: Store) -> None:
    take(store, id="1", total="5", placed_at="2026-01-01T00:00:00Z")
    take(store, id="2", total="7", placed_at="2026-02-01T00:00:00Z")
    take(store, id="2", total="8", placed_at="2026-02-01T00:00:00Z", version=2, email="ben@example.com")
    ana, ben = holder(store), holder(store, "ben@example.com")
    assert (ana.orders_count, ben.orders_count) == (1, 1)
    assert ana.last_order_at == order(placed_at="2026-01-01T00:00:00Z").placed_at
    assert str(ben.total_spent[0].amount) == "8.00"
    with pytest.raises(OrderNotFoundError):
        orders.get(store, ana.id, "2")
    assert orders.get(store, ben.id, "2").version == 2


def test_a_known_order_without_email_keeps_the_one_it_had(store: Store) -> None:
    take(store, total="80")
    take(store, version=2, total="80", payment_status="refunded", email=None)
    ana = holder(store)
    assert figures(ana)[:2] == (0, {})
    assert orders.get(store, ana.id, "1001").email == "ana@example.com"
    take(store, version=3, total="80", email=None, fulfillment_status="returned")
    assert orders.get(store, ana.id, "1001").version == 3


def test_an_order_that_never_had_an_email_is_listed_without_account_until_it_gets_one(store: Store) -> None:
    assert take(store, id="1", email=None, placed_at="2026-01-01T00:00:00Z")
    assert take(store, id="2", email=None, payment_status="cancelled")
    assert not take(store, id="2", email=None)
    assert take(store, id="2", version=2, email=None, fulfillment_status="shipped")
    assert customer_search.count(store) == 0
    first = order_lists.without_email(store, 1)
    second = order_lists.without_email(store, 1, first.next_cursor)
    assert [(made.id, made.version) for made in first.items + second.items] == [("2", 2), ("1", 1)]
    take(store, id="1", version=2, placed_at="2026-02-01T00:00:00Z")
    assert figures(holder(store))[:2] == (1, {"USD": ("49.90", 1)})
    assert [made.id for made in order_lists.without_email(store).items] == ["2"]


def test_an_email_that_comes_late_in_an_earlier_version_is_used(store: Store) -> None:
    take(store, version=2, total="7", email=None)
    assert take(store, version=1, total="5")
    ana = holder(store)
    assert (figures(ana)[:2], orders.get(store, ana.id, "1001").version) == ((1, {"USD": ("7.00", 1)}), 2)
    assert order_lists.without_email(store).items == []
    assert not take(store, version=1, total="5", email="ben@example.com")


def test_a_version_without_email_has_that_of_the_newest_version_before_it_in_any_order(aws: Any) -> None:
    told: list[dict[str, Any]] = [
        {"version": 1, "email": "ana@example.com"},
        {"version": 2, "email": "ben@example.com"},
        {"version": 3, "email": None, "total": "7"},
        {"version": 4, "email": None, "total": "7", "fulfillment_status": "shipped"},
    ]
    for number, shuffled in enumerate(permutations(told)):
        store = stores.create(f"store-{number}", StoreSettings(name="Demo"), NOW)
        for fields in (*shuffled, *shuffled):
            take(store, **fields)
        ben = holder(store, "ben@example.com")
        assert figures(ben)[:2] == (1, {"USD": ("7.00", 1)}), shuffled
        assert orders.get(store, ben.id, "1001").version == 4


def test_an_order_stays_with_its_customer_when_the_account_changes_its_email(store: Store) -> None:
    take(store)
    ana = holder(store)
    customers.patch(store, ana.id, {"email": "ana@new.example.com"}, NOW)
    take(store, version=2, fulfillment_status="shipped")
    assert orders.get(store, ana.id, "1001").fulfillment_status == "shipped"
    assert customers.find(store, "ana@example.com", clock.now()) is None


def test_a_fulfilment_change_alone_leaves_the_account_as_it_is(store: Store) -> None:
    take(store)
    before = holder(store)
    orders.record_version(store, order(version=2, fulfillment_status="delivered"), NOW + timedelta(hours=1))
    after = holder(store)
    assert after.updated_at == before.updated_at
    assert after.model_copy(update={"version": before.version}) == before


def test_notes_are_stored_with_their_order(store: Store) -> None:
    made = order().model_dump(mode="json", exclude_none=True)
    assert failures(batch(json.dumps({"store_id": store.id, "order": made | {"billing_address": []}}))) == []
    assert orders.get(store, holder(store).id, "1001").notes == ["billing_address: Use an object."]


def test_the_largest_order_fits_its_item(store: Store) -> None:
    largest = order(payment_method="€" * 87_300)
    assert (
        order_messages.MAX_BYTES - 300
        < len(largest.model_dump_json(exclude_none=True).encode())
        <= order_messages.MAX_BYTES
    )
    assert orders.record_version(store, largest, NOW)
    assert orders.get(store, holder(store).id, "1001").payment_method == largest.payment_method
    assert holder(store).last_payment_method == "€" * 200
