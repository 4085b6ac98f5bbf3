"""A row of an import: what it says about a customer, and what becomes of the customer by it.

Only columns that are there count, and an empty cell changes nothing. Groups and tags are replaced by the cell's; an
address is merged into the billing address, or into the default one of the address book. Phones, countries, languages
and VAT IDs that cannot be such, and groups that are not there, are left out with a warning, since a shop's old data is
full of them; everything else that is wrong refuses the row.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from clientela import csv_cells, csv_groups, customers, email_addresses, phones
from clientela.countries import Country
from clientela.csv_columns import Columns
from clientela.csv_groups import GroupIds
from clientela.customer_fields import Address, Customer, NewCustomer
from clientela.errors import FieldError, InvalidInputError
from clientela.invalid_input import field_errors
from clientela.languages import Language
from clientela.vat import VatId

_FORGIVEN: dict[str, TypeAdapter[str]] = {
    "vat_id": TypeAdapter(VatId), "language": TypeAdapter(Language),
    "billing_address.country": TypeAdapter(Country), "shipping_address.country": TypeAdapter(Country),
}  # fmt: skip
_FLAGS = ("tax_exempt", "accepts_marketing")
_APART = ("email", "password", "created_at", "groups")  # not part of the changes
_YES = {
    *("yes", "y", "true", "t", "1", "x", "oui", "o", "ja", "j", "sim", "vero", "vrai", "wahr", "verdadeiro"),
    *("si", "sì", "sí", "s", "verdadero"),
}
_NO = {"no", "n", "false", "f", "0", "non", "nein", "não", "nao", "falso", "faux", "falsch"}
_STATUS = {"approved": "active", "enabled": "active"}  # other systems' words


class Note(NamedTuple):
    """What is to be said of a row: the column as the file calls it (or nothing), a stable code, and a sentence."""

    column: str
    code: str
    message: str


class RowRefusedError(ValueError):
    """A row that cannot be loaded."""

    def __init__(self, note: Note) -> None:
        super().__init__(note.message)
        self.note = note


class Row(NamedTuple):
    """What a row says: whose it is, and the values of its filled cells by field."""

    line: int
    email: str  # as typed
    canonical: str
    values: dict[str, str]


class Applied(NamedTuple):
    """A customer as a row leaves it, not written yet."""

    customer: Customer
    warnings: list[Note]


def row(line: int, cells: Sequence[str], columns: Columns) -> Row:
    """Read a row's cells. RowRefusedError `cells_missing`, `cells_too_many`, `email_missing`, `email_invalid`.

    Empty cells beyond the header are let pass: spreadsheets write them.
    """
    _demand_width(cells, columns)
    values: dict[str, str] = {}
    for field, cell in zip(columns.fields, cells, strict=False):
        text = csv_cells.unescaped(cell).strip()
        if field and text:
            values.setdefault(field, text)  # of two columns for one field the first that is filled
    email = values.pop("email", "")
    if not email:
        raise RowRefusedError(Note(columns.header("email"), "email_missing", "The row has no e-mail."))
    try:
        return Row(line, email, email_addresses.canonical(email), values)
    except ValueError as error:
        raise RowRefusedError(Note(columns.header("email"), "email_invalid", str(error))) from None


def new(row: Row, customer_id: str, columns: Columns, now: datetime, groups: GroupIds = csv_groups.NONE) -> Applied:
    """The customer that a row creates. RowRefusedError."""
    changes, warnings = _changes(row, None, columns, groups)
    try:
        fields = NewCustomer.model_validate(changes | {"email": row.email})
    except ValidationError as error:
        raise _refused(field_errors(error.errors()), columns) from None
    created_at = _created_at(row, columns, now)
    customer = customers.made(fields, now, "import").model_copy(update={"id": customer_id, "created_at": created_at})
    return Applied(customer, warnings)


def changed(row: Row, before: Customer, columns: Columns, groups: GroupIds = csv_groups.NONE) -> Applied:
    """The customer as a row changes it; equal to `before` where the row brings nothing new. RowRefusedError."""
    changes, warnings = _changes(row, before, columns, groups)
    try:
        return Applied(customers.patched(before, changes), warnings)
    except InvalidInputError as error:
        raise _refused(error.fields, columns) from None


def _demand_width(cells: Sequence[str], columns: Columns) -> None:
    expected, found = len(columns.headers), len(cells)
    if found < expected:
        raise RowRefusedError(Note("", "cells_missing", f"The row has {found} cells, the header {expected}."))
    if any(cell.strip() for cell in cells[expected:]):
        raise RowRefusedError(Note("", "cells_too_many", f"The row has {found} cells, the header {expected}."))


def _changes(
    row: Row, before: Customer | None, columns: Columns, groups: GroupIds
) -> tuple[dict[str, Any], list[Note]]:
    """The row as a JSON Merge Patch, and what was left out of it."""
    values, warnings = _readable(row, columns)
    if before and values.get("vat_id") == before.vat_id:
        values.pop("vat_id", None)  # said again in a file, it is no wish to have it checked again
    plain = {name: value for name, value in values.items() if "." not in name and name not in _APART}
    changes: dict[str, Any] = {name: _value(name, text, columns) for name, text in plain.items()}
    memberships, unknown = _groups(row, before, columns, groups)
    addresses, impossible = _addresses(values, changes, before, columns)
    return changes | memberships | addresses, [*warnings, *unknown, *impossible]


def _readable(row: Row, columns: Columns) -> tuple[dict[str, str], list[Note]]:
    """The row's values without those that are forgiven, and what was wrong with them."""
    values, notes = dict(row.values), []
    for field in _FORGIVEN.keys() & values.keys():
        try:
            values[field] = _FORGIVEN[field].validate_python(values[field])
        except ValidationError as error:
            del values[field]
            reason = field_errors(error.errors())[0].message
            notes.append(_left_out(columns.header(field), f"{field.rpartition('.')[2]}_invalid", reason))
    return values, sorted(notes)


