"""A row of an import: what it says about a customer, and what becomes of the customer by it.

Only columns that are there count, and an empty cell changes nothing. Groups and tags are replaced by the cell's; an
address is merged into the billing address, or into the default one of the address book. Phones, countries, languages
and VAT IDs that cannot be such, and groups that are not there, are left out with a warning, since a shop's old data is
full of them; everything else that is wrong refuses the row.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from clientela import clock
from clientela.csv import csv_cells
from clientela.csv.csv_columns import Columns
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import FieldError, InvalidInputError
from clientela.imports import row_addresses, row_groups, row_notes
from clientela.imports.row_groups import GroupIds
from clientela.imports.row_notes import RowIssue, RowRefusedError
from clientela.schema import email_addresses
from clientela.schema.countries import Country
from clientela.schema.languages import Language
from clientela.schema.validation_errors import field_errors
from clientela.schema.vat_ids import VatId
from clientela.sign_in import password_hashes

_FORGIVEN: dict[str, TypeAdapter[str]] = {
    "vat_id": TypeAdapter(VatId), "language": TypeAdapter(Language),
    "billing_address.country": TypeAdapter(Country), "shipping_address.country": TypeAdapter(Country),
}  # fmt: skip
_FLAGS = ("tax_exempt", "accepts_marketing")
_HASH_UNKNOWN = "The password is a hash of no accepted format"
_APART = ("email", "password", "created_at", "groups")  # not part of the changes
_YES = {
    *("yes", "y", "true", "t", "1", "x", "oui", "o", "ja", "j", "sim", "vero", "vrai", "wahr", "verdadeiro"),
    *("si", "sì", "sí", "s", "verdadero"),
}
_NO = {"no", "n", "false", "f", "0", "non", "nein", "não", "nao", "falso", "faux", "falsch"}
_STATUS = {"approved": "active", "enabled": "active"}  # other systems' words


class Row(NamedTuple):
    """What a row says: whose it is, and the values of its filled cells by field."""

    line: int
    email: str  # as typed
    canonical: str
    values: dict[str, str]


class StoreContext(NamedTuple):
    """What a row is read by beside its columns: the store's groups, and its country for phones that leave it unsaid."""

    groups: GroupIds = row_groups.NONE
    country: str | None = None


ANY = StoreContext()


class Applied(NamedTuple):
    """A customer as a row leaves it, not written yet."""

    customer: Customer
    warnings: list[RowIssue]


def row(line: int, cells: Sequence[str], columns: Columns) -> Row:
    """Read a row's cells. RowRefusedError `cells_missing`, `cells_too_many`, `email_missing`, `email_invalid`.

    Empty cells beyond the header are let pass: spreadsheets write them.
    """
    _require_width(cells, columns)
    values: dict[str, str] = {}
    for field, cell in zip(columns.fields, cells, strict=False):
        text = csv_cells.unescape(cell).strip()
        if field and text:
            values.setdefault(field, text)  # of two columns for one field the first that is filled
    email = values.pop("email", "")
    if not email:
        raise RowRefusedError(RowIssue(columns.header("email"), "email_missing", "The row has no e-mail."))
    try:
        return Row(line, email, email_addresses.canonical(email), values)
    except ValueError as error:
        raise RowRefusedError(RowIssue(columns.header("email"), "email_invalid", str(error))) from None


def new(row: Row, customer_id: str, columns: Columns, now: datetime, shop: StoreContext = ANY) -> Applied:
    """The customer that a row creates. RowRefusedError."""
    changes, warnings = _changes(row, None, columns, shop)
    try:
        fields = NewCustomer.model_validate(changes | {"email": row.email})
    except ValidationError as error:
        raise _refused(field_errors(error.errors()), columns) from None
    created_at = _created_at(row, columns, now)
    customer = customers.build(fields, now, "import").model_copy(update={"id": customer_id, "created_at": created_at})
    return Applied(customer, warnings)


