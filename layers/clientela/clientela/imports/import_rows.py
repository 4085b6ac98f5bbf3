"""Import rows: parse the cells of a row, and create or change a customer in memory.

A column that the file does not have and an empty cell change nothing. Groups and tags are replaced
by those of the cell. An address is merged into the billing address, or into the default address of
the address book. Invalid phones, countries, languages and VAT IDs and unknown groups are left out
with a warning, because old data of shops has many of them; any other invalid cell rejects the row.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from clientela.csv import csv_cells, csv_columns, csv_dates
from clientela.csv.csv_headers import FileColumns
from clientela.customers import customer_input, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import FieldError, InvalidInputError
from clientela.imports import row_addresses, row_groups, row_guards, row_issues
from clientela.imports.row_groups import GroupIds
from clientela.imports.row_issues import RowIssue, RowRefusedError
from clientela.schema import email_addresses
from clientela.schema.actors import Actor
from clientela.schema.validation_errors import field_errors
from clientela.sentences import Sentence, reason_of
from clientela.sign_in import password_hashes, passwords

# Fields outside the merge patch: they have rules of their own, or our addresses lack them.
_NOT_PATCHED = {
    *("email", "password", "created_at", "groups", "primary_group"),
    *("billing_address.email", "shipping_address.email"),
}
_ADDRESSES = ("billing_address", "shipping_address")
_HASH_UNKNOWN = "The password is a hash of an unknown format."
_PASSWORD_TOO_LONG = Sentence("The password has more than {max} characters.", max=passwords.MAX_LENGTH)


class Row(NamedTuple):
    """The e-mail of a row, and the texts of its filled cells by field."""

    line: int
    email: str  # as typed
    canonical: str
    values: dict[str, str]


class StoreContext(NamedTuple):
    """What a row needs of its store and its job.

    The groups, the country of phones without one, the time of the upload (no consent is later),
    whether the encoding of the file is a guess, and the time zone of times without offset.
    """

    groups: GroupIds = row_groups.NO_GROUPS
    country: str | None = None
    uploaded_at: datetime | None = None
    is_guess: bool = False
    zone: str = "UTC"


NO_CONTEXT = StoreContext()


class AppliedRow(NamedTuple):
    """A customer after a row, not stored yet, and the row's cells left out."""

    customer: Customer
    warnings: list[RowIssue]


def parse_row(line: int, cells: Sequence[str], columns: FileColumns) -> Row:
    """Find the filled cells of a row and its e-mail.

    Empty cells beyond the header are ignored, and cells missing at the end are empty: spreadsheets
    write such rows.

    Raises:
        RowRefusedError: `cells_too_many`, `email_missing` or `email_invalid`.
    """
    _require_width(cells, columns)
    values: dict[str, str] = {}
    for field, cell in zip(columns.fields, cells, strict=False):
        if field and (text := csv_cells.read(cell)):
            values.setdefault(field, text)  # if two columns have the same field, the first filled one counts
    email = values.pop("email", "")
    if not email:
        raise RowRefusedError(RowIssue(columns.header("email"), "email_missing", "The row has no e-mail."))
    try:
        return Row(line, email, email_addresses.canonical(email), values)
    except ValueError as error:
        raise RowRefusedError(RowIssue(columns.header("email"), "email_invalid", reason_of(error))) from None


def create_customer(
    row: Row,
    customer_id: str,
    columns: FileColumns,
    now: datetime,
    context: StoreContext = NO_CONTEXT,
    by: Actor | None = None,
) -> AppliedRow:
    """Build the customer that a row creates — RowRefusedError for an invalid cell."""
    changes, warnings = _changes(row, None, columns, context, is_disabled=False)
    try:
        fields = NewCustomer.model_validate(changes | {"email": row.email})
    except ValidationError as error:
        raise _refused(field_errors(error.errors()), columns) from None
    created_at, issues = _created_at(row, columns, context.zone, now)
    customer = customers.build(fields, now, "import", id=customer_id, created_at=created_at, created_by=by)
    return AppliedRow(customer, [*warnings, *issues])


def change_customer(
    row: Row,
    before: Customer,
    columns: FileColumns,
    context: StoreContext = NO_CONTEXT,
    *,
    is_disabled: bool = False,
) -> AppliedRow:
    """Apply a row to a customer — RowRefusedError for an invalid cell.

    The result equals `before` if the row has nothing new. `is_disabled`: whether the account was
    disabled before the import.
    """
    row_guards.require_readable(row.values, before, columns, is_guess=context.is_guess)
    changes, warnings = _changes(row, before, columns, context, is_disabled=is_disabled)
    try:
        return AppliedRow(customer_input.apply_patch(before, changes, context.country), warnings)
    except InvalidInputError as error:
        raise _refused(error.fields, columns) from None


def _require_width(cells: Sequence[str], columns: FileColumns) -> None:
    expected = len(columns.headers)
    if len(cells) > expected and any(cell.strip() for cell in cells[expected:]):
        message = Sentence("The row has {count} cells, the header {expected}.", count=len(cells), expected=expected)
        raise RowRefusedError(RowIssue("", "cells_too_many", message))


