"""Merchants' CSV files: detect encoding, delimiter and header; plan chunks of whole records.

A file is read once, as a stream in constant memory. It is read a second time only if bytes after
the beginning are not UTF-8.
"""

import codecs
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, BinaryIO, NamedTuple

from pydantic import Field

from clientela.csv import csv_headers, csv_records
from clientela.csv.csv_headers import FileColumns
from clientela.csv.csv_records import MAX_CHARACTERS, CsvRecord, RecordError
from clientela.schema.documents import Model

HEAD_BYTES = 65_536  # the header must end in these
HEADER_LINES = 10  # searched for a column of passwords: the header may not be the first line
HEADER_CHARACTERS = 40  # a longer cell is not taken for the header of a column of passwords
CHUNK_ROWS = 1_000
CHUNK_BYTES = 1_000_000
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = (
    "utf-8", "utf-16-le", "utf-16-be", "cp1250", "cp1251", "cp1252", "iso8859-1", "iso8859-2", "iso8859-15",
    "mac-roman",
)  # fmt: skip
_CELL_ENDS = re.compile(r'[,;\t|"]')
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

type OpenFile = Callable[[], BinaryIO]  # each call returns the file from its beginning


class FileRefusedError(ValueError):
    """The file cannot be imported. The message tells the merchant why."""


class Chunk(Model):
    """A part of the file that ends on a record's end: the bytes from `start` to before `end`.

    Blank lines are not counted as rows.
    """

    index: Annotated[int, Field(ge=0)]
    start: int
    end: int
    first_line: int
    rows: int


class FileLayout(NamedTuple):
    """The format of a file and its chunks. `encoding` is a codec without a byte-order mark."""

    encoding: str
    delimiter: str
    columns: FileColumns
    chunks: list[Chunk]

    @property
    def rows(self) -> int:
        return sum(chunk.rows for chunk in self.chunks)


def inspect(open_file: OpenFile, encoding: str | None = None, delimiter: str | None = None) -> FileLayout:
    """Read a whole file and return its layout.

    `encoding` and `delimiter`, if the merchant names them, are not detected.

    Raises:
        FileRefusedError: the file is not a CSV file of customers; the message says why.
    """
    head = open_file().read(HEAD_BYTES)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        raise FileRefusedError("The file is empty.")
    for candidate in _encodings(head, encoding):
        try:
            return _layout(open_file(), candidate, _bom_size(head, candidate), delimiter or _delimiter(head, candidate))
        except RecordError as error:
            raise FileRefusedError(error.message) from None
        except _OtherEncodingError:
            continue
    raise FileRefusedError("The file's encoding is unknown: save the file as UTF-8, or name its encoding.")


