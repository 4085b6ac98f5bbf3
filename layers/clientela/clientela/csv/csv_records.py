"""Records of a CSV file (RFC 4180): find their ends, parse their cells.

The survey and the chunks of an import both find records here, so that they always see the same
rows. A quote opens a cell only at the cell's beginning, as in Python's csv module. That module
parses each record separately: given the whole file, it would read on to the end after one quote
that is never closed.

A quote that is never closed would swallow the rows after it, into one cell of the first. So a
record of several lines counts as damaged if one of its lines is a row of its own by the shape of
the header, or if it does not end as a row. Then each of its lines is a record with a fault, up to
the next line that begins a row. The line with the record's own e-mail is no row of its own: after a
first cell of several lines, it has all the other cells.
"""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from clientela.csv.csv_lines import CsvLine
from clientela.sentences import Sentence

MAX_CHARACTERS = 1_000_000  # of a record: more means a quote that is never closed, or another kind of file

SHIFTED_CELLS = 4  # and more: a line with so many is a row even if its e-mail is in another place
MAX_LINES_IN_DAMAGE = 100  # of a record that ends a damaged region

_UNQUOTED_CHARACTERS = 100_000  # fewer than Python's csv module allows in a cell
_EMAIL = re.compile(r"\s*[^@\s,;\"'<>]+@[^@\s,;\"'<>]+\.[^@\s,;\"'<>]+\s*")
_QUOTE = re.compile(' *"')
_MESSAGES = {
    "quote_not_closed": "A quote of this row, or of a row just before it, is never closed.",
    "record_too_long": Sentence("The row is longer than {max} characters.", max=MAX_CHARACTERS),
    "encoding_invalid": "The row has bytes of another encoding than the rest of the file.",
    "malformed": Sentence(
        "A quote of this row is in the wrong place, or a cell is longer than {max} characters.",
        max=csv.field_size_limit(),
    ),
    "nul": "The row has a NUL character: the file is damaged or has another encoding.",
}


FAULTS = frozenset(_MESSAGES)


class RecordError(ValueError):
    """Invalid CSV in the record that begins at `line`, with a stable code and a message."""

    def __init__(self, line: int, code: str, message: str) -> None:
        super().__init__(message)
        self.line, self.code, self.message = line, code, message


