"""The columns of an export: those of the import first, so that a file goes back in unchanged, then what only we know.

A row is made straight from the stored item: the model would take longer than all the rest of an export.
"""

from collections.abc import Mapping
from typing import Any

from clientela.csv_cells import escaped
from clientela.dynamodb import Item

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
    fields = profile["customer"]["M"]
    return [
        *_texts(fields, _NAMES),
        escaped("; ".join(codes.get(group, group) for group in _list(fields, "groups"))),
        escaped("; ".join(_list(fields, "tags"))),
        _flag(fields, "tax_exempt"),
        *_texts(fields, ("vat_id",)),
        _flag(fields, "accepts_marketing"),
        *_texts(fields, ("note",)),
        *_texts(fields["billing_address"]["M"] if "billing_address" in fields else _NOTHING, _ADDRESS),
        *_texts(_shipping_address(fields), _ADDRESS),
        *_texts(fields, ("created_at", "id", "type", "email_status", "vat_id_status")),
        fields["orders_count"]["N"] if "orders_count" in fields else "0",
        "; ".join(map(_money, fields["total_spent"]["L"])) if "total_spent" in fields else "",
        _money(fields["average_order_value"]) if "average_order_value" in fields else "",
        *_texts(fields, _TIMES),
    ]


def _texts(fields: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    return [escaped(fields[name]["S"]) if name in fields else "" for name in names]


def _list(fields: dict[str, Any], name: str) -> list[str]:
    return [item["S"] for item in fields[name]["L"]] if name in fields else []


def _flag(fields: dict[str, Any], name: str) -> str:
    return ("yes" if fields[name]["BOOL"] else "no") if name in fields else ""


def _shipping_address(fields: dict[str, Any]) -> dict[str, Any]:
    """The default address of the address book, or its first: the one that an import writes to."""
    if "shipping_addresses" not in fields:
        return _NOTHING
    book = [address["M"] for address in fields["shipping_addresses"]["L"]]
    found: dict[str, Any] = next((address for address in book if address["is_default"]["BOOL"]), book[0])
    return found


def _money(attribute: dict[str, Any]) -> str:
    money = attribute["M"]
    return f"{money['amount']['S']} {money['currency']['S']}"
