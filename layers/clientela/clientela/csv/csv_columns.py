"""The columns of customer CSV files: one entry for each column that is exported, imported or both.

A new column is one entry here, its names in exports/column_headers.json if it is exported, and its
header names in csv_header_names if imports read it.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from clientela.csv import csv_dates
from clientela.csv.csv_values import (
    parse_code,
    parse_consent,
    parse_country,
    parse_custom_fields,
    parse_day,
    parse_external_ids,
    parse_flag,
    parse_language,
    parse_list,
    parse_status,
)

# How an export prints a value (exports/export_cells.py). A `word` is one of ours: no escape.
Kind = Literal[
    "text", "code", "phone", "word", "list", "external_ids", "json", "flag", "time", "count", "amount"
]  # fmt: skip


class Column(NamedTuple):
    """A field of a customer as a CSV column.

    `field` is a name of the customer's JSON, or `billing_address.city`; `shipping_address` is the
    default address of the address book. `parse` converts a cell into the field's value and raises
    ValueError for an invalid one; without it the column is only exported. `kind` says how the
    field's JSON value is printed; without it the column is only imported. An invalid cell of a
    lenient column is left out with a warning; of another column it rejects the row.
    """

    field: str
    parse: Callable[[str], Any] | None = str
    kind: Kind | None = "text"
    is_lenient: bool = False

    @property
    def header(self) -> str:
        """The name and English header: `billing_address.city` → `billing_city`."""
        return _NAMES.get(self.field) or self.field.replace("_address.", "_").replace(".", "_")

    @property
    def parent(self) -> str:
        """The document that the field belongs to; empty for a field of the customer itself."""
        return self.field.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The field's name without its document."""
        return self.field.rpartition(".")[2]


_NAMES = {"marketing_consent.source": "consent_source", "marketing_consent.wording": "consent_wording"}


def _address(kind: str) -> tuple[Column, ...]:
    return (
        Column(f"{kind}.name"),
        Column(f"{kind}.first_name", kind=None),  # other systems' addresses have two names
        Column(f"{kind}.last_name", kind=None),
        Column(f"{kind}.company"),
        Column(f"{kind}.street"),
        Column(f"{kind}.street2"),
        Column(f"{kind}.city"),
        Column(f"{kind}.postal_code", parse_code, "code"),
        Column(f"{kind}.region"),
        Column(f"{kind}.country", parse_country, "word", is_lenient=True),
        Column(f"{kind}.phone", parse_code, "phone"),
    )


DATES = {"created_at", "consent_at"}  # their order of day and month is decided by the whole column

# In the order of an export: first the columns that an import reads, so that an exported file can be
# imported unchanged, then the read-only ones.
COLUMNS = (
    Column("email"),
    Column("name"),
    Column("first_name"),
    Column("last_name"),
    Column("company"),
    Column("phone", parse_code, "phone"),
    Column("language", parse_language, "word", is_lenient=True),
    Column("status", parse_status, "word"),
    Column("groups", kind="list"),
    Column("primary_group"),
    Column("tags", parse_list, "list"),
    Column("external_ids", parse_external_ids, "external_ids", is_lenient=True),
    Column("tax_exempt", parse_flag, "flag"),
    Column("tax_exemption.reason"),
    Column("tax_exemption.jurisdiction"),
    Column("tax_exemption.expires_on", parse_day, "word", is_lenient=True),
    Column("vat_id"),  # imports read it with the country of an address
    Column("accepts_marketing", parse_consent, "flag", is_lenient=True),
    Column("consent_at", csv_dates.parse, "time", is_lenient=True),  # of accepts_marketing
    Column("marketing_consent.source"),
    Column("marketing_consent.wording"),
    Column("note"),
    Column("custom_fields", parse_custom_fields, "json", is_lenient=True),
    *_address("billing_address"),
    *_address("shipping_address"),
    Column("created_at", csv_dates.parse, "time", is_lenient=True),
    Column("password", kind=None),
    Column("id", None, "word"),
    Column("type", None, "word"),
    Column("email_status", None, "word"),
    Column("vat_id_status", None, "word"),
    Column("orders_count", None, "count"),
    Column("orders_total", None, "count"),
    Column("total_spent", None, "amount"),
    Column("total_spent_currency", None, "word"),
    Column("total_spent_other", None),
    Column("average_order_value", None, "amount"),
    Column("average_order_currency", None, "word"),
    Column("first_order_at", None, "time"),
    Column("last_order_at", None, "time"),
    Column("last_order_status", None, "word"),
    Column("last_payment_method", None),
    Column("last_sign_in_at", None, "time"),
    Column("source", None, "word"),
    Column("updated_at", None, "time"),
)
EXPORTED = tuple(column for column in COLUMNS if column.kind)
IMPORTED = {column.field: column for column in COLUMNS if column.parse}

# Fields that merchants can write and that CSV files do not have, each with the reason.
NOT_EXPORTED: dict[str, str] = {}
NOT_IMPORTED: dict[str, str] = {}
