"""Rows of an exported file: documents as lines of CSV, in a format and with chosen columns.

What a row needs is decided once for a file. Per row, one pass over the fields that the document
has fills a dict of cells, one getter takes the chosen ones, and one pattern tells whether any text
needs an escape. Fields at their default are not stored, and an absent address is never looked at.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

from clientela.csv import csv_cells
from clientela.exports import export_cells, export_columns, export_fields, export_formats
from clientela.exports.export_cells import Printer
from clientela.exports.export_columns import ExportColumn, What
from clientela.exports.export_fields import Cells, Filler, StoreFacts
from clientela.exports.export_formats import ExportFormat
from clientela.exports.export_requests import ExportContents
from clientela.groups import groups
from clientela.stores.stores import Store
from clientela.table.dynamodb import Item

BOM = "\ufeff"  # without it Excel reads UTF-8 in the machine's old code page; our import removes it
LINE_END = "\r\n"
_JOINT = "\x1c"  # a separator for `csv_cells` that begins no formula


class Lines(NamedTuple):
    """Lines of a file, and the number of its rows in them."""

    data: bytes
    rows: int


class RowWriter:
    """The header and the rows of one file."""

    def __init__(self, what: What, columns: Sequence[ExportColumn], format_: ExportFormat, facts: StoreFacts) -> None:
        self.columns = tuple(column.name for column in columns)
        self._format = format_
        self._line = _line_maker(columns, format_, facts)
        self._documents = export_fields.DOCUMENTS[what]
        names = [export_columns.header(what, column, format_.header_language) for column in columns]
        self._header = _quoted_line(names, format_.delimiter)

    @property
    def header(self) -> bytes:
        """The first line of the file."""
        return ((BOM if self._format.bom else "") + self._header + LINE_END).encode()

    def lines(self, items: Iterable[Item]) -> Lines:
        """Return the lines of stored items: one for each customer, order or order item."""
        lines = [self._line(document) for item in items for document in self._documents(item)]
        return Lines(LINE_END.join([*lines, ""]).encode(), len(lines))


def writer(store: Store, contents: ExportContents) -> RowWriter:
    """Return the writer of a file with these contents.

    Cost: 1 read unit per 4 KB of the store's groups, for a file of customers.
    """
    codes = {group.id: group.code for group in groups.list_all(store)} if contents.what == "customers" else {}
    columns = export_columns.choose(contents.what, contents.columns)
    facts = StoreFacts(codes, store.currency, store.timezone)
    return RowWriter(contents.what, columns, format_of(store, contents), facts)


def format_of(store: Store, contents: ExportContents) -> ExportFormat:
    """Return the format of a file with these contents."""
    return contents.format or export_formats.default_of(store)


def _line_maker(
    columns: Sequence[ExportColumn], format_: ExportFormat, facts: StoreFacts
) -> Callable[[dict[str, Any]], str]:
    """Return the function that makes a line of a document."""
    printers = export_cells.printers(format_, facts.timezone)
    defaults, fillers = _plan(columns, printers, facts)
    names = [column.name for column in columns]
    free = [column.name for column in columns if column.kind in export_cells.FREE]
    cells_of, texts_of = _getter(names), _getter(free)
    escaped = csv_cells.escaper(_JOINT, mark=format_.mark_texts)
    needs_quotes = re.compile(rf'["\r\n{re.escape(format_.delimiter)}]').search
    escape = partial(csv_cells.escape, mark=format_.mark_texts)
    delimiter, with_filler = format_.delimiter, fillers.keys()

    def line(document: dict[str, Any]) -> str:
        cells: Cells = defaults | document
        for name in document.keys() & with_filler:
            fillers[name](cells, document[name], document)
        texts = texts_of(cells)
        filled = tuple(filter(None, texts))
        joined = _JOINT + _JOINT.join(filled)
        changed = escaped(joined)
        if changed and joined.count(_JOINT) > len(filled):  # a text has the joint in it
            changed = {text: escape(text) for text in filled}
        if needs_quotes(joined):
            for text in set(filled):  # two columns may have the same text
                cell = changed.get(text, text)
                if needs_quotes(cell):
                    changed[text] = export_cells.quote(cell)
        if changed:
            cells.update(zip(free, map(changed.get, texts, texts), strict=True))
        return delimiter.join(cells_of(cells))

    if len(columns) > 1:
        return line
    return lambda document: line(document) or '""'  # an empty line is no row


def _plan(
    columns: Sequence[ExportColumn], printers: dict[Any, Printer], facts: StoreFacts
) -> tuple[Cells, dict[str, Filler]]:
    """Return the cells of a document without fields, and what fills the cells of each field."""
    defaults: Cells = dict.fromkeys((column.name for column in columns), "")
    fillers: dict[str, Filler] = {}
    for field, filler in export_fields.fillers(columns, printers, facts):
        fillers[field] = filler
    default = export_fields.DEFAULTS
    for column in columns:
        if not column.parent and column.name in default:
            printer = printers.get(column.kind)
            defaults[column.name] = printer(default[column.name]) if printer else default[column.name]
    return defaults, fillers


def _getter(names: Sequence[str]) -> Callable[[Cells], tuple[str, ...]]:
    """Return a function that takes the cells of these columns."""
    if len(names) == 1:
        name = names[0]
        return lambda cells: (cells[name],)
    return itemgetter(*names) if names else lambda _: ()


def _quoted_line(cells: Sequence[str], delimiter: str) -> str:
    needs_quotes = re.compile(rf'["\r\n{re.escape(delimiter)}]').search
    return delimiter.join(export_cells.quote(cell) if needs_quotes(cell) else cell for cell in cells)
