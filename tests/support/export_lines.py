"""Lines of an export without a job: the header and a row for each stored item."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from clientela.exports import export_columns, export_formats
from clientela.exports.export_columns import What
from clientela.exports.export_fields import StoreFacts
from clientela.exports.export_formats import ExportFormat
from clientela.exports.export_rows import RowWriter
from clientela.table.dynamodb import Item

PLAIN = export_formats.of_spreadsheet("en-US").model_copy(update={"times": "iso", "mark_texts": False})


def file_of(
    items: Iterable[Item],
    what: What = "customers",
    columns: Sequence[str] | None = None,
    format_: ExportFormat = PLAIN,
    facts: StoreFacts | None = None,
) -> bytes:
    facts = facts or StoreFacts({}, "USD", "UTC")
    writer = RowWriter(what, export_columns.choose(what, columns), format_, facts)
    return writer.header + writer.lines(items).data


def cells_of(item: Item, codes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the cells of a customer, all columns, by English header."""
    content = file_of([item], facts=StoreFacts(codes or {}, "USD", "UTC")).decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    return row