def _changes(
    row: Row,
    before: Customer | None,
    columns: FileColumns,
    context: StoreContext,
    *,
    is_disabled: bool,
) -> tuple[dict[str, Any], list[RowIssue]]:
    """Return the row as a JSON Merge Patch, and issues of the cells left out."""
    values, issues = _parse_values(row, columns, context.zone)
    consent_at = values.pop("consent_at", None)
    if consent_at and context.uploaded_at and consent_at > context.uploaded_at:
        consent_at = None
        issues.append(
            row_issues.left_out(columns.header("consent_at"), "consent_at_invalid", "The time is in the future.")
        )
    changes = {field: value for field, value in values.items() if "." not in field}
    if exemption := _parts(values, "tax_exemption"):
        changes["tax_exemption"] = exemption
    issues += row_guards.guard(changes, before, columns, consent_at, is_disabled=is_disabled)
    if "marketing_consent" in changes:
        changes["marketing_consent"] |= _parts(values, "marketing_consent")
    if "password" in row.values:
        issues += _password_issues(row.values["password"], columns)
    has_groups = "groups" in row.values or "primary_group" in row.values
    groups, unknown = _groups(row, before, columns, context.groups) if has_groups else ({}, [])
    # A row that names another country, though in an unknown word, is not of the store's country.
    is_foreign = any(f"{kind}.country" in row.values and f"{kind}.country" not in values for kind in _ADDRESSES)
    country = None if is_foreign else context.country
    addresses, impossible = row_addresses.merge_addresses(values, changes, before, columns, country)
    if before and changes.get("vat_id") == before.vat_id:
        changes.pop("vat_id", None)  # the same ID again does not ask for a new check
    return changes | groups | addresses, [*issues, *unknown, *impossible]


def _parts(values: Mapping[str, Any], parent: str) -> dict[str, Any]:
    """Return the values of the fields of one document, by their names in it."""
    prefix = f"{parent}."
    return {field.removeprefix(prefix): value for field, value in values.items() if field.startswith(prefix)}


def _parse_values(row: Row, columns: FileColumns, zone: str) -> tuple[dict[str, Any], list[RowIssue]]:
    """Return the values of the row's cells, and issues of the cells left out."""
    values: dict[str, Any] = {}
    issues = []
    for field, text in row.values.items():
        if field in _NOT_PATCHED:
            continue
        column = csv_columns.IMPORTED[field]
        try:
            if field in csv_columns.DATES:
                values |= _parse_date(field, text, columns, zone)
            else:
                values[field] = column.parse(text) if column.parse else text
        except ValueError as error:
            if not column.is_lenient:
                raise RowRefusedError(RowIssue(columns.header(field), "value_invalid", reason_of(error))) from None
            issues.append(row_issues.left_out(columns.header(field), f"{column.name}_invalid", reason_of(error)))
    return values, issues


def _password_issues(password: str, columns: FileColumns) -> list[RowIssue]:
    if password_hashes.looks_like_hash(password) and not password_hashes.is_accepted(password):
        return [row_issues.left_out(columns.header("password"), "password_hash_unknown", _HASH_UNKNOWN)]
    if len(password) > passwords.MAX_LENGTH and not password_hashes.is_accepted(password):
        return [row_issues.left_out(columns.header("password"), "password_too_long", _PASSWORD_TOO_LONG)]
    return []


def has_password(row: Row) -> bool:
    """Return whether a row has a password, in clear or as an accepted hash, that can be stored."""
    password = row.values.get("password", "")
    if password_hashes.looks_like_hash(password):
        return password_hashes.is_accepted(password)
    return 0 < len(password) <= passwords.MAX_LENGTH


def _groups(
    row: Row, before: Customer | None, columns: FileColumns, groups: GroupIds
) -> tuple[dict[str, Any], list[RowIssue]]:
    """Return the groups of the cell that exist. If none exists, the customer's groups stay."""
    named = row_groups.find_named(row.values.get("groups", ""), groups)
    header = columns.header("groups")
    issues = [
        row_issues.left_out(header, "group_unknown", Sentence("The store has no group “{name}”.", name=name))
        for name in named.unknown
    ]
    changes: dict[str, Any] = {"groups": named.ids} if named.ids else {}
    members = named.ids or (before.groups if before else [])
    primary = row_groups.find_named(row.values.get("primary_group", ""), groups)
    if len(primary.ids) == 1 and primary.ids[0] in members:
        changes["primary_group"] = primary.ids[0]
    elif primary.ids or primary.unknown:
        reason = Sentence("“{name}” is none of the customer's groups.", name=row.values["primary_group"])
        issues.append(row_issues.left_out(columns.header("primary_group"), "group_unknown", reason))
    if before and before.primary_group not in (None, *members):
        changes.setdefault("primary_group", None)
    return changes, issues


def _created_at(row: Row, columns: FileColumns, zone: str, now: datetime) -> tuple[datetime, list[RowIssue]]:
    """Return the time of the row, or `now` if it has none that can be read."""
    if "created_at" not in row.values:
        return now, []
    try:
        parsed = _parse_date("created_at", row.values["created_at"], columns, zone)
    except ValueError as error:
        return now, [row_issues.left_out(columns.header("created_at"), "created_at_invalid", reason_of(error))]
    return parsed.get("created_at", now), []


def _parse_date(field: str, text: str, columns: FileColumns, zone: str) -> dict[str, datetime]:
    """Return the field's time; nothing for a database's zero date — ValueError if it is no time."""
    if csv_dates.is_none(text):
        return {}
    return {field: csv_dates.parse(text, columns.date_orders.get(field, "day_first"), zone)}


def _refused(fields: Sequence[FieldError], columns: FileColumns) -> RowRefusedError:
    """Return the error for the first invalid field."""
    first = fields[0]
    field = re.sub(r"^shipping_addresses\.\d+", "shipping_address", first.pointer.removeprefix("/").replace("/", "."))
    field = re.sub(r"^(groups|tags)\.\d+$", r"\1", field)
    return RowRefusedError(RowIssue(columns.header(field), "value_invalid", first.message))
