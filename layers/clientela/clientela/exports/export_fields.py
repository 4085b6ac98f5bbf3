"""From stored items to the fields of rows of customers, orders and order items.

A customer's row is built from the stored item: validating the model would take longer than the rest
of an export.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from clientela.customers import stored_customers, tax_exemptions
from clientela.customers.addresses import default_address
from clientela.customers.customer_fields import Customer
from clientela.exports import export_cells
from clientela.exports.export_cells import FREE, Printer
from clientela.exports.export_columns import ExportColumn, What
from clientela.table import keys
from clientela.table.attributes import load_raw
from clientela.table.dynamodb import Item

type Cells = list[str]  # in the order of the columns
type Texts = dict[int, str]  # free text by the position of its cell: `export_texts` makes the cell
# Fills the cells of one field of a document, given its value and the document.
type Filler = Callable[[Cells, Texts, Any, Mapping[str, Any]], None]


class StoreFacts(NamedTuple):
    """What rows need of their store: codes of groups by id, currency and time zone."""

    group_codes: Mapping[str, str]
    currency: str
    timezone: str


def _customers(items: Iterable[Item]) -> Iterator[dict[str, Any]]:
    return map(stored_customers.load_raw, items)


def _orders(items: Iterable[Item]) -> Iterator[dict[str, Any]]:
    for item in items:
        order = load_raw(item["order"])
        order["items_count"] = len(order.get("items", ()))
        yield order | {"customer_id": _customer_id(item)}


def _order_items(items: Iterable[Item]) -> Iterator[dict[str, Any]]:
    for item in items:
        order = load_raw(item["order"]) | {"customer_id": _customer_id(item)}
        for position, line in enumerate(order.pop("items", ()), 1):
            yield order | _line_fields(position, line)


def _line_fields(position: int, line: Mapping[str, Any]) -> dict[str, Any]:
    quantity, price = Decimal(str(line.get("quantity", 1))), line.get("price")
    fields = {"position": position, "sku": line.get("sku", ""), "item_name": line.get("name", "")}
    amount = {} if price is None else {"price": price, "amount": plain(Decimal(price) * quantity)}
    return fields | {"quantity": plain(quantity)} | amount


def _customer_id(item: Item) -> str:
    pk = item["pk"]["S"]
    is_claimed = keys.is_customer(pk)
    return keys.customer_of(pk)[1] if is_claimed else ""


# The documents of items, each a row.
DOCUMENTS: dict[What, Callable[[Iterable[Item]], Iterator[dict[str, Any]]]] = {
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


class Plan(NamedTuple):
    """What fills the cells of a row: a document's fields by what they need.

    `texts` and `words` are the positions of cells that show the stored text as it is; words are
    ours, and need no escape. `printed` are those of one cell with a number, a time or yes and no.
    """

    texts: Mapping[str, int]
    words: Mapping[str, int]
    printed: Mapping[str, tuple[int, Printer]]
    fillers: Mapping[str, Filler]
    blank: Cells  # the cells of a document without fields


def plan(columns: Sequence[ExportColumn], printers: Mapping[Any, Printer], facts: StoreFacts) -> Plan:
    """Return the plan of a file's rows."""
    texts, words, printed = dict[str, int](), dict[str, int](), dict[str, tuple[int, Printer]]()
    fillers, blank = dict[str, Filler](), [""] * len(columns)
    for position, column in enumerate(columns):
        if column.parent:
            continue
        field, printer = column.field or column.name, printers.get(column.kind)
        if printer and column.kind in FREE:
            fillers[field] = _printed(position, printer, is_text=True)
        elif printer:
            printed[field] = position, printer
        else:
            (texts if column.kind in FREE else words)[field] = position
        if column.name in DEFAULTS:
            blank[position] = printer(DEFAULTS[column.name]) if printer else DEFAULTS[column.name]
    fillers.update(_documents(columns, printers))
    fillers.update(_special({column.name: at for at, column in enumerate(columns)}, printers, facts))
    for field in fillers:  # these have a rule of their own
        for simple in (texts, words, printed):
            simple.pop(field, None)
    return Plan(texts, words, printed, fillers, blank)


def _printed(position: int, printer: Printer, *, is_text: bool) -> Filler:
    def fill_text(_: Cells, texts: Texts, value: Any, __: Mapping[str, Any]) -> None:
        texts[position] = printer(value)

    def fill(cells: Cells, _: Texts, value: Any, __: Mapping[str, Any]) -> None:
        cells[position] = printer(value)

    return fill_text if is_text else fill


def _documents(columns: Sequence[ExportColumn], printers: Mapping[Any, Printer]) -> Iterator[tuple[str, Filler]]:
    """Yield what fills the cells of addresses and of the tax exemption."""
    for parent in ("billing_address", "shipping_address", "tax_exemption"):
        inner = [(at, column) for at, column in enumerate(columns) if column.parent == parent]
        if not inner:
            continue
        texts = {column.field: at for at, column in inner if column.kind in FREE and column.kind not in printers}
        others = {
            column.field: _printed(at, printers.get(column.kind, str), is_text=column.kind in FREE)
            for at, column in inner
            if column.field not in texts
        }
        fill = _nested(texts, others)
        yield parent, fill
        if parent == "shipping_address":
            yield "shipping_addresses", _of_default_address(fill)


