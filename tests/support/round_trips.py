"""An exported file read back by the import's own code, without a table."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from io import BytesIO

from clientela.csv import csv_files, csv_records
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_records import record
from clientela.exports import export_columns
from clientela.exports.export_fields import StoreFacts
from clientela.exports.export_formats import ExportFormat
from clientela.exports.export_rows import RowWriter
from clientela.groups.groups import Group
from clientela.imports import import_rows, row_groups
from clientela.imports.import_rows import StoreContext
from clientela.imports.row_issues import RowIssue
from clientela.stores.stores import Store


def written(
    store: Store,
    people: Sequence[Customer],
    format_: ExportFormat,
    columns: Sequence[str] = export_columns.IMPORTABLE,
    groups: Sequence[Group] = (),
) -> bytes:
    facts = StoreFacts({group.id: group.code for group in groups}, store.currency, store.timezone)
    writer = RowWriter("customers", export_columns.choose("customers", columns), format_, facts)
    return writer.header + writer.lines(record(store, each).serialize() for each in people).data


def read_back(
    store: Store, file: bytes, now: datetime, groups: Sequence[Group] = ()
) -> tuple[list[Customer], list[RowIssue]]:
    """Return the customers that an import into an empty store makes of a file, and what it left out."""
    customers, issues = [], []
    for number, (customer, found) in enumerate(_applied(store, file, now, groups)):
        customers.append(customer.model_copy(update={"id": f"cus_{number}"}))
        issues += found
    return customers, issues


def _applied(
    store: Store, file: bytes, now: datetime, groups: Sequence[Group]
) -> Iterator[tuple[Customer, list[RowIssue]]]:
    layout = csv_files.inspect(lambda: BytesIO(file), country=store.country)
    shape = csv_records.RecordShape(layout.delimiter, len(layout.columns.headers), layout.columns.fields.index("email"))
    context = StoreContext(row_groups.group_ids(groups), store.country, now, zone=store.timezone)
    for chunk in layout.chunks:
        part = BytesIO(file[chunk.start : chunk.end])
        for row in csv_files.rows(part, layout.encoding, shape, chunk.first_line, in_damage=chunk.in_damage):
            cells = csv_records.cells(row, layout.delimiter)
            parsed = import_rows.parse_row(row.line, cells, layout.columns)
            applied = import_rows.create_customer(parsed, "cus_0", layout.columns, now, context)
            yield applied.customer, list(applied.warnings)