def lines(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """Yield the lines of a stream, each with its end: CR LF, LF or CR.

    Raises:
        UnicodeDecodeError: the stream has another encoding.
        RecordError: a line is too long.
    """
    text = io.TextIOWrapper(stream, encoding=encoding, errors="strict", newline="")
    number = 0
    while line := text.readline(MAX_CHARACTERS + 1):
        number += 1
        if len(line) > MAX_CHARACTERS:
            raise RecordError(number, "record_too_long", f"Line {number} is longer than {MAX_CHARACTERS:,} characters.")
        yield line


def codec(name: str) -> str:
    """Return the codec of an encoding: `Windows-1252` → `cp1252` — FileRefusedError for others."""
    try:
        codec_name = codecs.lookup(name).name
    except LookupError:
        codec_name = ""
    codec_name = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(codec_name, codec_name)
    if codec_name not in ENCODINGS:
        raise FileRefusedError(f"Unknown encoding {name!r}: use one of {', '.join(ENCODINGS)}.")
    return codec_name


def may_have_passwords(open_file: OpenFile) -> bool:
    """Return whether one of the first lines names a column of passwords, even in a broken file."""
    head = open_file().read(HEAD_BYTES)
    texts = (head.decode(encoding, errors="replace") for encoding in ENCODINGS)
    lines = (line for text in texts for line in text.splitlines()[:HEADER_LINES])
    cells = (cell for line in lines for cell in _CELL_ENDS.split(line) if len(cell) <= HEADER_CHARACTERS)
    return csv_headers.names_passwords(cells)


class _OtherEncodingError(Exception):
    """The file is not in the encoding it was read with, but may be in another."""


def _encodings(head: bytes, given: str | None) -> Sequence[str]:
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return [encoding]
    if given:
        return [codec(given)]
    if head.count(0) > len(head) // 5:  # UTF-16 without a byte-order mark: every second byte of ASCII text is 0
        return ["utf-16-le" if head[1:2] == b"\0" else "utf-16-be"]
    return ["utf-8", "cp1252"]


def _bom_size(head: bytes, encoding: str) -> int:
    return next((len(bom) for bom, of in _BOMS if of == encoding and head.startswith(bom)), 0)


def _delimiter(head: bytes, encoding: str) -> str:
    """Return the delimiter that recognises the most columns of the first record."""
    text = head[_bom_size(head, encoding) :].decode(encoding, errors="replace")
    return max(DELIMITERS, key=lambda delimiter: _count_recognised(text, delimiter))


def _count_recognised(text: str, delimiter: str) -> tuple[int, int]:
    try:
        header = _header(csv_records.records(io.StringIO(text, newline=""), delimiter), delimiter)
    except (RecordError, FileRefusedError):
        return (0, 0)
    return sum(field is not None for field in csv_headers.recognise(header).fields), len(header)


def _header(records: Iterable[CsvRecord], delimiter: str) -> list[str]:
    for record in records:
        if not csv_records.is_blank(record, delimiter):
            return csv_records.cells(record, delimiter)
    raise FileRefusedError("The file is empty.")


def _layout(stream: BinaryIO, encoding: str, bom_size: int, delimiter: str) -> FileLayout:
    stream.read(bom_size)
    position = _Position(encoding, bom_size)
    records = position.track_records(csv_records.records(position.track_lines(stream), delimiter))
    columns = csv_headers.recognise(_header(records, delimiter))
    _require_valid(columns)
    return FileLayout(encoding, delimiter, columns, list(_chunks(records, position, delimiter)))


def _require_valid(columns: FileColumns) -> None:
    names = Counter(csv_headers.normalize(header) for header in columns.headers if header)
    duplicates = [header for header in columns.headers if names[csv_headers.normalize(header)] > 1]
    if duplicates:
        raise FileRefusedError(f"The header has a column twice: {', '.join(duplicates)[:500]}.")
    if "email" not in columns.fields:
        # The file's headers are not quoted: without a header, its first line is a row, perhaps with
        # a password.
        raise FileRefusedError(
            "The file has no e-mail column: give one the header email, e-mail, correo electrónico, adresse e-mail,"
            " indirizzo e-mail, E-Mail-Adresse or endereço de e-mail."
        )


class _Position:
    """The position in the file after the last record: in bytes, and the number of the next line."""

    def __init__(self, encoding: str, start: int) -> None:
        self.encoding, self.bytes, self.next_line = encoding, start, 1
        self._is_ascii = True

    def track_lines(self, stream: BinaryIO) -> Iterator[str]:
        """Yield the lines of the stream.

        A byte that is not UTF-8 means another encoding only if everything before it is ASCII.
        """
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

    def track_records(self, records: Iterable[CsvRecord]) -> Iterator[CsvRecord]:
        for record in records:
            self.bytes += _size(record.text, self.encoding)
            yield record


def _size(text: str, encoding: str) -> int:
    return len(text) if text.isascii() and not encoding.startswith("utf-16") else len(text.encode(encoding))


def _chunks(records: Iterable[CsvRecord], position: _Position, delimiter: str) -> Iterator[Chunk]:
    index, rows, start, first_line = 0, 0, position.bytes, position.next_line
    for record in records:
        rows += not csv_records.is_blank(record, delimiter)
        if rows == CHUNK_ROWS or position.bytes - start >= CHUNK_BYTES:
            yield Chunk(index=index, start=start, end=position.bytes, first_line=first_line, rows=rows)
            index, rows, start, first_line = index + 1, 0, position.bytes, position.next_line
    if rows:
        yield Chunk(index=index, start=start, end=position.bytes, first_line=first_line, rows=rows)
