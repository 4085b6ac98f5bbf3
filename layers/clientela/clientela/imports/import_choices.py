"""What a merchant chooses for an import over the API: the file, its options, its columns."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from clientela.csv import csv_encodings, csv_headers
from clientela.csv.csv_columns import IMPORTED
from clientela.csv.csv_dates import DateOrder
from clientela.errors import FieldError, InvalidInputError
from clientela.imports.import_jobs import ImportJob, Mode
from clientela.schema.documents import Model, on_input
from clientela.sentences import Sentence

_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


def _check_file_name(name: str) -> str:
    if "/" in name or not name.isprintable():
        raise ValueError("Use a name without `/` and control characters.")
    if not name.lower().endswith(".csv"):
        raise ValueError("Use a name that ends in `.csv`: only CSV files can be imported.")
    return name


def _to_codec(name: str) -> str:
    found = csv_encodings.codec(name)
    if found is None:
        raise ValueError("Use the name of a known encoding, such as utf-8 or windows-1252.")
    return found


FileName = Annotated[
    str, StringConstraints(min_length=5, max_length=200), AfterValidator(_check_file_name), Field(examples=["list.csv"])
]
Delimiter = Annotated[
    Literal["comma", "semicolon", "tab", "pipe", ",", ";", "|"],
    AfterValidator(lambda name: _DELIMITERS.get(name, name)),
]
Encoding = Annotated[str, StringConstraints(max_length=50), on_input(_to_codec)]


class ImportChoices(Model):
    """How a file is imported. What is left out is decided by the file itself."""

    mode: Mode = "upsert"
    """Whether rows create customers, update them, or do both."""
    dry_run: bool = False
    """Whether the import ends with its plan. Example: false"""
    send_welcome: bool = False
    """Whether created customers are invited by mail. Example: false"""
    delimiter: Delimiter | None = None
    """The character between the cells; null to detect it. Example: semicolon"""
    encoding: Encoding | None = None
    """The character encoding of the file; null to detect it. Example: windows-1252"""
    date_order: DateOrder | None = None
    """The order of day, month and year in dates such as 03/02/20; null to detect it."""


class NewImport(Model):
    """A file to import. Upload it to the address in the response."""

    file_name: FileName
    """The name of the file; it ends in `.csv`. Example: customers.csv"""
    size: Annotated[int, Field(ge=1)]
    """The size of the file in bytes. Example: 48213"""
    options: ImportChoices = ImportChoices()
    """How to import the file."""


class ImportChanges(Model):
    """Other columns or options for an import that is planned. What is left out stays."""

    mapping: dict[str, str | None] = Field(default_factory=dict, max_length=1000)
    """Fields by header, as the plan's columns spell it; null leaves a column out. Example:
    {"E-mail": "email", "Colour": null}"""
    options: ImportChoices | None = None
    """The options to change; those that are left out stay as they are."""


class NewStart(Model):
    """The plan to start."""

    plan: int | None = None
    """The number of the plan that you have seen: another one is not started. Example: 1"""


def change(job: ImportJob, changes: ImportChanges) -> ImportJob:
    """Return a planned job with other columns or options — InvalidInputError as `map_columns`."""
    mapped = map_columns(job, changes.mapping) if changes.mapping else job
    return choose(mapped, changes.options) if changes.options else mapped


def choose(job: ImportJob, options: ImportChoices) -> ImportJob:
    """Return a job with the options that are given; the others stay."""
    return job.model_copy(update=options.model_dump(exclude_unset=True))


def map_columns(job: ImportJob, mapping: dict[str, str | None]) -> ImportJob:
    """Return a planned job with other fields for its columns.

    Raises:
        InvalidInputError: a header or field is unknown, a column of passwords would become another
            field, or not exactly one column would be the e-mail.
    """
    columns = job.detected.columns if job.detected else []
    headers = {column.header for column in columns}
    errors = [FieldError(f"/mapping/{_escape(header)}", message) for header, message in _faults(mapping, headers)]
    if not errors:
        fields = [mapping.get(column.header, column.field) for column in columns]
        if fields.count("email") != 1:
            errors = [FieldError("/mapping", "Choose exactly one column as the e-mail.")]
    if errors:
        raise InvalidInputError("Some columns cannot be mapped so.", fields=errors)
    return job.model_copy(update={"mapping": job.mapping | mapping})


def _faults(mapping: dict[str, str | None], headers: set[str]) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    for header, field in mapping.items():
        if header not in headers:
            faults.append((header, "The file has no column with this header."))
        elif field is not None and field not in IMPORTED:
            faults.append((header, Sentence("Imports have no field “{field}”.", field=field)))
        elif field not in (None, "password") and csv_headers.names_passwords([header]):
            faults.append((header, "A column of passwords cannot become another field."))
    return faults


def _escape(header: str) -> str:
    """Return a header as a part of a JSON pointer (RFC 6901)."""
    return header.replace("~", "~0").replace("/", "~1")
