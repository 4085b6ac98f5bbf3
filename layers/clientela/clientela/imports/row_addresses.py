"""Merge an import row's addresses into the billing address and the default shipping address."""

from collections.abc import Mapping
from typing import Any

from clientela.csv.csv_headers import FileColumns
from clientela.customers.addresses import default_address
from clientela.customers.customer_fields import Customer
from clientela.imports import row_issues
from clientela.imports.row_issues import RowIssue
from clientela.schema import phones, vat_ids
from clientela.sentences import reason_of

_NOTHING: dict[str, Any] = {}
_ADDRESSES = {"billing_address", "shipping_addresses"}


def merge_addresses(
    values: Mapping[str, Any],
    changes: dict[str, Any],
    before: Customer | None,
    columns: FileColumns,
    country: str | None,
) -> tuple[dict[str, Any], list[RowIssue]]:
    """Return the changed addresses as parts of a JSON Merge Patch, and issues of cells left out.

    Phones, including the one in `changes`, are converted to E.164 with the country of their
    address, else with the store's `country`; the VAT ID in `changes` is read with it. What cannot
    be converted is removed.
    """
    stored = before.model_dump(mode="json", exclude_none=True, include=_ADDRESSES) if before else _NOTHING
    book = stored.get("shipping_addresses", [])
    billing, shipping = _address(values, "billing_address"), _address(values, "shipping_address")
    billing_country = _country(billing, stored.get("billing_address"))
    shipping_country = _country(shipping, default_address(book))
    phones_to_convert = (
        (changes, billing_country or shipping_country or country, "phone"),
        (billing, billing_country or country, "billing_address.phone"),
        (shipping, shipping_country or country, "shipping_address.phone"),
    )
    issues = [
        _convert_phone(holder, phone_country, columns, field)
        for holder, phone_country, field in phones_to_convert
        if "phone" in holder
    ]
    if "vat_id" in changes:
        issues.append(_convert_vat_id(changes, billing_country or shipping_country or country, columns))
    patch: dict[str, Any] = {"billing_address": billing} if billing else {}
    return patch | ({"shipping_addresses": _book(book, shipping)} if shipping else {}), list(filter(None, issues))


def _address(values: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the address's filled fields.

    A first and a last name become the name: our addresses have one.
    """
    prefix = f"{kind}."
    parts = {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}
    if not parts:
        return parts
    names = [parts.pop(name) for name in ("first_name", "last_name") if name in parts]
    if names:
        parts.setdefault("name", " ".join(names))
    return parts


def _book(book: list[dict[str, Any]], changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the address book with its default address changed, or with its first address."""
    default = default_address(book)
    if default is None:
        return [changes | {"is_default": True}]
    return [address | changes if address is default else address for address in book]


def _country(changes: dict[str, Any], before: dict[str, Any] | None) -> str | None:
    country: str | None = changes.get("country") or (before or {}).get("country")
    return country


def _convert_vat_id(changes: dict[str, Any], country: str | None, columns: FileColumns) -> RowIssue | None:
    try:
        changes["vat_id"] = vat_ids.normalize(changes["vat_id"], country)
    except ValueError as error:
        del changes["vat_id"]
        return row_issues.left_out(columns.header("vat_id"), "vat_id_invalid", reason_of(error))
    return None


def _convert_phone(holder: dict[str, Any], country: str | None, columns: FileColumns, field: str) -> RowIssue | None:
    try:
        # Excel's users write an apostrophe before a phone to keep it a text.
        holder["phone"] = phones.to_e164(holder["phone"].lstrip("'"), country)
    except ValueError as error:
        del holder["phone"]
        return row_issues.left_out(columns.header(field), "phone_invalid", reason_of(error))
    return None