def _nested(plain: Mapping[str, int], others: Mapping[str, Filler]) -> Filler:
    def fill(cells: Cells, texts: Texts, document: Mapping[str, Any], _: Mapping[str, Any]) -> None:
        for field, value in document.items():
            if field in plain:
                texts[plain[field]] = value
            elif field in others:
                others[field](cells, texts, value, document)

    return fill


def _of_default_address(fill: Filler) -> Filler:
    def fill_default(cells: Cells, texts: Texts, book: Sequence[dict[str, Any]], document: Mapping[str, Any]) -> None:
        fill(cells, texts, default_address(book) or {}, document)

    return fill_default


def _special(
    places: Mapping[str, int], printers: Mapping[Any, Printer], facts: StoreFacts
) -> Iterator[tuple[str, Filler]]:
    """Yield what fills the cells of fields with a rule of their own, by the places of columns."""
    codes, flag = facts.group_codes, printers["flag"]
    if "groups" in places:
        named = _printed(
            places["groups"], lambda ids: export_cells.join(codes.get(each, each) for each in ids), is_text=True
        )
        yield "groups", named
    if "primary_group" in places:
        yield "primary_group", _printed(places["primary_group"], lambda each: codes.get(each, each), is_text=True)
    if "tax_exempt" in places:
        yield "tax_exempt", _exemption(places["tax_exempt"], flag)
    if not places.keys().isdisjoint(_CONSENT):
        yield "marketing_consent", _consent(places, printers["time"])
    if any(name.startswith("total_spent") for name in places):
        yield "total_spent", _spent(places, printers["amount"], facts.currency)
    if not places.keys().isdisjoint({"average_order_value", "average_order_currency"}):
        yield "average_order_value", _average(places, printers["amount"])
    for name in ("total", "amount"):
        if any(place.startswith(f"{name}.") for place in places):
            yield name, _money(name, places, printers["amount"])


_QUOTE = '"'
_CONSENT = {"consent_at": "at", "consent_source": "source", "consent_wording": "wording"}


def _exemption(position: int, flag: Printer) -> Filler:
    def fill(cells: Cells, _: Texts, is_exempt: bool, document: Mapping[str, Any]) -> None:
        end = document.get("tax_exemption", {}).get("expires_on")
        cells[position] = flag(is_exempt and not tax_exemptions.is_over(end))

    return fill


def _consent(places: Mapping[str, int], print_time: Printer) -> Filler:
    """Return what fills the proof of `accepts_marketing`; a consent to SMS is none."""
    fields = [(places[name], field) for name, field in _CONSENT.items() if name in places]

    def fill(cells: Cells, texts: Texts, consent: Mapping[str, Any], document: Mapping[str, Any]) -> None:
        if consent.get("channel", "email") != "email" or "accepts_marketing" not in document:
            return
        for position, field in fields:
            if field == "at" and "at" in consent:
                cells[position] = print_time(consent["at"])
            elif field in consent:
                texts[position] = consent[field]

    return fill


def _spent(places: Mapping[str, int], print_amount: Printer, currency: str) -> Filler:
    """Return what fills the total in the store's currency, in others, and in single ones."""
    own, own_currency, rest = map(places.get, ("total_spent", "total_spent_currency", "total_spent_other"))
    singles = {name.removeprefix("total_spent."): at for name, at in places.items() if name.startswith("total_spent.")}

    def fill(cells: Cells, texts: Texts, amounts: Sequence[Mapping[str, Any]], _: Mapping[str, Any]) -> None:
        others = []
        for each in amounts:
            amount = print_amount(each["amount"])
            if each["currency"] in singles:
                cells[singles[each["currency"]]] = amount
            if each["currency"] != currency:
                others.append(f"{each['currency']}: {amount.strip(_QUOTE)}")
                continue
            if own is not None:
                cells[own] = amount
            if own_currency is not None:
                cells[own_currency] = currency
        if rest is not None and others:
            texts[rest] = "; ".join(others)

    return fill


def _average(places: Mapping[str, int], print_amount: Printer) -> Filler:
    value, currency = places.get("average_order_value"), places.get("average_order_currency")

    def fill(cells: Cells, _: Texts, average: Mapping[str, Any], __: Mapping[str, Any]) -> None:
        if value is not None:
            cells[value] = print_amount(average["amount"])
        if currency is not None:
            cells[currency] = average["currency"]

    return fill


def _money(name: str, places: Mapping[str, int], print_amount: Printer) -> Filler:
    """Return what fills an amount, and the column of its currency."""

    def fill(cells: Cells, _: Texts, amount: Any, document: Mapping[str, Any]) -> None:
        for column in (name, f"{name}.{document['currency']}"):
            if column in places:
                cells[places[column]] = print_amount(amount)

    return fill
