"""Options that say what an export contains, for `exports run` and `exports schedules create`."""

from typing import Annotated, Literal

import typer

from clientela.customers.customer_filter import CustomerFilter
from clientela.exports.export_requests import ExportRequest
from clientela_cli.commands import field_changes

WhatOption = Annotated[
    Literal["customers", "orders", "order_items"],
    typer.Option("--what", help="What a row is: a customer, an order, or an item of an order."),
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="NAME", help="A column, in the order of the file; repeatable. Without: all."),
]
SpreadsheetOption = Annotated[
    str | None,
    typer.Option("--spreadsheet", metavar="LANGUAGE", help="The spreadsheet that opens the file, e.g. es or de-CH."),
]
Format = Annotated[
    list[str] | None,
    typer.Option("--format", metavar="FIELD=VALUE", help="A part of the format, e.g. bom=false; repeatable."),
]


def request(
    what: str,
    filter_: CustomerFilter,
    columns: list[str] | None,
    spreadsheet: str | None,
    format_: list[str] | None,
) -> ExportRequest:
    """Return what the options ask for.

    Raises:
        ValidationError: pydantic's, for an invalid value.
        CommandError: a part of the format is not `field=value`.
    """
    choices = field_changes.read_optional(None, format_) or None
    fields = {"what": what, "columns": columns or None, "spreadsheet": spreadsheet, "format": choices}
    return ExportRequest.model_validate(fields).model_copy(update={"filter": filter_})
