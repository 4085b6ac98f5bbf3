"""The columns of customer CSV files: one entry for each column that is exported, imported or both.

A new column is one entry here and, if imports read it, its header names in csv_header_names.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from clientela.csv import csv_dates
from clientela.csv.csv_values import (
    parse_code,
    parse_consent,
    parse_country,
    parse_external_ids,
    parse_flag,
    parse_language,
    parse_list,
    parse_status,
    print_amounts,
    print_external_ids,
    print_flag,
    print_list,
    print_money,
    print_text,
)


class Column(NamedTuple):
    """A field of a customer as a CSV column.

    `field` is a name of the customer's JSON, or `billing_address.city`; `shipping_address` is the
    default address of the address book. `parse` converts a cell into the field's value and raises
    ValueError for an invalid one; without it the column is only exported. `to_cell` converts the
    field's JSON value into a cell; without it the column is only imported. An invalid cell of a
    lenient column is left out with a warning; of another column it rejects the row.
    """

    field: str
    parse: Callable[[str], Any] | None = str
    to_cell: Callable[[Any], str] | None = print_text
    is_lenient: bool = False

    @property
    def header(self) -> str:
        """The header in an export: `billing_address.city` → `billing_city`."""
        return self.field.replace("_address.", "_")

    @property
    def parent(self) -> str:
        """The address that the field belongs to; empty for a field of the customer itself."""
        return self.field.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The field's name without its address: the key of its header names in csv_header_names."""
        return self.field.rpartition(".")[2]


def _address(kind: str) -> tuple[Column, ...]:
    return (
        Column(f"{kind}.name"),
        Column(f"{kind}.first_name", to_cell=None),  # other systems' addresses have two names
        Column(f"{kind}.last_name", to_cell=None),
        Column(f"{kind}.company"),
        Column(f"{kind}.street"),
        Column(f"{kind}.street2"),
        Column(f"{kind}.city"),
        Column(f"{kind}.postal_code", parse_code),
        Column(f"{kind}.region"),
        Column(f"{kind}.country", parse_country, is_lenient=True),
        Column(f"{kind}.phone", parse_code),
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
    Column("phone", parse_code),
    Column("language", parse_language, is_lenient=True),
    Column("status", parse_status),
    Column("groups", to_cell=print_list),
    Column("primary_group", to_cell=None),
    Column("tags", parse_list, print_list),
    Column("external_ids", parse_external_ids, print_external_ids, is_lenient=True),
    Column("tax_exempt", parse_flag, print_flag),
    Column("vat_id"),  # imports read it with the country of an address
    Column("accepts_marketing", parse_consent, print_flag, is_lenient=True),
    Column("consent_at", csv_dates.parse, to_cell=None, is_lenient=True),  # of accepts_marketing
    Column("note"),
    *_address("billing_address"),
    *_address("shipping_address"),
    Column("created_at", csv_dates.parse, is_lenient=True),
    Column("password", to_cell=None),
    Column("id", parse=None),
    Column("type", parse=None),
    Column("email_status", parse=None),
    Column("vat_id_status", parse=None),
    Column("orders_count", parse=None, to_cell=str),
    Column("orders_total", parse=None, to_cell=str),
    Column("total_spent", parse=None, to_cell=print_amounts),
    Column("average_order_value", parse=None, to_cell=print_money),
    Column("first_order_at", parse=None),
    Column("last_order_at", parse=None),
    Column("last_order_status", parse=None),
    Column("last_payment_method", parse=None),
    Column("last_sign_in_at", parse=None),
    Column("source", parse=None),
    Column("updated_at", parse=None),
)
EXPORTED = tuple(column for column in COLUMNS if column.to_cell)
IMPORTED = {column.field: column for column in COLUMNS if column.parse}

# Fields that merchants can write and that CSV files do not have, each with the reason.
NOT_EXPORTED = {
    "primary_group": "the column `groups` has all groups of the customer",
    "tax_exemption": "it has several fields; the column `tax_exempt` has the result",
    "marketing_consent": "the proof of consent stays in the store that obtained it",
    "custom_fields": "each customer may have others, but a file has fixed columns",
}
NOT_IMPORTED = {
    "tax_exemption": "it has several fields; the column `tax_exempt` has the result",
    "marketing_consent": "a file is no proof of consent",
    "custom_fields": "a column with an unknown header is left out, not stored as a custom field",
}
