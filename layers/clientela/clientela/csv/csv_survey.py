"""The survey of a CSV file: its chunks, a sample of its rows, and what occurs in several rows."""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, NamedTuple

from pydantic import Field

from clientela.csv import csv_cells, csv_encodings, csv_records
from clientela.csv.csv_records import CsvRecord, RecordError, RecordShape
from clientela.csv.csv_values import parse_external_ids
from clientela.schema import email_addresses
from clientela.schema.documents import Model

CHUNK_ROWS = 1_000
CHUNK_BYTES = 1_000_000
FIRST_ROWS = 500  # all of these are in the sample, and then
EVERY_ROW = 101  # one of so many, up to
SAMPLE_ROWS = 5_000
CELL_CHARACTERS = 200  # of a cell in the sample
MOVED_ROWS = 100  # of one e-mail: earlier ones have no effect any more

_SLOTS, _MANY_SLOTS = 1 << 17, 1 << 25  # bytes of the filter that finds candidates
_MANY_ROWS = 20_000  # of a file with the larger filter


class Chunk(Model):
    """A part of the file that ends on a record's end: the bytes from `start` to before `end`.

    Blank lines are not counted as rows. `in_damage`: it begins in a damaged region. `has_repeats`:
    some of its rows are loaded with another chunk, or the other way round.
    """

    index: Annotated[int, Field(ge=0)]
    start: int
    end: int
    first_line: int
    rows: int
    in_damage: bool = False
    has_repeats: bool = False


class MovedRow(NamedTuple):
    """A row of another chunk: its line, and its bytes from `start` to before `end`."""

    line: int
    start: int
    end: int


class RepeatedId(NamedTuple):
    """A row with an external id that a row of another e-mail has before it, on line `earlier`."""

    line: int
    earlier: int


class Repeats(Model):
    """The rows of a chunk whose e-mail is also in other chunks, or whose external id is repeated.

    All rows of one e-mail are loaded in the chunk of the last one, so that the last wins. Rows on
    lines `left` are loaded elsewhere, `moved` here; those on lines `outdated` have no effect.
    """

    left: list[int] = []
    moved: list[MovedRow] = []
    outdated: list[int] = []
    external_ids: list[RepeatedId] = []


class Survey(NamedTuple):
    """What one pass over a file finds out. `utf_8` and `other` count rows that are not ASCII."""

    chunks: list[Chunk]
    repeats: dict[int, Repeats]
    sample: list[list[str]]
    utf_8: int
    other: int


def survey(records: Iterable[CsvRecord], shape: RecordShape, start: int) -> Survey:
    """Return the survey of a file's records after the header, which ends at the byte `start`."""
    chunks, emails, ids, sample = _Chunks(start), _Emails(), _ExternalIds(), list[list[str]]()
    utf_8 = other = position = 0
    for record in records:
        position = chunks.end
        is_row = not csv_records.is_blank(record, shape.delimiter)
        chunks.add(record, is_row=is_row)
        if not record.text.isascii() and not csv_encodings.has_controls(record.text):
            utf_8, other = (utf_8, other + 1) if record.fault == "encoding_invalid" else (utf_8 + 1, other)
        if not is_row or record.fault:
            continue
        emails.add(_email(record.text, shape), position, record)
        row = len(emails)
        if shape.external_ids is not None:
            ids.add(_external_ids(record.text, shape), row - 1)
        if row <= FIRST_ROWS or (row % EVERY_ROW == 0 and len(sample) < SAMPLE_ROWS):
            sample += _cells(record, shape.delimiter)
    planned = chunks.finish()
    repeats = emails.repeats(planned)
    emails.add_repeated_ids(ids.repeats(emails.hashes), planned, repeats)
    for index, found in repeats.items():
        rows = planned[index].rows - len(found.left) + len(found.moved)
        planned[index] = planned[index].model_copy(update={"rows": rows, "has_repeats": True})
    return Survey(planned, repeats, sample, utf_8, other)


class _Chunks:
    """The chunks of the records so far. `end` is the byte after the last record."""

    def __init__(self, start: int) -> None:
        self.end = start
        self._done: list[Chunk] = []
        self._start, self._first_line, self._rows = start, 0, 0
        self._begins_in_damage = self._in_damage = False

    def add(self, record: CsvRecord, *, is_row: bool) -> None:
        if self._start == self.end:
            self._first_line, self._begins_in_damage = record.line, self._in_damage
        self.end += record.size
        self._rows += is_row
        self._in_damage = record.in_damage
        if self._rows == CHUNK_ROWS or self.end - self._start >= CHUNK_BYTES:
            self._cut()

    def finish(self) -> list[Chunk]:
        if self._rows:
            self._cut()
        return self._done

    def _cut(self) -> None:
        chunk = Chunk(
            index=len(self._done),
            start=self._start,
            end=self.end,
            first_line=self._first_line,
            rows=self._rows,
            in_damage=self._begins_in_damage,
        )
        self._done.append(chunk)
        self._start, self._rows = self.end, 0


