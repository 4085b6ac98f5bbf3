"""The columns of exported files: of customers, of orders and of order items, and their headers."""

import difflib
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

from clientela.csv import csv_columns
from clientela.csv.csv_columns import Kind
from clientela.errors import FieldError, InvalidInputError
from clientela.schema import currencies
from clientela.sentences import Sentence

What = Literal["customers", "orders", "order_items"]

MAX_COLUMNS = 200
_ADDRESSES = {"billing_address": "billing", "shipping_address": "shipping"}
_BY_CURRENCY = re.compile(r"(total_spent|total|amount)\.([A-Z]{3})")


class ExportColumn(NamedTuple):
    """A column: its name, how its value is printed, and the field of a document that has it.

    `name` is what an export is asked for, and the English header. `currency` is that of a column
    with the amounts of one currency.
    """

    name: str
    kind: Kind
    parent: str = ""
    field: str = ""
    currency: str = ""


def _of_customers() -> tuple[ExportColumn, ...]:
    return tuple(
        ExportColumn(column.header, column.kind, column.parent, column.name)
        for column in csv_columns.EXPORTED
        if column.kind
    )


def _address(parent: str) -> tuple[ExportColumn, ...]:
    fields = ("name", "company", "street", "street2", "city", "postal_code", "region", "country", "phone")
    return tuple(
        ExportColumn(f"{_ADDRESSES[parent]}_{field}", "code" if field == "postal_code" else "text", parent, field)
        for field in fields
    )


_MONEY_OF_ORDERS = (ExportColumn("currency", "word"), ExportColumn("total", "amount"))
_ORDERS = (
    ExportColumn("order_id", "text", field="id"),
    ExportColumn("number", "text"),
    ExportColumn("placed_at", "time"),
    ExportColumn("updated_at", "time"),
    ExportColumn("version", "count"),
    ExportColumn("payment_status", "word"),
    ExportColumn("fulfillment_status", "word"),
    ExportColumn("payment_method", "text"),
    *_MONEY_OF_ORDERS,
    ExportColumn("items_count", "count"),
    ExportColumn("customer_id", "word"),
    ExportColumn("email", "text"),
    ExportColumn("name", "text"),
    ExportColumn("phone", "text"),
    ExportColumn("language", "text"),
    ExportColumn("vat_id", "text"),
    ExportColumn("accepts_marketing", "flag"),
    *_address("billing_address"),
    *_address("shipping_address"),
    ExportColumn("notes", "list"),
)
_ORDER_ITEMS = (
    ExportColumn("order_id", "text", field="id"),
    ExportColumn("number", "text"),
    ExportColumn("placed_at", "time"),
    ExportColumn("payment_status", "word"),
    ExportColumn("fulfillment_status", "word"),
    ExportColumn("customer_id", "word"),
    ExportColumn("email", "text"),
    ExportColumn("position", "count"),
    ExportColumn("sku", "text"),
    ExportColumn("item_name", "text"),
    ExportColumn("quantity", "amount"),
    ExportColumn("currency", "word"),
    ExportColumn("price", "amount"),
    ExportColumn("amount", "amount"),
)
COLUMNS: dict[What, tuple[ExportColumn, ...]] = {
    "customers": _of_customers(),
    "orders": _ORDERS,
    "order_items": _ORDER_ITEMS,
}
# The columns that an import reads: a file of these goes from one store into another.
IMPORTABLE = tuple(column.header for column in csv_columns.EXPORTED if column.parse)


def names(what: What) -> tuple[str, ...]:
    """Return the names of all columns, in the order of a file that names none."""
    return tuple(column.name for column in COLUMNS[what])


def choose(what: What, chosen: Sequence[str] | None) -> tuple[ExportColumn, ...]:
    """Return the chosen columns in their order; without a choice all of them.

    `total_spent.EUR`, `total.EUR` and `amount.EUR` are the amounts of one currency.

    Raises:
        InvalidInputError: a column is unknown or named twice.
    """
    if chosen is None:
        return COLUMNS[what]
    known = {column.name: column for column in COLUMNS[what]}
    found = [known.get(name) or _of_currency(known, name) for name in chosen]
    errors = [
        FieldError(
            f"/columns/{index}", _complaint(what, name) if column is None else Sentence("This column is named twice.")
        )
        for index, (name, column) in enumerate(zip(chosen, found, strict=True))
        if column is None or name in chosen[:index]
    ]
    if errors or not found:
        raise InvalidInputError(fields=errors or [FieldError("/columns", Sentence("Name at least one column."))])
    return tuple(column for column in found if column)


def parse_names(text: str, what: What) -> list[str]:
    """Return the names in a text such as `email, name`; `importable` is the columns of an import.

    Raises:
        InvalidInputError: as `choose`.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    found = [name for part in parts for name in (IMPORTABLE if part == "importable" else (part,))]
    choose(what, found)
    return found


def header(what: What, column: ExportColumn, language: str) -> str:
    """Return the header of a column in a language; in English it is the column's name."""
    if language == "en":
        return column.name.lower().replace(".", "_")
    base = _header(what, column.name.partition(".")[0], column, language)
    return f"{base} {column.currency}" if column.currency else base


def _header(what: What, name: str, column: ExportColumn, language: str) -> str:
    if column.parent in _ADDRESSES:
        pattern = _headers()["address_of"][_ADDRESSES[column.parent]][language]
        return pattern.format(_headers()["address"][column.field][language])
    return _headers()["customers" if what == "customers" else "orders"][name][language]


def _of_currency(known: dict[str, ExportColumn], name: str) -> ExportColumn | None:
    match = _BY_CURRENCY.fullmatch(name)
    if match is None or match[1] not in known:
        return None
    try:
        currencies.require_known(match[2])
    except ValueError:
        return None
    return ExportColumn(name, "amount", currency=match[2])


def _complaint(what: What, name: str) -> Sentence:
    similar = difflib.get_close_matches(name.lower(), names(what), n=1, cutoff=0.6)
    if similar:
        return Sentence("Unknown column “{name}”: perhaps you mean “{similar}”.", name=name, similar=similar[0])
    return Sentence("Unknown column “{name}”. Use {names}.", name=name, names=names(what))


@cache
def _headers() -> dict[str, dict[str, dict[str, str]]]:
    """Return the headers by column and language; an English file reads none."""
    text = files("clientela.exports").joinpath("column_headers.json").read_text("utf-8")
    headers: dict[str, dict[str, dict[str, str]]] = json.loads(text)
    return headers
