"""Records of a CSV file (RFC 4180): where each ends, and its cells.

Where a record ends is decided here alone, for the plan as for its chunks, so that both always see the same rows. A
quote opens a cell only at the cell's beginning, as for Python's csv module, which then parses each record by itself:
left to find the ends, it would swallow a whole file behind one quote that is never closed.
"""

import csv
from collections.abc import Iterable, Iterator
from typing import NamedTuple

LONGEST = 1_000_000  # characters of a record: more is a quote that was never closed, or no table of customers


class RecordError(ValueError):
    """A record that is not CSV: the line it begins at, a stable code, and what is wrong in words."""

    def __init__(self, line: int, code: str, message: str) -> None:
        super().__init__(message)
        self.line, self.code, self.message = line, code, message


class Record(NamedTuple):
    """The text of one record with its line end, and the number of its first line."""

    line: int
    text: str


def records(lines: Iterable[str], delimiter: str, first_line: int = 1) -> Iterator[Record]:
    """The records of a file's lines, blank ones included.

    RecordError `quote_not_closed` or `record_too_long`, with the line at which the record begins.
    """
    pending: list[str] = []
    is_open, size, begin = False, 0, first_line
    for number, line in enumerate(lines, first_line):
        if not is_open:
            pending, size, begin = [], 0, number
        pending.append(line)
        size += len(line)
        is_open = open_after(line, delimiter, is_open)
        if size > LONGEST:
            raise _endless(begin, is_open)
        if not is_open:
            yield Record(begin, line if len(pending) == 1 else "".join(pending))
    if is_open:
        raise _endless(begin, is_open)


def open_after(line: str, delimiter: str, is_open: bool) -> bool:
    """Whether a quoted cell is open at the end of a line, given whether one was at its beginning."""
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


def is_blank(record: Record, delimiter: str) -> bool:
    """Whether a record holds nothing but empty cells: such lines are not rows."""
    return not record.text.strip(f"{delimiter} \t\r\n")


def cells(record: Record, delimiter: str) -> list[str]:
    """The cells of a record. RecordError `nul` or `malformed`."""
    if "\0" in record.text:
        raise RecordError(
            record.line, "nul", "The line holds a NUL character: the file is damaged, or in another encoding."
        )
    try:
        return next(csv.reader([record.text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise RecordError(record.line, "malformed", f"This is not CSV: {error}.") from None


def _endless(line: int, is_open: bool) -> RecordError:
    if is_open:
        return RecordError(line, "quote_not_closed", f"A quote opened in the record of line {line} is never closed.")
    return RecordError(line, "record_too_long", f"The record of line {line} is longer than {LONGEST:,} characters.")