def changed(row: Row, before: Customer, columns: Columns, shop: StoreContext = ANY) -> Applied:
    """The customer as a row changes it; equal to `before` where the row brings nothing new. RowRefusedError."""
    changes, warnings = _changes(row, before, columns, shop)
    try:
        return Applied(customers.apply_patch(before, changes, shop.country), warnings)
    except InvalidInputError as error:
        raise _refused(error.fields, columns) from None


def _require_width(cells: Sequence[str], columns: Columns) -> None:
    expected, found = len(columns.headers), len(cells)
    if found < expected:
        raise RowRefusedError(RowIssue("", "cells_missing", f"The row has {found} cells, the header {expected}."))
    if any(cell.strip() for cell in cells[expected:]):
        raise RowRefusedError(RowIssue("", "cells_too_many", f"The row has {found} cells, the header {expected}."))


def _changes(
    row: Row, before: Customer | None, columns: Columns, shop: StoreContext
) -> tuple[dict[str, Any], list[RowIssue]]:
    """The row as a JSON Merge Patch, and what was left out of it."""
    values, warnings = _readable(row, columns)
    if before and values.get("vat_id") == before.vat_id:
        values.pop("vat_id", None)  # said again in a file, it is no wish to have it checked again
    plain = {name: value for name, value in values.items() if "." not in name and name not in _APART}
    changes: dict[str, Any] = {name: _value(name, text, columns) for name, text in plain.items()}
    memberships, unknown = _groups(row, before, columns, shop.groups)
    addresses, impossible = row_addresses.addresses(values, changes, before, columns, shop.country)
    return changes | memberships | addresses, [*warnings, *unknown, *impossible]


def _readable(row: Row, columns: Columns) -> tuple[dict[str, str], list[RowIssue]]:
    """The row's values without those that are forgiven, and what was wrong with them."""
    values, notes = dict(row.values), []
    for field, kind in _FORGIVEN.items():
        try:
            if field in values:
                values[field] = kind.validate_python(values[field])
        except ValidationError as error:
            del values[field]
            reason = field_errors(error.errors())[0].message
            notes.append(row_notes.left_out(columns.header(field), f"{field.rpartition('.')[2]}_invalid", reason))
    hashed = values.get("password", "")
    if password_hashes.looks_like_hash(hashed) and not password_hashes.is_accepted(hashed):
        notes.append(row_notes.left_out(columns.header("password"), "password_hash_unknown", _HASH_UNKNOWN))
    return values, notes


def _groups(
    row: Row, before: Customer | None, columns: Columns, groups: GroupIds
) -> tuple[dict[str, Any], list[RowIssue]]:
    """The groups of the cell that are there. Where none is, the customer's groups stay."""
    named = row_groups.named(row.values.get("groups", ""), groups)
    header = columns.header("groups")
    notes = [
        row_notes.left_out(header, "group_unknown", f"The store has no group {name[:200]!r}") for name in named.unknown
    ]
    changes: dict[str, Any] = {"groups": named.ids} if named.ids else {}
    if named.ids and before and before.primary_group not in named.ids:
        changes["primary_group"] = None
    return changes, notes


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
    raise RowRefusedError(RowIssue(columns.header(field), "value_invalid", f"{text!r} is neither yes nor no."))


def _created_at(row: Row, columns: Columns, now: datetime) -> datetime:
    text = row.values.get("created_at")
    if text is None:
        return now
    try:
        moment = datetime.fromisoformat(text.replace(" UTC", "+00:00").replace(" +", "+"))
        return clock.in_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except ValueError:
        raise RowRefusedError(
            RowIssue(
                columns.header("created_at"),
                "value_invalid",
                f"{text!r} is not a time: write it like 2026-11-21T10:00:00Z.",
            )
        ) from None


def _refused(fields: Sequence[FieldError], columns: Columns) -> RowRefusedError:
    """The refusal for the first field that did not pass."""
    first = fields[0]
    field = re.sub(r"^shipping_addresses\.\d+", "shipping_address", first.pointer.removeprefix("/").replace("/", "."))
    field = re.sub(r"^(groups|tags)\.\d+$", r"\1", field)
    return RowRefusedError(RowIssue(columns.header(field), "value_invalid", f"{first.message.rstrip('.')}."))
