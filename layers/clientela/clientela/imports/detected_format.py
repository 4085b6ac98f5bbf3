"""The format of a file, as it was detected: every step of its import reads it so."""

from typing import Annotated, Literal, Self

from pydantic import StringConstraints

from clientela.csv import csv_headers
from clientela.csv.csv_files import FileLayout
from clientela.csv.csv_headers import FileColumns
from clientela.csv.csv_records import RecordShape
from clientela.schema.documents import Model

Confidence = Literal["certain", "likely", "guess"]


class CsvColumn(Model):
    """A column of the file and its customer field. An unknown column has none and is left out."""

    header: str
    """The header of the column. Example: E-mail"""
    field: str | None = None
    """The customer field of the column; null if it is left out. Example: email"""
    secret: bool = False
    """Whether its cells may be passwords: no report repeats them. Example: false"""
    guessed: bool = False
    """Whether the header does not name the field by itself. Example: false"""
    date_order: Literal["day_first", "month_first", "year_first"] | None = None
    """Whether 03/02 is in February or in March; null for other columns than dates. Example: null"""


class DetectedFormat(Model):
    """The detected format of the file. All steps of the import use it."""

    encoding: str
    """The character encoding of the file. Example: utf-8"""
    encoding_confidence: Confidence = "certain"
    """How sure the encoding is. If it is a guess, no stored text is changed to letters that may be
    wrong."""
    delimiter: Annotated[str, StringConstraints(strip_whitespace=False)]  # a tab is valid
    """The character between the cells. Example: ,"""
    columns: list[CsvColumn]
    """The columns in the order of the file."""
    language: str
    """The language of the headers. Example: en"""

    @classmethod
    def of(cls, layout: FileLayout) -> Self:
        """Return the format of a file that was read."""
        columns = [
            CsvColumn(
                header=header,
                field=field,
                secret=index in layout.columns.secrets,
                guessed=index in layout.columns.guessed,
                date_order=layout.columns.date_orders.get(field or ""),
            )
            for index, (header, field) in enumerate(zip(layout.columns.headers, layout.columns.fields, strict=True))
        ]
        return cls(
            encoding=layout.encoding,
            encoding_confidence=layout.confidence,
            delimiter=layout.delimiter,
            columns=columns,
            language=layout.columns.language,
        )

    def as_columns(self) -> FileColumns:
        """Return the columns in the form that rows are parsed with."""
        headers, fields = (column.header for column in self.columns), (column.field for column in self.columns)
        secrets = frozenset(index for index, column in enumerate(self.columns) if column.secret)
        dates = {str(column.field): column.date_order for column in self.columns if column.date_order}
        return FileColumns(tuple(headers), tuple(fields), self.language, secrets, dates)

    @property
    def shape(self) -> RecordShape:
        """The shape of the rows: an earlier step requires the column of the e-mail."""
        return self.as_columns().shape(self.delimiter)

    @property
    def reads_passwords(self) -> bool:
        """Whether a column is read as that of the passwords."""
        return any(column.field == "password" for column in self.columns)

    @property
    def secret_fields(self) -> set[str]:
        """The customer's fields that get cells of columns with secrets."""
        parts = {str(column.field).split(".")[0] for column in self.columns if column.secret and column.field}
        return {"shipping_addresses" if part == "shipping_address" else part for part in parts}

    @property
    def has_passwords(self) -> bool:
        """Whether there may be a column of passwords: the file must not stay."""
        return self.reads_passwords or csv_headers.names_passwords(column.header for column in self.columns)