class _Values:
    """Values as 64-bit hashes, and which of them occur twice."""

    def __init__(self) -> None:
        self.hashes = array("q")
        self._filter = bytearray(_SLOTS)
        self._candidates: set[int] = set()  # hashes that occur twice, and some more

    def add(self, key: int) -> None:
        self._find(key)
        if len(self.hashes) == _MANY_ROWS:
            self._filter = bytearray(_MANY_SLOTS)
            for earlier in (*self.hashes, key):
                self._find(earlier)
        self.hashes.append(key)

    def repeated(self) -> Iterator[list[int]]:
        """Yield the numbers of the values that are the same, in their order."""
        same = defaultdict[int, list[int]](list)
        for number, key in enumerate(self.hashes if self._candidates else ()):
            if key in self._candidates:
                same[key].append(number)
        return (numbers for numbers in same.values() if len(numbers) > 1)

    def _find(self, key: int) -> None:
        slot = key & (len(self._filter) - 1)
        if self._filter[slot]:
            self._candidates.add(key)
        else:
            self._filter[slot] = 1


class _Emails:
    """The e-mails of all rows, with the rows' places: 24 bytes a row."""

    def __init__(self) -> None:
        self._values, self._starts, self._sizes, self._lines = _Values(), array("Q"), array("I"), array("I")
        self._targets: dict[int, int] = {}  # the chunks of rows that are moved

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def hashes(self) -> Sequence[int]:
        """The hash of each row's e-mail."""
        return self._values.hashes

    def add(self, email: str, start: int, record: CsvRecord) -> None:
        self._values.add(hash(email))
        self._starts.append(start)
        self._sizes.append(record.size)
        self._lines.append(record.line)

    def repeats(self, chunks: list[Chunk]) -> dict[int, Repeats]:
        """Return what is to be moved between the chunks."""
        found: dict[int, Repeats] = defaultdict(Repeats)
        if len(chunks) < 2:
            return found
        starts = [chunk.start for chunk in chunks]
        for same in self._values.repeated():
            places = [bisect_right(starts, self._starts[row]) - 1 for row in same]
            if places[0] != places[-1]:
                self._move(same, places, found)
        return found

    def add_repeated_ids(self, rows: dict[int, int], chunks: list[Chunk], found: dict[int, Repeats]) -> None:
        """Add rows, each with the earlier row that has its id, to the chunks that load them."""
        starts = [chunk.start for chunk in chunks]
        for row, earlier in rows.items():
            place = self._targets.get(row, bisect_right(starts, self._starts[row]) - 1)
            found[place].external_ids.append(RepeatedId(self._lines[row], self._lines[earlier]))

    def _move(self, rows: list[int], places: list[int], found: dict[int, Repeats]) -> None:
        target = places[-1]
        for number, (row, place) in enumerate(zip(rows, places, strict=True)):
            line, start = self._lines[row], self._starts[row]
            if number < len(rows) - MOVED_ROWS:
                found[place].outdated.append(line)
            elif place != target:
                self._targets[row] = target
                found[place].left.append(line)
                found[target].moved.append(MovedRow(line, start, start + self._sizes[row]))


class _ExternalIds:
    """The external ids of all rows, with the rows' numbers: 12 bytes an id."""

    def __init__(self) -> None:
        self._values, self._rows = _Values(), array("I")

    def add(self, ids: dict[str, str], row: int) -> None:
        for pair in ids.items():
            self._values.add(hash(pair))
            self._rows.append(row)

    def repeats(self, emails: Sequence[int]) -> dict[int, int]:
        """Return the rows with an id of an earlier row of another e-mail, each with that row."""
        found: dict[int, int] = {}
        for numbers in self._values.repeated():
            first, *others = (self._rows[number] for number in numbers)
            for row in others:
                if emails[row] != emails[first]:
                    found.setdefault(row, first)
        return dict(sorted(found.items()))


def _external_ids(text: str, shape: RecordShape) -> dict[str, str]:
    found = csv_records.split(text, shape.delimiter)
    index = shape.external_ids or 0
    try:
        return parse_external_ids(csv_cells.read(found[index])) if index < len(found) else {}
    except ValueError:
        return {}  # the row is imported without them


def _email(text: str, shape: RecordShape) -> str:
    """Return the e-mail of a record, in a spelling that is the same for most spellings of it."""
    found = csv_records.split(text, shape.delimiter) if '"' in text else text.split(shape.delimiter, shape.email + 1)
    email = found[shape.email].strip(" \t\r\n'").lower() if shape.email < len(found) else ""
    if email.isascii() and "xn--" not in email:
        return email
    try:
        return email_addresses.canonical(email)
    except ValueError:
        return email


def _cells(record: CsvRecord, delimiter: str) -> list[list[str]]:
    try:
        return [[cell[:CELL_CHARACTERS] for cell in csv_records.cells(record, delimiter)]]
    except RecordError:
        return []
