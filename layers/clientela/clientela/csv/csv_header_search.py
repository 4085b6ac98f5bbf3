"""Find the header of a CSV file: its line, its delimiter and its columns.

Above it there may be Excel's `sep=;` and lines of a title.
"""

import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clientela.csv import csv_headers, csv_lines, csv_records
from clientela.csv.csv_headers import FileColumns
from clientela.csv.csv_records import CsvRecord, RecordError, RecordShape
from clientela.csv.file_texts import FileNote, FileRefusedError

DELIMITERS = (",", ";", "\t", "|")
HEADER_RECORDS = 20  # searched for the header
COMPARED_RECORDS = 200  # searched for addresses, if no header names the e-mail
_ADDRESS_SHARE = 0.8  # of a column's filled cells: more are addresses in the column of e-mails
_NO_SHAPE = 1_000_000  # cells of a row: before the header is found, no line is a row

_SEP = re.compile(r'"?sep=(.)"?[,;\t|]*\r?\n?\r?', re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s,;\"'<>]+@[^@\s,;\"'<>]+\.[^@\s,;\"'<>.]+")


class Header(NamedTuple):
    """The header of a file, and where the rows begin: the byte and the line after it."""

    delimiter: str
    columns: FileColumns
    end: int
    next_line: int
    notes: tuple[FileNote, ...] = ()

    @property
    def shape(self) -> RecordShape:
        """The shape of the rows below the header."""
        return self.columns.shape(self.delimiter)


class _Candidate(NamedTuple):
    """A record that may be the header, with its cells, and the byte and line after it."""

    cells: list[str]
    end: int
    next_line: int


def find(head: bytes, encoding: str, bom_size: int, delimiter: str | None = None) -> Header:
    """Return the header of a file by its first bytes.

    Raises:
        FileRefusedError: no column is that of the e-mail, or two columns are one field.
    """
    lines = csv_lines.read(io.BytesIO(head[bom_size:]), encoding)
    first = next(lines, csv_lines.CsvLine("", 0))
    separator = _SEP.fullmatch(first.text)
    start = (bom_size + first.size, 2) if separator else (bom_size, 1)
    if separator and separator[1] in DELIMITERS:
        delimiter = delimiter or separator[1]
    delimiters = (delimiter,) if delimiter else DELIMITERS
    candidates = {each: list(_candidates(head[start[0] :], encoding, each, start)) for each in delimiters}
    named = [header for each in delimiters if (header := _named(candidates[each], each))]
    if named:
        found = max(named, key=lambda header: (_recognised(header.columns), len(header.columns.headers)))
    else:
        found = _by_addresses(candidates)
    _require_once(found.columns)
    return found


def _candidates(head: bytes, encoding: str, delimiter: str, start: tuple[int, int]) -> Iterator[_Candidate]:
    """Yield the first records that are not blank."""
    end, line = start
    shape = RecordShape(delimiter, _NO_SHAPE, 0)
    records = csv_records.records(csv_lines.read(io.BytesIO(head), encoding), shape, line)
    for number, record in enumerate(records):
        end += record.size
        line = record.line + _line_count(record)
        if number == COMPARED_RECORDS:
            return
        try:
            cells = csv_records.cells(record, delimiter)
        except RecordError:
            cells = csv_records.split(record.text, delimiter)
        if not csv_records.is_blank(record, delimiter):
            yield _Candidate(cells, end, line)


def _line_count(record: CsvRecord) -> int:
    return len(re.findall(r"\r\n|\r|\n", record.text)) or 1


def _named(candidates: Sequence[_Candidate], delimiter: str) -> Header | None:
    """Return the first record that names an e-mail column."""
    for each in candidates[:HEADER_RECORDS]:
        columns = csv_headers.recognise(each.cells)
        if "email" in columns.fields:
            return Header(delimiter, columns, each.end, each.next_line)
    return None


def _recognised(columns: FileColumns) -> int:
    return sum(field is not None for field in columns.fields)


def _by_addresses(candidates: dict[str, list[_Candidate]]) -> Header:
    """Return the header whose file has exactly one column of addresses.

    Raises:
        FileRefusedError: there is no such column, or the file begins with an address.
    """
    for delimiter, records in candidates.items():
        width = max((len(each.cells) for each in records), default=0)
        header = next((each for each in records if sum(map(bool, each.cells)) * 2 >= width), None)
        if header is None or (width == 1 and delimiter != DELIMITERS[0]):
            continue
        rows = [each.cells for each in records if each.end > header.end]
        columns = [index for index in range(len(header.cells)) if _is_of_addresses(rows, index)]
        if not columns:
            continue
        if any(_EMAIL.fullmatch(cell.strip()) for cell in header.cells):
            raise FileRefusedError("header_missing")
        if len(columns) == 1:
            recognised = csv_headers.recognise(header.cells)
            fields = tuple("email" if i == columns[0] else field for i, field in enumerate(recognised.fields))
            found = recognised._replace(
                fields=fields,
                secrets=recognised.secrets - {columns[0]},
                guessed=recognised.guessed | {columns[0]},
            )
            note = FileNote("email_column_assumed", {"header": found.headers[columns[0]][:100]})
            return Header(delimiter, found, header.end, header.next_line, (note,))
    first = next(iter(candidates.values()), [])
    if first and any(_EMAIL.fullmatch(cell.strip()) for cell in first[0].cells):
        raise FileRefusedError("header_missing")
    raise FileRefusedError("no_email_column")


def _is_of_addresses(rows: Sequence[list[str]], index: int) -> bool:
    filled = [cells[index].strip() for cells in rows if index < len(cells) and cells[index].strip()]
    return bool(filled) and sum(bool(_EMAIL.fullmatch(cell)) for cell in filled) >= _ADDRESS_SHARE * len(filled)


def _require_once(columns: FileColumns) -> None:
    """Refuse a file in which two columns of one field have the same header."""
    used = [header for header, field in zip(columns.headers, columns.fields, strict=True) if field]
    names = Counter(map(csv_headers.normalize, used))
    twice = [header for header in used if names[csv_headers.normalize(header)] > 1]
    if twice:
        raise FileRefusedError("column_twice", columns=tuple(twice[:10]))
