"""From stored items to the fields of rows of customers, orders and order items.

A customer's row is built from the stored item: validating the model would take longer than the rest
of an export.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from clientela.customers import stored_customers, tax_exemptions
from clientela.customers.addresses import default_address
from clientela.customers.customer_fields import Customer
from clientela.exports import export_cells
from clientela.exports.export_cells import Printer
from clientela.exports.export_columns import ExportColumn, What
from clientela.table import keys
from clientela.table.attributes import load_raw
from clientela.table.dynamodb import Item

type Cells = dict[str, Any]  # by column; until a filler has run, a cell may have the stored value
type Filler = Callable[[Cells, Any, Mapping[str, Any]], None]  # of the cells of one field of a document


class StoreFacts(NamedTuple):
    """What rows need of their store: codes of groups by id, currency and time zone."""

    group_codes: Mapping[str, str]
    currency: str
    timezone: str


def _customers(item: Item) -> Iterator[dict[str, Any]]:
    yield stored_customers.load_raw(item)


def _orders(item: Item) -> Iterator[dict[str, Any]]:
    order = load_raw(item["order"])
    order["items_count"] = len(order.get("items", ()))
    yield order | {"customer_id": _customer_id(item)}


def _order_items(item: Item) -> Iterator[dict[str, Any]]:
    order = load_raw(item["order"]) | {"customer_id": _customer_id(item)}
    for position, line in enumerate(order.pop("items", ()), 1):
        quantity, price = line.get("quantity", 1), line.get("price")
        amount = {} if price is None else {"amount": plain(Decimal(price) * Decimal(str(quantity)))}
        fields = {"position": position, "sku": line.get("sku", ""), "item_name": line.get("name", "")}
        numbers = {"quantity": plain(Decimal(str(quantity))), "price": "" if price is None else price}
        yield order | fields | numbers | amount


def _customer_id(item: Item) -> str:
    pk = item["pk"]["S"]
    is_claimed = keys.is_customer(pk)
    return keys.customer_of(pk)[1] if is_claimed else ""


# The documents of an item, each a row.
DOCUMENTS: dict[What, Callable[[Item], Iterator[dict[str, Any]]]] = {
    "customers": _customers,
    "orders": _orders,
    "order_items": _order_items,
}
# Values of fields that are not stored, because they are the default.
DEFAULTS: dict[str, Any] = {
    name: field.default
    for name, field in Customer.model_fields.items()
    if not field.is_required() and isinstance(field.default, str | int) and not field.exclude
}


def plain(number: Decimal) -> str:
    """Return a number without exponent: `1E+2` → `100`."""
    return f"{number:f}"


def fillers(
    columns: Sequence[ExportColumn], printers: dict[Any, Printer], facts: StoreFacts
) -> Iterator[tuple[str, Filler]]:
    """Yield the fields whose cells are not simply the stored text, with what fills them."""
    chosen = {column.name: column for column in columns}
    for column in columns:
        if column.parent:
            continue
        field = column.field or column.name
        printer = printers.get(column.kind)
        if field != column.name or printer:
            yield field, _printed(column.name, printer or str)
    yield from _documents(columns, printers)
    yield from _special(chosen, printers, facts)


def _printed(name: str, printer: Printer) -> Filler:
    def fill(cells: Cells, value: Any, _: Mapping[str, Any]) -> None:
        cells[name] = printer(value)

    return fill


def _documents(columns: Sequence[ExportColumn], printers: Mapping[Any, Printer]) -> Iterator[tuple[str, Filler]]:
    """Yield what fills the cells of addresses and of the tax exemption."""
    for parent in ("billing_address", "shipping_address", "tax_exemption"):
        table = {
            column.field: (column.name, printers.get(column.kind)) for column in columns if column.parent == parent
        }
        if not table:
            continue
        fill = _nested(table)
        yield parent, fill
        if parent == "shipping_address":
            yield "shipping_addresses", _of_default_address(fill)


def _nested(table: Mapping[str, tuple[str, Printer | None]]) -> Filler:
    def fill(cells: Cells, document: Mapping[str, Any], _: Mapping[str, Any]) -> None:
        for field, value in document.items():
            if field in table:
                name, printer = table[field]
                cells[name] = printer(value) if printer else value

    return fill


def _of_default_address(fill: Filler) -> Filler:
    def fill_default(cells: Cells, book: Sequence[dict[str, Any]], document: Mapping[str, Any]) -> None:
        fill(cells, default_address(book) or {}, document)

    return fill_default


def _special(
    chosen: Mapping[str, ExportColumn], printers: Mapping[Any, Printer], facts: StoreFacts
) -> Iterator[tuple[str, Filler]]:
    """Yield what fills the cells of fields with a rule of their own."""
    codes, flag = facts.group_codes, printers["flag"]
    if "groups" in chosen:
        yield "groups", _printed("groups", lambda ids: export_cells.join(codes.get(each, each) for each in ids))
    if "primary_group" in chosen:
        yield "primary_group", _printed("primary_group", lambda each: codes.get(each, each))
    if "tax_exempt" in chosen:
        yield "tax_exempt", _exemption(flag)
    if not chosen.keys().isdisjoint(_CONSENT):
        yield "marketing_consent", _consent(chosen, printers["time"])
    if any(name.startswith("total_spent") for name in chosen):
        yield "total_spent", _spent(chosen, printers["amount"], facts.currency)
    if not chosen.keys().isdisjoint({"average_order_value", "average_order_currency"}):
        yield "average_order_value", _average(printers["amount"])
    for name in ("total", "amount"):
        if any(column.currency and column.name.startswith(f"{name}.") for column in chosen.values()):
            yield name, _money(name, printers["amount"])


_QUOTE = '"'
_CONSENT = {"consent_at": "at", "consent_source": "source", "consent_wording": "wording"}


def _exemption(flag: Printer) -> Filler:
    def fill(cells: Cells, is_exempt: bool, document: Mapping[str, Any]) -> None:
        end = document.get("tax_exemption", {}).get("expires_on")
        cells["tax_exempt"] = flag(is_exempt and not tax_exemptions.is_over(end))

    return fill


def _consent(chosen: Mapping[str, ExportColumn], print_time: Printer) -> Filler:
    """Return what fills the proof of `accepts_marketing`; a consent to SMS is none."""
    fields = [(name, field) for name, field in _CONSENT.items() if name in chosen]

    def fill(cells: Cells, consent: Mapping[str, Any], document: Mapping[str, Any]) -> None:
        if consent.get("channel", "email") != "email" or "accepts_marketing" not in document:
            return
        for name, field in fields:
            if field in consent:
                cells[name] = print_time(consent[field]) if field == "at" else consent[field]

    return fill


def _spent(chosen: Mapping[str, ExportColumn], print_amount: Printer, currency: str) -> Filler:
    """Return what fills the total in the store's currency, in others, and in single ones."""

    def fill(cells: Cells, amounts: Sequence[Mapping[str, Any]], _: Mapping[str, Any]) -> None:
        cells["total_spent"], others = "", []
        for each in amounts:
            amount, name = print_amount(each["amount"]), f"total_spent.{each['currency']}"
            if name in chosen:
                cells[name] = amount
            if each["currency"] == currency:
                cells["total_spent"], cells["total_spent_currency"] = amount, currency
            else:
                others.append(f"{each['currency']}: {amount.strip(_QUOTE)}")
        cells["total_spent_other"] = "; ".join(others)

    return fill


def _average(print_amount: Printer) -> Filler:
    def fill(cells: Cells, average: Mapping[str, Any], _: Mapping[str, Any]) -> None:
        cells["average_order_value"] = print_amount(average["amount"])
        cells["average_order_currency"] = average["currency"]

    return fill


def _money(name: str, print_amount: Printer) -> Filler:
    """Return what fills an amount, and the column of its currency."""

    def fill(cells: Cells, amount: Any, document: Mapping[str, Any]) -> None:
        cells[name] = cells[f"{name}.{document['currency']}"] = print_amount(amount)

    return fill