class RecordShape(NamedTuple):
    """What the header says about a row: its number of cells, and which are e-mail and ids."""

    delimiter: str
    width: int
    email: int
    external_ids: int | None = None

    def row_email(self, text: str) -> str | None:
        """Return the e-mail of a line that is a whole row, whose cells may be shifted.

        Stray quotes in it do not matter.
        """
        if "@" not in text or text.count(self.delimiter) < self.width - 1:
            return None
        raw = [cell.strip(' "\r\n') for cell in text.split(self.delimiter)]
        found = self.email_of(split(text, self.delimiter), self.width) or self.email_of(raw, self.width)
        if found or self.width < SHIFTED_CELLS or len(raw) != self.width:
            return found
        return next(filter(_EMAIL.fullmatch, raw), None)

    def begins_row(self, text: str) -> bool:
        """Return whether a line may begin a row: cells at its end may be missing."""
        # A cell of the line may go on in the next one.
        return "@" in text and self.email_of(split(text, self.delimiter), self._least_width) is not None

    def is_width(self, count: int) -> bool:
        """Return whether a row may have so many cells."""
        return count <= self.width

    def is_row(self, found: Sequence[str]) -> bool:
        """Return whether these cells may be a row, with an e-mail in its place."""
        return self.email_of(found, self._least_width) is not None

    def email_of(self, found: Sequence[str], at_least: int) -> str | None:
        """Return the e-mail in its place, if a row may have so many cells."""
        if not at_least <= len(found) <= self.width or self.email >= len(found):
            return None
        return found[self.email].strip() if _EMAIL.fullmatch(found[self.email]) else None

    @property
    def _least_width(self) -> int:
        return min(self.width, max(2, (self.width + 1) // 2))


class CsvRecord(NamedTuple):
    """The text of one record with its line end, the number of its first line, and its bytes.

    A record with a `fault` is a rejected row. `in_damage`: the records after it are still part of a
    damaged region, so a chunk that begins there must begin in it.
    """

    line: int
    text: str
    size: int
    fault: str = ""
    in_damage: bool = False


def records(
    lines: Iterable[CsvLine], shape: RecordShape, first_line: int = 1, *, in_damage: bool = False
) -> Iterator[CsvRecord]:
    """Yield the records of a file's lines, including blank ones. `in_damage`: where it begins."""
    source = enumerate(lines, first_line)
    waiting: deque[tuple[int, CsvLine]] = deque()  # lines that were read ahead
    delimiter = shape.delimiter
    while True:
        entry = waiting.popleft() if waiting else next(source, None)
        if entry is None:
            return
        number, (text, size, fault) = entry
        is_open = not fault and '"' in text and is_open_after(text, delimiter, is_open=False)
        in_damage = in_damage and (bool(fault) or not shape.begins_row(text))
        if not is_open:
            yield CsvRecord(number, text, size, fault or in_damage * "quote_not_closed", in_damage=in_damage)
            continue
        record = _read_ahead(number, CsvLine(text, size), source, waiting, shape, in_damage=in_damage)
        in_damage = record is None
        yield record or CsvRecord(number, text, size, "quote_not_closed", in_damage=True)


def _read_ahead(
    number: int,
    first: CsvLine,
    source: Iterator[tuple[int, CsvLine]],
    waiting: deque[tuple[int, CsvLine]],
    shape: RecordShape,
    *,
    in_damage: bool,
) -> CsvRecord | None:
    """Return the record of several lines that begins at `first`, or None if it is damaged.

    Lines that are not part of the record stay in `waiting`. In a damaged region the record must be
    a whole row of few lines.
    """
    parts, size, length, is_open = [first.text], first.size, len(first.text), True
    read = 0
    while is_open:
        if in_damage and (length > MAX_CHARACTERS or read == MAX_LINES_IN_DAMAGE):
            return None
        if length > MAX_CHARACTERS:
            return _skip_to_row(number, first, source, waiting, shape)
        if read == len(waiting):
            entry = next(source, None)
            if entry is None:
                return None
            waiting.append(entry)
        text, line_size, fault = waiting[read][1]
        read += 1
        email = None if fault else shape.row_email(text)
        if fault or (email and not _closes_before(text, email, shape.delimiter)):
            return None
        parts.append(text)
        size, length = size + line_size, length + len(text)
        is_open = is_open_after(text, shape.delimiter, is_open=True)
    record = CsvRecord(number, "".join(parts), size)
    if not _is_whole(record, parts, shape, in_damage=in_damage):
        return None
    for _ in range(read):
        waiting.popleft()
    return record


def _skip_to_row(
    number: int,
    first: CsvLine,
    source: Iterator[tuple[int, CsvLine]],
    waiting: deque[tuple[int, CsvLine]],
    shape: RecordShape,
) -> CsvRecord:
    """Return a record that is too long: all lines up to one that may begin a row.

    One rejected row, not a million of them. Only the text of the first line is kept.
    """
    size = first.size
    while entry := waiting.popleft() if waiting else next(source, None):
        if not entry[1].fault and shape.begins_row(entry[1].text):
            waiting.appendleft(entry)
            break
        size += entry[1].size
    return CsvRecord(number, first.text, size, "record_too_long")


@cache
def _blanks(delimiter: str) -> str:
    return f"{delimiter} \t\r\n"


@cache
def _opening(delimiter: str) -> re.Pattern[str]:
    """Return the pattern of a quote that opens a cell, after the first one of a line."""
    return re.compile(f'{re.escape(delimiter)} *"')


@cache
def _closing(delimiter: str) -> re.Pattern[str]:
    """Return the pattern of a line up to the end of a quoted cell that is open at its beginning."""
    return re.compile(f'(?:[^"]++|"")*+" *(?={re.escape(delimiter)})')


def _closes_before(line: str, email: str, delimiter: str) -> bool:
    """Return whether a cell that is open at the line's beginning ends before this e-mail."""
    closed = _closing(delimiter).match(line)
    return closed is not None and line.find(email, closed.end()) >= 0


def _is_whole(record: CsvRecord, lines: Sequence[str], shape: RecordShape, *, in_damage: bool) -> bool:
    """Return whether a record of several lines is one row, and none of its lines another one."""
    try:
        found = cells(record, shape.delimiter)
    except RecordError:
        return False
    if not (shape.is_row(found) if in_damage else shape.is_width(len(found))):
        return False
    emails = [email for email in map(shape.row_email, lines) if email]
    return emails in ([], [found[shape.email].strip() if shape.email < len(found) else None])


def is_open_after(line: str, delimiter: str, *, is_open: bool) -> bool:
    """Return whether a quoted cell is open at the end of a line.

    `is_open`: whether one is open at its beginning. A quote after blanks opens a cell, too.
    """
    if '"' not in line:
        return is_open
    opens = _opening(delimiter)
    position = 0
    if not is_open:
        opening = _QUOTE.match(line) or opens.search(line)
        if opening is None:
            return False
        position = opening.end()
    while (quote := line.find('"', position)) >= 0:
        if line.startswith('"', quote + 1):  # two quotes are one quote of the text
            position = quote + 2
            continue
        opening = opens.search(line, quote + 1)
        if opening is None:
            return False
        position = opening.end()
    return True


def is_blank(record: CsvRecord, delimiter: str) -> bool:
    """Return whether all cells of a record are empty: such a line is not a row."""
    return not record.text.strip(_blanks(delimiter))


def cells(record: CsvRecord, delimiter: str) -> list[str]:
    """Return the cells of a record.

    Raises:
        RecordError: the record has a fault, or is `nul` or `malformed`.
    """
    if record.fault:
        raise RecordError(record.line, record.fault, _MESSAGES[record.fault])
    if "\0" in record.text:
        raise RecordError(record.line, "nul", _MESSAGES["nul"])
    if '"' not in record.text and len(record.text) < _UNQUOTED_CHARACTERS:  # the same in a third of the time
        text = record.text.rstrip("\r\n")
        return [cell.lstrip(" ") for cell in text.split(delimiter)] if text else []
    try:
        return _parse(record.text, delimiter)
    except csv.Error:
        raise RecordError(record.line, "malformed", _MESSAGES["malformed"]) from None


def split(text: str, delimiter: str) -> list[str]:
    """Return the cells of a text as well as they can be read, to repeat an invalid record."""
    try:
        return next(csv.reader([text.replace("\0", "\ufffd")], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []


def _parse(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=True))
    except csv.Error:
        # Blanks after a closing quote, or a cell such as ` "Big" Bob`, which is no quoted cell.
        closed = re.sub(rf'" +(?={re.escape(delimiter)}|\s*$)', '"', text)
        is_quoted = closed != text
        return next(csv.reader([closed], delimiter=delimiter, strict=True, skipinitialspace=is_quoted))
