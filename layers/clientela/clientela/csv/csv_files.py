"""CSV files as merchants have them: encoding, delimiter and header found, and cut into chunks that end on record ends.

A survey reads the file once, streaming, in constant memory whatever its size; a second time only where it proves not
to be UTF-8 on the way.
"""

import codecs
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, BinaryIO, NamedTuple

from pydantic import Field

from clientela.csv import csv_columns, csv_records
from clientela.csv.csv_columns import Columns
from clientela.csv.csv_records import LONGEST, Record, RecordError
from clientela.schema.documents import Model

HEAD = 65_536  # bytes in which the header must end
HEADER_LINES = 10  # in which a header is looked for that may not be the first line
CHUNK_ROWS = 1_000
CHUNK_BYTES = 1_000_000
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = (
    "utf-8", "utf-16-le", "utf-16-be", "cp1250", "cp1251", "cp1252", "iso8859-1", "iso8859-2", "iso8859-15",
    "mac-roman",
)  # fmt: skip
_CELL_ENDS = re.compile(r'[,;\t|"]')
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

type Opened = Callable[[], BinaryIO]  # the file from its beginning, as often as it is called


class FileRefusedError(ValueError):
    """The file cannot be imported, as a whole; its text tells the merchant why."""


class Chunk(Model):
    """A part of the file that ends on a record's end: bytes `start` up to, not with, `end`; blank lines are no rows."""

    index: Annotated[int, Field(ge=0)]
    start: int
    end: int
    first_line: int
    rows: int


class FileLayout(NamedTuple):
    """What a file is, and where it is cut. `encoding` is a codec without a byte-order mark."""

    encoding: str
    delimiter: str
    columns: Columns
    chunks: list[Chunk]

    @property
    def rows(self) -> int:
        return sum(chunk.rows for chunk in self.chunks)


def inspect(opened: Opened, encoding: str | None = None, delimiter: str | None = None) -> FileLayout:
    """Read a file through. FileRefusedError with the reason where it is not a CSV file of customers.

    `encoding` and `delimiter` are the merchant's word, if given: then they are not detected.
    """
    head = opened().read(HEAD)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        raise FileRefusedError("The file is empty.")
    for candidate in _encodings(head, encoding):
        try:
            return _surveyed(opened(), candidate, _bom(head, candidate), delimiter or _delimiter(head, candidate))
        except RecordError as error:
            raise FileRefusedError(error.message) from None
        except _OtherEncodingError:
            continue
    raise FileRefusedError("The file's encoding is not known: save it as UTF-8, or name its encoding.")