def _groups(
    row: Row, before: Customer | None, columns: Columns, groups: GroupIds
) -> tuple[dict[str, Any], list[Note]]:
    """The groups of the cell that are there. Where none is, the customer's groups stay."""
    named = csv_groups.named(row.values.get("groups", ""), groups)
    header = columns.header("groups")
    notes = [_left_out(header, "group_unknown", f"The store has no group {name[:200]!r}") for name in named.unknown]
    changes: dict[str, Any] = {"groups": named.ids} if named.ids else {}
    if named.ids and before and before.primary_group not in named.ids:
        changes["primary_group"] = None
    return changes, notes


def _left_out(header: str, code: str, reason: str) -> Note:
    return Note(header, code, f"{reason.rstrip('.')}. The customer was taken without it.")


def _addresses(
    values: Mapping[str, str], changes: dict[str, Any], before: Customer | None, columns: Columns
) -> tuple[dict[str, Any], list[Note]]:
    """The changed addresses; phones, that of `changes` too, are brought to E.164 or taken out."""
    addresses: dict[str, Any] = {}
    if billing := _address(values, "billing_address"):
        addresses["billing_address"] = billing
    book = (
        [address.model_dump(mode="json", exclude_none=True) for address in before.shipping_addresses] if before else []
    )
    shipping = _address(values, "shipping_address")
    home = _country(billing, before.billing_address if before else None)
    away = _country(shipping, _default(book))
    notes = [
        note
        for place, country, field in (
            (changes, home, "phone"),
            (billing, home, "billing_address.phone"),
            (shipping, away, "shipping_address.phone"),
        )
        if (note := _drop_impossible_phone(place, country, columns.header(field)))
    ]
    if shipping:
        addresses["shipping_addresses"] = _book(book, shipping)
    return addresses, notes


def _value(field: str, text: str, columns: Columns) -> Any:
    if field == "tags":
        return list(dict.fromkeys(part.strip() for part in re.split("[;,]", text) if part.strip()))
    if field in _FLAGS:
        return _flag(field, text, columns)
    if field == "status":
        return _STATUS.get(text.lower(), text.lower())
    return text


def _flag(field: str, text: str, columns: Columns) -> bool:
    if text.casefold() in _YES | _NO:
        return text.casefold() in _YES
    raise RowRefusedError(Note(columns.header(field), "value_invalid", f"{text!r} is neither yes nor no."))


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


def _drop_impossible_phone(place: dict[str, Any], country: str | None, header: str) -> Note | None:
    if "phone" not in place:
        return None
    try:
        place["phone"] = phones.e164(
            place["phone"].lstrip("'"), country
        )  # an apostrophe keeps Excel from making it a number
    except ValueError as error:
        del place["phone"]
        return _left_out(header, "phone_invalid", str(error))
    return None


def _country(changes: dict[str, Any], before: Address | dict[str, Any] | None) -> str | None:
    """The country by which an address's phone is read."""
    stored = before.country if isinstance(before, Address) else (before or {}).get("country")
    return changes.get("country") or stored


def _created_at(row: Row, columns: Columns, now: datetime) -> datetime:
    text = row.values.get("created_at")
    if text is None:
        return now
    try:
        moment = datetime.fromisoformat(text.replace(" UTC", "+00:00").replace(" +", "+"))
    except ValueError:
        raise RowRefusedError(
            Note(
                columns.header("created_at"),
                "value_invalid",
                f"{text!r} is not a time: write it like 2026-11-21T10:00:00Z.",
            )
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refused(fields: Sequence[FieldError], columns: Columns) -> RowRefusedError:
    """The refusal for the first field that did not pass."""
    first = fields[0]
    field = re.sub(r"^shipping_addresses\.\d+", "shipping_address", first.pointer.removeprefix("/").replace("/", "."))
    field = re.sub(r"^(groups|tags)\.\d+$", r"\1", field)
    return RowRefusedError(Note(columns.header(field), "value_invalid", f"{first.message.rstrip('.')}."))
