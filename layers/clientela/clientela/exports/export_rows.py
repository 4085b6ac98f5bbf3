"""Rows of an exported file: documents as lines of CSV, in a format and with chosen columns.

What a row needs is decided once for a file. Per row, one pass over the fields that the document
has fills the cells of a blank row. Fields at their default are not stored, and an absent address is
never looked at.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from clientela.exports import export_cells, export_columns, export_fields, export_formats
from clientela.exports.export_columns import ExportColumn, What
from clientela.exports.export_fields import StoreFacts
from clientela.exports.export_formats import ExportFormat
from clientela.exports.export_requests import ExportContents
from clientela.exports.export_texts import TextCells
from clientela.groups import groups
from clientela.stores.stores import Store
from clientela.table.dynamodb import Item

BOM = "\ufeff"  # without it Excel reads UTF-8 in the machine's old code page; our import removes it
LINE_END = "\r\n"


class Lines(NamedTuple):
    """Lines of a file, and the number of its rows in them."""

    data: bytes
    rows: int


class RowWriter:
    """The header and the rows of one file."""

    def __init__(self, what: What, columns: Sequence[ExportColumn], format_: ExportFormat, facts: StoreFacts) -> None:
        self.columns = tuple(column.name for column in columns)
        self._format = format_
        self._texts = TextCells(format_)
        self._line = _line_maker(columns, format_, facts, self._texts)
        self._documents = export_fields.DOCUMENTS[what]
        names = [export_columns.header(what, column, format_.header_language) for column in columns]
        self._header = format_.delimiter.join(map(self._texts.quote, names))

    @property
    def header(self) -> bytes:
        """The first line of the file."""
        return ((BOM if self._format.bom else "") + self._header + LINE_END).encode()

    def lines(self, items: Iterable[Item]) -> Lines:
        """Return the lines of stored items: one for each customer, order or order item."""
        self._texts.forget()
        lines = list(map(self._line, self._documents(items)))
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
    columns: Sequence[ExportColumn], format_: ExportFormat, facts: StoreFacts, text_cells: TextCells
) -> Callable[[dict[str, Any]], str]:
    """Return the function that makes a line of a document."""
    plan = export_fields.plan(columns, export_cells.printers(format_, facts.timezone), facts)
    text_at, word_at, printed_at, filler_of = plan.texts.get, plan.words.get, plan.printed.get, plan.fillers.get
    blank, known, learn, join = plan.blank, text_cells.known, text_cells.learn, format_.delimiter.join

    def line(document: dict[str, Any]) -> str:
        cells, texts = blank.copy(), dict[int, str]()
        for name, value in document.items():
            if (position := text_at(name)) is not None:
                texts[position] = value
            elif (position := word_at(name)) is not None:
                cells[position] = value
            elif printed := printed_at(name):
                position, printer = printed
                cells[position] = printer(value)
            elif filler := filler_of(name):
                filler(cells, texts, value, document)
        if new := [text for text in texts.values() if text not in known]:
            learn(new)
        for position, text in texts.items():
            cells[position] = known[text]
        return join(cells)

    if len(columns) > 1:
        return line
    return lambda document: line(document) or '""'  # an empty line is no row
