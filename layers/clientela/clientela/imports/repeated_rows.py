"""Rows that only repeat what their customer has: recognised from the stored JSON.

It says yes only where applying the row would surely change nothing and warn of nothing. For any
other row the answer is no, and the row is applied. So a rule of the row is never decided here, and
an unchanged row takes a fraction of the time.
"""

from collections.abc import Callable, Mapping
from typing import Any

from clientela.csv import csv_columns
from clientela.customers.addresses import default_address
from clientela.customers.stored_customers import CustomerJson
from clientela.imports.import_rows import Row, StoreContext
from clientela.schema import phones

_ADDRESS = ("name", "company", "street", "street2", "city", "postal_code", "region", "country")
_TEXTS = frozenset(
    (
        "name", "first_name", "last_name", "company", "language", "note", "tags", "accepts_marketing",
        *(f"billing_address.{name}" for name in _ADDRESS),
        *(f"shipping_address.{name}" for name in _ADDRESS),
    )
)  # fmt: skip
_PHONES = frozenset(("phone", "billing_address.phone", "shipping_address.phone"))
_WITHOUT_EFFECT = frozenset(("created_at",))  # on a customer who exists
_REPLACEMENT = "\ufffd"


def repeats(row: Row, stored: CustomerJson, context: StoreContext) -> bool:
    """Return whether a row surely changes nothing of a stored customer."""
    if context.is_guess or not _has_whole_name(row.values):
        return False
    countries = _countries(stored, context)
    for field, text in row.values.items():
        if field in _WITHOUT_EFFECT:
            continue
        holder, name = _holder(field, stored)
        value = holder.get(name) if holder else None
        if value is None or _REPLACEMENT in text or not _is_same(field, text, value, countries.get(field)):
            return False
    return True


def _has_whole_name(values: Mapping[str, str]) -> bool:
    """Return whether the row builds no new full name out of a first and a last name."""
    return "name" in values or not ("first_name" in values or "last_name" in values)


def _holder(field: str, stored: CustomerJson) -> tuple[CustomerJson | None, str]:
    """Return the part of the customer that has a field, and the name of the field in it."""
    kind, dot, name = field.rpartition(".")
    if not dot:
        return stored, field
    if kind == "billing_address":
        return stored.get("billing_address"), name
    return default_address(stored.get("shipping_addresses") or []), name


def _is_same(field: str, text: str, value: Any, country: str | None) -> bool:
    if text == value and field in _TEXTS:
        return True
    parse: Callable[[str], Any] | None = csv_columns.IMPORTED[field].parse
    if parse is None or field not in _TEXTS | _PHONES:
        return False
    try:
        parsed = parse(text)
        return bool((phones.to_e164(parsed, country) if field in _PHONES else parsed) == value)
    except ValueError:
        return False


def _countries(stored: CustomerJson, context: StoreContext) -> dict[str, str | None]:
    """Return the country that each phone is read with, as `row_addresses` does it."""
    billing, _ = _holder("billing_address.country", stored)
    shipping, _ = _holder("shipping_address.country", stored)
    ours, theirs = (billing or {}).get("country"), (shipping or {}).get("country")
    return {
        "phone": ours or theirs or context.country,
        "billing_address.phone": ours or context.country,
        "shipping_address.phone": theirs or context.country,
    }
