"""The columns of an export: those of the import first, so that a file goes back in unchanged, then what only we know.

A row is made straight from the stored item: the model would take longer than all the rest of an export.
"""

from collections.abc import Mapping
from typing import Any

from clientela.csv.csv_cells import escape
from clientela.customers.customer_records import customer_json
from clientela.table.dynamodb import Item

_ADDRESS = ("name", "company", "street", "street2", "city", "postal_code", "region", "country", "phone")

_NAMES = ("email", "name", "first_name", "last_name", "company", "phone", "language", "status")
_WRITABLE = (
    *_NAMES, "groups", "tags", "tax_exempt", "vat_id", "accepts_marketing", "note",
    *(f"billing_{name}" for name in _ADDRESS), *(f"shipping_{name}" for name in _ADDRESS), "created_at",
)  # fmt: skip
_TIMES = (
    "first_order_at", "last_order_at", "last_order_status", "last_payment_method", "last_sign_in_at", "source",
    "updated_at",
)  # fmt: skip
_READ_ONLY = (
    "id", "type", "email_status", "vat_id_status", "orders_count", "total_spent", "average_order_value", *_TIMES,
)  # fmt: skip

COLUMNS = _WRITABLE + _READ_ONLY

_NOTHING: dict[str, Any] = {}


def cells(profile: Item, codes: Mapping[str, str]) -> list[str]:
    """The row of a stored profile. Yes and no, lists with `; `, times as the API has them, money as `49.62 USD`.

    `codes` are the codes of the store's groups by their ids: groups are written by code, one without by its id.
    """
    fields = customer_json(profile)
    return [
        *_texts(fields, _NAMES),
        escape("; ".join(codes.get(group, group) for group in fields["groups"])),
        escape("; ".join(fields["tags"])),
        _flag(fields, "tax_exempt"),
        *_texts(fields, ("vat_id",)),
        _flag(fields, "accepts_marketing"),
        *_texts(fields, ("note",)),
        *_texts(fields["billing_address"] or _NOTHING, _ADDRESS),
        *_texts(_shipping_address(fields), _ADDRESS),
        *_texts(fields, ("created_at", "id", "type", "email_status", "vat_id_status")),
        str(fields["orders_count"]),
        "; ".join(map(_money, fields["total_spent"])),
        _money(fields["average_order_value"]) if fields["average_order_value"] else "",
        *_texts(fields, _TIMES),
    ]


def _texts(fields: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    return [escape(fields.get(name) or "") for name in names]


def _flag(fields: dict[str, Any], name: str) -> str:
    return "" if fields[name] is None else "yes" if fields[name] else "no"


def _shipping_address(fields: dict[str, Any]) -> dict[str, Any]:
    """The default address of the address book, or its first: the one that an import writes to."""
    book: list[dict[str, Any]] = fields["shipping_addresses"] or [_NOTHING]
    return next((address for address in book if address.get("is_default")), book[0])


def _money(money: dict[str, Any]) -> str:
    return f"{money['amount']} {money['currency']}"
