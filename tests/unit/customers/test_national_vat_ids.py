"""VAT IDs without the letters of their country: read with an address, else with the store."""

from datetime import UTC, datetime
from typing import Any

import pytest

from clientela.customers import customer_input, customers
from clientela.errors import InvalidInputError
from clientela.orders import order_profile
from clientela.orders.order_fields import Order
from clientela.stores.stores import Store

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SPAIN = Store(id="demo", name="Demo", country="ES", currency="EUR", created_at=NOW, updated_at=NOW)
ITALIAN = "00743110157"


@pytest.mark.parametrize(
    ("fields", "vat_id"),
    [
        ({"vat_id": "B-12345674"}, "ESB12345674"),
        ({"vat_id": ITALIAN, "billing_address": {"country": "IT"}}, f"IT{ITALIAN}"),
        ({"vat_id": ITALIAN, "shipping_addresses": [{"country": "IT", "city": "Roma"}]}, f"IT{ITALIAN}"),
        (
            {
                "vat_id": "B12345674",
                "billing_address": {"country": "ES"},
                "shipping_addresses": [{"country": "IT", "city": "Roma"}],
            },
            "ESB12345674",
        ),
        ({"vat_id": f"IT{ITALIAN}"}, f"IT{ITALIAN}"),
    ],
)
def test_the_country_of_the_billing_address_counts_most(fields: dict[str, Any], vat_id: str) -> None:
    new = customer_input.parse_new(SPAIN, {"email": "ana@example.com"} | fields)
    assert new.vat_id == vat_id
    assert customers.build(new, NOW, "merchant").vat_id_status == "pending"


def test_wrong_check_digits_are_refused_at_the_field() -> None:
    with pytest.raises(InvalidInputError) as refused:
        customer_input.parse_new(SPAIN, {"email": "ana@example.com", "vat_id": "B12345670"})
    assert [field.pointer for field in refused.value.fields] == ["/vat_id"]


def test_the_same_number_without_its_letters_is_no_change() -> None:
    new = customer_input.parse_new(SPAIN, {"email": "ana@example.com", "vat_id": "B12345674"})
    valid = customers.build(new, NOW, "merchant").model_copy(update={"vat_id_status": "valid"})
    assert customer_input.apply_patch(valid, {"vat_id": "b 1234567-4"}, "ES") == valid
    moved = customer_input.apply_patch(valid, {"billing_address": {"country": "IT"}}, "ES")
    assert (moved.vat_id, moved.vat_id_status) == ("ESB12345674", "valid")


def test_a_number_that_cannot_be_checked_is_not_asked_for_again() -> None:
    new = customer_input.parse_new(SPAIN, {"email": "ana@example.com", "vat_id": "GB980780684"})
    before = customers.build(new, NOW, "merchant").model_copy(update={"vat_id_status": "not_checkable"})
    assert customer_input.apply_patch(before, {"vat_id": "GB980780684"}, "ES").vat_id_status == "not_checkable"


@pytest.mark.parametrize(("typed", "vat_id"), [(ITALIAN, f"IT{ITALIAN}"), ("00743110158", None)])
def test_an_order_gives_the_number_of_its_billing_address(typed: str, vat_id: str | None) -> None:
    fields = {"id": "1", "version": 1, "placed_at": NOW, "email": "ana@example.com", "currency": "EUR", "total": "1.00"}
    address = {"country": "Italia", "city": "Roma"}
    order = Order.model_validate(
        fields | {"payment_status": "paid", "vat_id": typed, "billing_address": address, "name": "Ana"}
    )
    customer = order_profile.customer_from_order(order, "ES")
    assert (customer.vat_id, customer.name) == (vat_id, "Ana")
