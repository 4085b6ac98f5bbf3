"""Options that say what an export contains, for `exports run` and `exports schedules`."""

from typing import Annotated, Any

import typer
from pydantic import BaseModel

from clientela.customers.customer_filter import CustomerFilter
from clientela.exports import export_columns, export_formats
from clientela.exports.export_columns import What
from clientela.exports.export_requests import ExportRequest
from clientela_cli.commands import field_changes
from clientela_cli.console.exit_codes import USAGE, CommandError

WhatOption = Annotated[
    What,
    typer.Option("--what", help="What a row is: a customer, an order, or an item of an order."),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="NAMES",
        help="The columns of the file, e.g. email,name; importable: those that an import reads. Without: all.",
    ),
]
SpreadsheetOption = Annotated[
    str | None,
    typer.Option("--spreadsheet", metavar="LANGUAGE", help="The spreadsheet that opens the file, e.g. es or de-CH."),
]
Format = Annotated[
    list[str] | None,
    typer.Option(
        "--format", metavar="FIELD=VALUE", help="A part of the format, e.g. delimiter=tab or bom=no; repeatable."
    ),
]


def request(
    what: What,
    filter_: CustomerFilter,
    columns: str | None,
    spreadsheet: str | None,
    format_: list[str] | None,
) -> ExportRequest:
    """Return what the options ask for.

    Raises:
        ValidationError: pydantic's, for an unknown spreadsheet.
        InvalidInputError: a column or a part of the format is unknown.
        CommandError: a part of the format is not `field=value`.
    """
    fields = {
        "what": what,
        "columns": None if columns is None else export_columns.parse_names(columns, what),
        "spreadsheet": spreadsheet,
        "format": format_choices(format_),
    }
    return ExportRequest.model_validate(fields).model_copy(update={"filter": filter_})


def format_choices(texts: list[str] | None) -> dict[str, Any] | None:
    """Return the choices in texts such as `delimiter=tab`; None without texts.

    Raises:
        InvalidInputError: a part of the format is unknown.
        CommandError: a text is not `field=value`.
    """
    return export_formats.parse_choices(dict(map(_pair, texts))).model_dump(exclude_none=True) if texts else None


def shown(choices: BaseModel | None) -> list[str]:
    """Return a filter or a format as the texts that the options take: `country=ES`."""
    fields = choices.model_dump(mode="json", exclude_none=True) if choices else {}
    return [f"{name}={value}" for name, value in field_changes.flatten(fields)]


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise CommandError(f"“{text}” is not FIELD=VALUE.", USAGE)
    return name, value
