"""The addresses of an import's row: merged into the billing address, and into the default one of the address book."""

from collections.abc import Mapping
from typing import Any

from clientela.csv.csv_columns import Columns
from clientela.customers.customer_fields import Customer
from clientela.imports import row_notes
from clientela.imports.row_notes import RowIssue
from clientela.schema import phones

_ADDRESSES = {"billing_address", "shipping_addresses"}


def addresses(
    values: Mapping[str, str], changes: dict[str, Any], before: Customer | None, columns: Columns, country: str | None
) -> tuple[dict[str, Any], list[RowIssue]]:
    """The changed addresses, as parts of a JSON Merge Patch, and what was left out of them.

    Phones, that of `changes` too, are brought to E.164 by their address's country, else by the store's `country`, or
    taken out.
    """
    stored = before.model_dump(mode="json", exclude_none=True, include=_ADDRESSES) if before else {}
    book = stored.get("shipping_addresses", [])
    billing, shipping = _address(values, "billing_address"), _address(values, "shipping_address")
    at_home = _country(billing, stored.get("billing_address"))
    away = _country(shipping, _default(book))
    places = (
        (changes, at_home or away or country, "phone"),
        (billing, at_home or country, "billing_address.phone"),
        (shipping, away or country, "shipping_address.phone"),
    )
    notes = [_drop_impossible_phone(place, read_with, columns.header(field)) for place, read_with, field in places]
    found: dict[str, Any] = {"billing_address": billing} if billing else {}
    return found | ({"shipping_addresses": _book(book, shipping)} if shipping else {}), list(filter(None, notes))


def _address(values: Mapping[str, str], kind: str) -> dict[str, Any]:
    """The address's filled fields; a first and last name, which addresses of other systems have, become the name."""
    parts = {name.removeprefix(f"{kind}."): text for name, text in values.items() if name.startswith(f"{kind}.")}
    names = [parts.pop(name) for name in ("first_name", "last_name") if name in parts]
    parts.pop("email", None)
    if names:
        parts.setdefault("name", " ".join(names))
    return parts


def _book(book: list[dict[str, Any]], changes: dict[str, Any]) -> list[dict[str, Any]]:
    """The address book with its default address changed, or with its first address."""
    default = _default(book)
    if default is None:
        return [changes | {"is_default": True}]
    return [address | changes if address is default else address for address in book]


def _default(book: list[dict[str, Any]]) -> dict[str, Any] | None:
    return next((address for address in book if address.get("is_default")), book[0] if book else None)


def _country(changes: dict[str, Any], before: dict[str, Any] | None) -> str | None:
    """The country by which an address's phone is read."""
    country: str | None = changes.get("country") or (before or {}).get("country")
    return country


def _drop_impossible_phone(place: dict[str, Any], country: str | None, header: str) -> RowIssue | None:
    if "phone" not in place:
        return None
    try:
        # An apostrophe keeps Excel from making it a number.
        place["phone"] = phones.to_e164(place["phone"].lstrip("'"), country)
    except ValueError as error:
        del place["phone"]
        return row_notes.left_out(header, "phone_invalid", str(error))
    return None