def lines(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """The lines of a stream with their ends, which may be CR LF, LF or CR. UnicodeDecodeError, RecordError."""
    text = io.TextIOWrapper(stream, encoding=encoding, errors="strict", newline="")
    number = 0
    while line := text.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise RecordError(number, "record_too_long", f"Line {number} is longer than {LONGEST:,} characters.")
        yield line


def codec(name: str) -> str:
    """The codec of an encoding's usual name, `Windows-1252` → `cp1252`. FileRefusedError where it is none we take."""
    try:
        found = codecs.lookup(name).name
    except LookupError:
        found = ""
    found = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(found, found)
    if found not in ENCODINGS:
        raise FileRefusedError(f"The encoding {name!r} is not known: use one of {', '.join(ENCODINGS)}.")
    return found


def may_hold_passwords(opened: Opened) -> bool:
    """Whether a line at the beginning names a column of passwords, whatever else is wrong with the file."""
    head = opened().read(HEAD)
    texts = (head.decode(encoding, errors="replace") for encoding in ENCODINGS)
    lines = (line for text in texts for line in text.splitlines()[:HEADER_LINES])
    return any("password" in csv_columns.columns(_CELL_ENDS.split(line)).fields for line in lines)


class _OtherEncodingError(Exception):
    pass


def _encodings(head: bytes, given: str | None) -> Sequence[str]:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return [encoding]
    if given:
        return [codec(given)]
    if head.count(0) > len(head) // 5:  # UTF-16 without a mark: every second byte of ASCII text is 0
        return ["utf-16-le" if head[1:2] == b"\0" else "utf-16-be"]
    return ["utf-8", "cp1252"]


def _bom(head: bytes, encoding: str) -> int:
    return next((len(mark) for mark, of in _MARKS if of == encoding and head.startswith(mark)), 0)


def _delimiter(head: bytes, encoding: str) -> str:
    """The delimiter with which the first record names the most known columns."""
    text = head[_bom(head, encoding) :].decode(encoding, errors="replace")
    return max(DELIMITERS, key=lambda delimiter: _recognised(text, delimiter))


def _recognised(text: str, delimiter: str) -> tuple[int, int]:
    try:
        header = _header(csv_records.records(io.StringIO(text, newline=""), delimiter), delimiter)
    except (RecordError, FileRefusedError):
        return (0, 0)
    return sum(field is not None for field in csv_columns.columns(header).fields), len(header)


def _header(records: Iterable[Record], delimiter: str) -> list[str]:
    for record in records:
        if not csv_records.is_blank(record, delimiter):
            return csv_records.cells(record, delimiter)
    raise FileRefusedError("The file is empty.")


def _surveyed(stream: BinaryIO, encoding: str, mark: int, delimiter: str) -> FileLayout:
    stream.read(mark)
    measured = _Measured(encoding, mark)
    records = measured.records(csv_records.records(measured.lines(stream), delimiter))
    columns = csv_columns.columns(_header(records, delimiter))
    _require_valid(columns)
    return FileLayout(encoding, delimiter, columns, list(_chunks(records, measured, delimiter)))


def _require_valid(columns: Columns) -> None:
    names = Counter(csv_columns.normal(header) for header in columns.headers if header)
    doubles = [header for header in columns.headers if names[csv_columns.normal(header)] > 1]
    if doubles:
        raise FileRefusedError(f"The header names a column twice: {', '.join(doubles)[:500]}.")
    if "email" not in columns.fields:
        raise FileRefusedError(f"No column is an e-mail column. The columns are: {', '.join(columns.headers)[:500]}.")


class _Measured:
    """Where in the file's bytes, and in its lines, the records are that come through."""

    def __init__(self, encoding: str, position: int) -> None:
        self.encoding, self.position, self.next_line = encoding, position, 1
        self._is_ascii = True

    def lines(self, stream: BinaryIO) -> Iterator[str]:
        """The lines of the stream. A byte that is not UTF-8 means another encoding only where all was ASCII so far."""
        try:
            for line in lines(stream, self.encoding):
                self._is_ascii = self._is_ascii and line.isascii()
                self.next_line += 1
                yield line
        except UnicodeDecodeError as error:
            if self.encoding == "utf-8" and self._is_ascii and error.object[: error.start].isascii():
                raise _OtherEncodingError from None
            message = f"After line {self.next_line - 1} the file is not {self.encoding}: save it as UTF-8."
            raise FileRefusedError(message) from None

    def records(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            self.position += _size(record.text, self.encoding)
            yield record


def _size(text: str, encoding: str) -> int:
    return len(text) if text.isascii() and not encoding.startswith("utf-16") else len(text.encode(encoding))


def _chunks(records: Iterable[Record], measured: _Measured, delimiter: str) -> Iterator[Chunk]:
    index, rows, start, first_line = 0, 0, measured.position, measured.next_line
    for record in records:
        rows += not csv_records.is_blank(record, delimiter)
        if rows == CHUNK_ROWS or measured.position - start >= CHUNK_BYTES:
            yield Chunk(index=index, start=start, end=measured.position, first_line=first_line, rows=rows)
            index, rows, start, first_line = index + 1, 0, measured.position, measured.next_line
    if rows:
        yield Chunk(index=index, start=start, end=measured.position, first_line=first_line, rows=rows)
