"""Records of a CSV file (RFC 4180): find their ends, parse their cells.

The plan and its chunks both find record ends here, so that they always see the same rows. A quote
opens a cell only at the cell's beginning, as in Python's csv module. That module parses each record
separately: given the whole file, it would read on to the end after one quote that is never closed.
"""

import csv
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_CHARACTERS = 1_000_000  # of a record: more means a quote that is never closed, or another kind of file


class RecordError(ValueError):
    """Invalid CSV in the record that begins at `line`, with a stable code and a message."""

    def __init__(self, line: int, code: str, message: str) -> None:
        super().__init__(message)
        self.line, self.code, self.message = line, code, message


class CsvRecord(NamedTuple):
    """The text of one record with its line end, and the number of its first line."""

    line: int
    text: str


def records(lines: Iterable[str], delimiter: str, first_line: int = 1) -> Iterator[CsvRecord]:
    """Yield the records of a file's lines, including blank ones.

    Raises:
        RecordError: `quote_not_closed` or `record_too_long`, with the record's first line.
    """
    pending: list[str] = []
    is_open, size, begin = False, 0, first_line
    for number, line in enumerate(lines, first_line):
        if not is_open:
            pending, size, begin = [], 0, number
        pending.append(line)
        size += len(line)
        is_open = is_open_after(line, delimiter, is_open)
        if size > MAX_CHARACTERS:
            raise _too_long(begin, is_open)
        if not is_open:
            yield CsvRecord(begin, line if len(pending) == 1 else "".join(pending))
    if is_open:
        raise _too_long(begin, is_open)


def is_open_after(line: str, delimiter: str, is_open: bool) -> bool:
    """Return whether a quoted cell is open at the end of a line.

    `is_open`: whether one is open at its beginning.
    """
    if '"' not in line:
        return is_open
    position = 0
    while True:
        if is_open:
            quote = line.find('"', position)
            if quote < 0:
                return True
            if line.startswith('"', quote + 1):  # two quotes are one quote of the text
                position = quote + 2
                continue
            is_open, position = False, quote + 1
        elif position == 0 and line.startswith('"'):
            is_open, position = True, 1
        else:
            cell = line.find(delimiter + '"', position)
            if cell < 0:
                return False
            is_open, position = True, cell + 2


def is_blank(record: CsvRecord, delimiter: str) -> bool:
    """Return whether all cells of a record are empty: such a line is not a row."""
    return not record.text.strip(f"{delimiter} \t\r\n")


def cells(record: CsvRecord, delimiter: str) -> list[str]:
    """Return the cells of a record — RecordError `nul` or `malformed`."""
    if "\0" in record.text:
        raise RecordError(
            record.line, "nul", "The line has a NUL character: the file is damaged or has another encoding."
        )
    try:
        return next(csv.reader([record.text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise RecordError(record.line, "malformed", f"Invalid CSV: {error}.") from None


def _too_long(line: int, is_open: bool) -> RecordError:
    if is_open:
        return RecordError(line, "quote_not_closed", f"A quote in the record at line {line} is never closed.")
    return RecordError(
        line, "record_too_long", f"The record at line {line} is longer than {MAX_CHARACTERS:,} characters."
    )
