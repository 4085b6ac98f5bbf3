"""Languages, currencies and countries of phones are checked with their registries."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from clientela import clock
from clientela.csv import csv_headers
from clientela.customers import customer_input, customers, store_settings
from clientela.customers.customer_fields import NewCustomer
from clientela.errors import InvalidInputError
from clientela.imports import import_rows
from clientela.orders import order_profile
from clientela.orders.order_fields import Order
from clientela.schema import currencies, languages
from clientela.storefront import own_account
from clientela.stores.stores import Store


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("es", "es"),
        ("ES", "es"),
        ("pt_br", "pt-BR"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("yue", "yue"),
        ("spa", "es"),
        ("ger-AT", "de-AT"),
        ("iw", "he"),
        ("in-ID", "id-ID"),
        ("en-UK", "en-GB"),
        ("en-840", "en-US"),
        ("sh", "sr"),
        ("no", "no"),
        ("nb-NO", "nb-NO"),
        ("de_DE_formal", "de-DE"),
        ("en-US@posix", "en-US"),
        ("es_ES.UTF-8", "es-ES"),
        ("ca_ES.UTF-8@valencia", "ca-ES"),
        (" sr_RS@latin ", "sr-RS"),
        ("de-CH-1996", "de-CH"),
        ("ca-valencia", "ca"),
        ("en-US-u-ca-buddhist", "en-US"),
        ("zh-Hans-CN-x-own", "zh-Hans-CN"),
    ],
)
def test_a_language_is_written_in_its_usual_spelling(written: str, tag: str) -> None:
    assert languages.tag(written) == tag


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("xx", "“xx” is not a language"),
        ("qq-ZZ", "“qq” is not a language"),
        ("und", "not a language"),
        ("en-ZZ", "“ZZ” is not a region"),
        ("es-999", "“999” is not a region"),
        ("en-AA", "“AA” is not a region"),
        ("zh-Abcd", "“Abcd” is not a script"),
        ("spanish", "BCP 47"),
        ("", "BCP 47"),
        ("@euro", "BCP 47"),
        ("C.UTF-8", "BCP 47"),
    ],
)
def test_what_no_registry_knows_is_no_language(written: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        languages.tag(written)


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("de_DE_formal", "de-DE"),
        ("en-ZZ", "en"),
        ("zh-Abcd-TW", "zh"),
        ("IW", "he"),
        ("", None),
        ("  ", None),
        ("garbage", None),
        ("xx", None),
        ("*", None),
        ("C", None),
        ("\x00", None),
        ("e" * 10_000, None),
        (None, None),
        (5, None),
        (["es"], None),
        ({"a": 1}, None),
    ],
)
def test_a_shoppers_language_is_read_as_far_as_possible(value: Any, tag: str | None) -> None:
    assert languages.best_effort(value) == tag


def test_every_two_letter_language_of_iso_639_is_known() -> None:
    codes = languages._registry()["languages"]
    assert len([code for code in codes if len(code) == 2]) >= 183
    assert not {heir for heir in codes.values() if heir} - codes.keys()


def test_a_currency_is_one_of_iso_4217() -> None:
    kind: TypeAdapter[str] = TypeAdapter(currencies.Currency)
    assert [kind.validate_python(code) for code in ("EUR", "HRK", "CLF", "VED")] == ["EUR", "HRK", "CLF", "VED"]
    for code in ("ABC", "XXX", "XTS", "XAU", "EURO", "eur", ""):
        with pytest.raises(ValidationError):
            kind.validate_python(code)
    assert {code for code, _ in currencies._DECIMALS.items()} <= currencies._codes() | {"UYI"}


def test_settings_take_real_codes_only(store: Store) -> None:
    for field, value in (("currency", "ABC"), ("language", "xx")):
        with pytest.raises(InvalidInputError) as refused:
            store_settings.change_settings(store.id, {field: value}, clock.now())
        assert refused.value.fields[0].pointer == f"/{field}"


TYPED = "911 222 333"
SPANISH, FRENCH = "+34911222333", "+33911222333"


@pytest.fixture
def spanish(store: Store) -> Store:
    """A store in Spain."""
    return store_settings.change_settings(store.id, {"country": "ES"}, clock.now())


@pytest.mark.parametrize(
    ("fields", "phone"),
    [
        ({}, SPANISH),
        ({"billing_address": {"city": "Vigo"}}, SPANISH),
        ({"billing_address": {"country": "FR"}}, FRENCH),
        ({"shipping_addresses": [{"city": "x"}, {"country": "FR", "is_default": True}]}, FRENCH),
        ({"billing_address": {"city": "x"}, "shipping_addresses": [{"country": "FR"}]}, FRENCH),
    ],
)
def test_a_phone_is_read_with_its_address_else_with_the_store(
    spanish: Store, fields: dict[str, Any], phone: str
) -> None:
    sent = customer_input.parse_new(spanish, {"email": "ana@example.com", "phone": TYPED} | fields)
    customer = customers.create(spanish, sent, clock.now())
    assert customer.phone == phone
    bea = customers.create(spanish, NewCustomer.model_validate({"email": "bea@example.com"} | fields), clock.now())
    assert customers.patch(spanish, bea.id, {"phone": TYPED}, clock.now()).phone == phone


def test_a_phone_of_an_address_is_read_with_the_store_where_the_address_says_nothing(spanish: Store) -> None:
    book = [{"city": "Vigo", "phone": TYPED}, {"country": "FR", "phone": TYPED}]
    sent = customer_input.parse_new(spanish, {"email": "ana@example.com", "shipping_addresses": book})
    assert [address.phone for address in sent.shipping_addresses] == [SPANISH, FRENCH]
    customer = customers.create(spanish, sent, clock.now())
    after = own_account.patch(spanish, customer.id, {"billing_address": {"phone": TYPED}}, clock.now())
    assert after.billing_address is not None
    assert after.billing_address.phone == SPANISH


def test_orders_and_imports_read_phones_with_the_store(spanish: Store) -> None:
    order = Order.model_validate(
        {
            "id": "1",
            "version": 1,
            "placed_at": "2026-11-21T10:00:00Z",
            "email": "ana@example.com",
            "currency": "EUR",
            "total": "1",
            "payment_status": "paid",
            "phone": TYPED,
            "shipping_address": {"country": "FR", "phone": TYPED},
            "billing_address": {"city": "Vigo", "phone": TYPED},
        }
    )
    filled = order_profile.customer_from_order(order, spanish.country)
    assert filled.billing_address is not None
    assert (filled.phone, filled.billing_address.phone, filled.shipping_addresses[0].phone) == (FRENCH, SPANISH, FRENCH)
    columns = csv_headers.recognise(["email", "phone"])
    row = import_rows.parse_row(2, ["ana@example.com", TYPED], columns)
    assert (
        import_rows.create_customer(
            row, "cus_1", columns, clock.now(), import_rows.StoreContext(country="ES")
        ).customer.phone
        == SPANISH
    )
    assert import_rows.create_customer(row, "cus_1", columns, clock.now()).customer.phone is None


def test_without_any_country_a_phone_needs_its_prefix(store: Store) -> None:
    with pytest.raises(InvalidInputError) as refused:
        customer_input.parse_new(store, {"email": "ana@example.com", "phone": TYPED})
    assert (refused.value.fields[0].pointer, "give a country" in refused.value.fields[0].message) == ("/phone", True)
