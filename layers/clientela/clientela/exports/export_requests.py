"""What an export is asked for: which rows, which columns, in which format."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from clientela.customers.customer_filter import CustomerFilter
from clientela.exports import export_columns, export_formats
from clientela.exports.export_columns import MAX_COLUMNS, What
from clientela.exports.export_formats import ExportFormat, FormatChoices, Spreadsheet
from clientela.schema.documents import Model
from clientela.stores.stores import Store

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class ExportRequest(Model):
    """What to export: by default all columns of all customers, in the store's format.

    Name either a `spreadsheet` or a `format`; both only if they agree. Example: {"what":
    "customers", "filter": {"country": "ES"}, "columns": ["email", "name", "total_spent"],
    "spreadsheet": "es"}
    """

    what: What = "customers"
    """What a row is: a customer, an order, or an item of an order."""
    filter: CustomerFilter = CustomerFilter()
    """The customers to export, or those whose orders to export; all if it is absent. With all, the
    orders without an account are exported too."""
    columns: Annotated[list[ColumnName], Field(max_length=MAX_COLUMNS)] | None = None
    """The columns in the order of the file; all if it is absent. `total_spent.EUR` is the amount in
    one currency. Example: ["email", "name", "created_at"]"""
    spreadsheet: Spreadsheet | None = None
    """A language, with or without a country, in whose spreadsheet a double click opens the file:
    en-US, en-GB, es, es-MX, it, fr, de, de-CH, pt, pt-BR."""
    format: FormatChoices | None = None
    """The format. What it leaves out follows `spreadsheet`, else the store's language and country.
    """


class ExportContents(Model):
    """The contents of an export's file, with everything decided."""

    what: What = "customers"
    """What a row is: a customer, an order or an item of an order."""
    filter: CustomerFilter = CustomerFilter()
    """The customers that the export has. `[hidden]` stands for a value that named a customer who
    was erased."""
    columns: list[str] | None = None
    """The columns in the order of the file; null for all. Example: ["email", "created_at"]"""
    format: ExportFormat | None = None
    """The format of the file; null for the store's."""


def resolve(store: Store, request: ExportRequest) -> dict[str, Any]:
    """Return the fields of ExportContents for a request.

    Raises:
        InvalidInputError: a column is unknown or named twice, or format and spreadsheet disagree.
    """
    export_columns.choose(request.what, request.columns)
    return {
        "what": request.what,
        "filter": request.filter,
        "columns": request.columns,
        "format": export_formats.resolve(store, request.spreadsheet, request.format),
    }
