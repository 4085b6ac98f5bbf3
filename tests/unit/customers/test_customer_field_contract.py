"""Every field of a customer has an answer in every room: the room uses it, or leaves it out by name."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from tests.support import export_lines

from clientela.csv import csv_columns
from clientela.customers import customer_filter
from clientela.customers.customer_fields import Customer, CustomerFields
from clientela.customers.customer_records import record
from clientela.lifecycle import merges
from clientela.orders import order_fills, order_profile
from clientela.orders.order_fields import Order
from clientela.storefront import own_account
from clientela.stores.stores import Store

NOW = datetime(2026, 11, 21, tzinfo=UTC)
STORE = Store(id="demo", name="Demo", country="ES", currency="EUR", created_at=NOW, updated_at=NOW)

# A value of each field that differs from the default. A field without a sample gets a text.
SAMPLES: dict[str, Any] = {
    "language": "es",
    "status": "disabled",
    "groups": ["grp_1"],
    "primary_group": "grp_1",
    "tags": ["vip"],
    "external_ids": {"shopify": "6543"},
    "tax_exempt": True,
    "tax_exemption": {"reason": "diplomat"},
    "vat_id": "ESB12345674",
    "accepts_marketing": True,
    "marketing_consent": {"state": "subscribed", "source": "form", "at": "2026-11-21T10:00:00Z"},
    "billing_address": {"city": "Vigo", "country": "ES"},
    "shipping_addresses": [{"city": "Vigo", "country": "ES"}],
    "phone": "+34911222333",
    "custom_fields": {"size": "XL"},
}
NEEDED = {
    "primary_group": {"groups": ["grp_1"]},
    "marketing_consent": {"accepts_marketing": True},
}  # other fields that a field's value depends on
ORDER = Order.model_validate(
    {
        "id": "1",
        "version": 1,
        "placed_at": "2026-01-01T00:00:00Z",
        "email": "ana@example.com",
        "currency": "EUR",
        "total": "1.00",
        "payment_status": "paid",
        "name": "Ana",
        "phone": "+34911222333",
        "language": "es",
        "vat_id": "ESB12345674",
        "accepts_marketing": True,
        "billing_address": {"city": "Vigo", "country": "ES"},
        "shipping_address": {"city": "Vigo", "country": "ES"},
    }
)


def customer(**fields: Any) -> Customer:
    needed = {"id": "cus_1", "email": "ana@example.com", "created_at": NOW, "updated_at": NOW}
    return Customer.model_validate(needed | fields)


def without_and_with(field: str) -> tuple[Customer, Customer]:
    """Two customers that differ only in the field."""
    needed = NEEDED.get(field, {})
    return customer(**needed), customer(**needed | {field: SAMPLES.get(field, "text")})


def is_merged(field: str) -> bool:
    target, source = without_and_with(field)
    return bool(getattr(merges.combine(STORE, source, target), field) != getattr(target, field))


def is_exported(field: str) -> bool:
    without, with_field = (export_lines.cells_of(record(STORE, each).serialize()) for each in without_and_with(field))
    return without != with_field


def is_imported(field: str) -> bool:
    parents = {(column.parent or column.name) for column in csv_columns.IMPORTED.values()}
    return field.replace("addresses", "address") in parents


def is_in_own_view(field: str) -> bool:
    return field in own_account.Account.model_fields


def is_filled(field: str) -> bool:
    before = customer()
    return bool(getattr(order_fills.fill(before, ORDER, "ES"), field) != getattr(before, field))


def is_filtered(field: str) -> bool:
    without, with_field = (record(STORE, each).serialize() for each in without_and_with(field))
    return any(without.get(name) != with_field.get(name) for name in ("facets", "search", "exempt_until"))


class Room(NamedTuple):
    """What a room does with a field, the fields that it leaves out by name, and where to complete them."""

    verb: str
    uses: Callable[[str], bool]
    left_out: Mapping[str, str]
    to_complete: str


ROOMS = (
    Room("merged", is_merged, merges.NOT_MERGED, "`combine` or NOT_MERGED in lifecycle/merges.py"),
    Room("exported", is_exported, csv_columns.NOT_EXPORTED, "COLUMNS or NOT_EXPORTED in csv/csv_columns.py"),
    Room(
        "imported",
        is_imported,
        csv_columns.NOT_IMPORTED,
        "COLUMNS in csv/csv_columns.py with header names in csv/csv_header_names.py, or NOT_IMPORTED",
    ),
    Room(
        "shown to its owner",
        is_in_own_view,
        own_account.NOT_IN_OWN_VIEW,
        "AccountFields or NOT_IN_OWN_VIEW in storefront/own_account.py",
    ),
    Room(
        "filled by orders",
        is_filled,
        order_profile.NOT_FILLED,
        "`customer_from_order` (and ORDER of this test) or NOT_FILLED in orders/order_profile.py",
    ),
    Room(
        "filtered by",
        is_filtered,
        customer_filter.NOT_FILTERED,
        "CustomerFilter and customers/customer_facets.py, or NOT_FILTERED in customers/customer_filter.py",
    ),
)


@pytest.mark.parametrize("field", CustomerFields.model_fields)
def test_every_room_uses_a_field_or_leaves_it_out_by_name(field: str) -> None:
    missing = [room for room in ROOMS if not room.uses(field) and field not in room.left_out]
    lists = "".join(f"\n- {room.verb}: complete {room.to_complete}" for room in missing)
    if missing:
        pytest.fail(f"Decide whether the field `{field}` is …{lists}", pytrace=False)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.verb)
def test_what_a_room_leaves_out_by_name_is_a_field_that_it_does_not_use(room: Room) -> None:
    assert set(room.left_out) <= set(CustomerFields.model_fields)
    assert [field for field in room.left_out if room.uses(field)] == []
    assert all(room.left_out.values())
