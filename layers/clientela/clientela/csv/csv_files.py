"""Merchants' CSV files: detect encoding, delimiter and header; plan chunks of whole records.

A UTF-8 file is read once, as a stream; memory grows by 24 bytes a row. A file of another encoding
is read twice or three times: all of its letters decide which one it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import BinaryIO, NamedTuple

from clientela.csv import (
    column_examples,
    csv_cells,
    csv_dates,
    csv_encodings,
    csv_header_search,
    csv_headers,
    csv_lines,
    csv_records,
    csv_secrets,
    csv_survey,
)
from clientela.csv.csv_columns import DATES
from clientela.csv.csv_dates import DateOrder
from clientela.csv.csv_encodings import BOMS, ENCODINGS, Confidence, Decision
from clientela.csv.csv_headers import FileColumns
from clientela.csv.csv_records import CsvRecord, RecordShape
from clientela.csv.csv_survey import Chunk, Repeats, Survey
from clientela.csv.file_texts import FileNote, FileRefusedError

HEAD_BYTES = 65_536  # the header must end in these
HEADER_LINES = 10  # searched for a column of passwords: the header may not be the first line
MAX_COLUMNS = 1000
MAX_NAMED = 10  # columns in a note
MAX_HEADER_CHARACTERS = 50_000  # of all headers of a file
HEADER_CHARACTERS = 40  # a longer cell is not taken for the header of a column of passwords
_CELL_ENDS = re.compile(r'[,;\t|"]')
_KINDS = (
    (re.compile(rb"PK\x03\x04.*?(\[Content_Types\]|xl/|_rels/)", re.DOTALL), "excel"),
    (re.compile(rb"PK\x03\x04.*?mimetypeapplication/vnd.oasis", re.DOTALL), "open_document"),
    (re.compile(rb"PK\x03\x04|PK\x05\x06|7z\xbc\xaf|Rar!"), "zip"),
    (re.compile(rb"\x1f\x8b|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd"), "compressed"),
    (re.compile(rb"\xd0\xcf\x11\xe0.*E\x00n\x00c\x00r\x00y\x00p\x00t", re.DOTALL), "encrypted"),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "excel"),
    (re.compile(rb"%PDF-"), "pdf"),
    (re.compile(rb"-----BEGIN PGP|Salted__|\x85[\x00-\x04]|\x8c\x0d\x04"), "encrypted"),
    (re.compile(rb"\s*(<!doctype html|<html|<head|<body|<table)", re.IGNORECASE), "html"),
    (re.compile(rb"\s*(<\?xml|<workbook)", re.IGNORECASE), "xml"),
    (re.compile(rb"\s*[\[{]\s*[\"{\[]"), "json"),
    (re.compile(rb"\{\\rtf|\x89PNG|GIF8|\xff\xd8\xff|SQLite format"), "other"),
)

type OpenFile = Callable[[], BinaryIO]  # each call returns the file from its beginning


class FileLayout(NamedTuple):
    """The format of a file and its chunks. `encoding` is a codec without a byte-order mark.

    `examples` are some values of each column; none of one that may hold secrets.
    """

    encoding: str
    confidence: Confidence
    delimiter: str
    columns: FileColumns
    chunks: list[Chunk]
    repeats: dict[int, Repeats]
    notes: list[FileNote]
    examples: list[list[str]] = []

    @property
    def rows(self) -> int:
        return sum(chunk.rows for chunk in self.chunks)


class _Wishes(NamedTuple):
    """What the merchant says about the file, and the store's country."""

    delimiter: str | None
    country: str | None
    date_order: DateOrder | None
    mapping: Mapping[str, str | None]


def inspect(
    open_file: OpenFile,
    encoding: str | None = None,
    delimiter: str | None = None,
    country: str | None = None,
    date_order: DateOrder | None = None,
    mapping: Mapping[str, str | None] = MappingProxyType({}),
) -> FileLayout:
    """Read a whole file and return its layout.

    `encoding`, `delimiter` and `date_order`, if the merchant names them, are not detected.
    `country` is the store's, for dates that may be read in two ways. `mapping` has the fields that
    the merchant chose, by header.

    Raises:
        FileRefusedError: the file is not a CSV file of customers; the message says why.
    """
    head = open_file().read(HEAD_BYTES)
    _require_text(head)
    decision = _first_decision(open_file, head, encoding)
    wishes = _Wishes(delimiter, country, date_order, mapping)
    layout = _layout(open_file, head, decision, wishes)
    if layout is None:  # the head is UTF-8, but the rest is of another encoding
        layout = _layout(open_file, head, _by_evidence(open_file), wishes)
    if layout is None:
        raise FileRefusedError("encoding_unknown")
    _require_short_header(layout.columns)
    if not layout.rows:
        raise FileRefusedError("no_rows")
    return layout


def rows(
    stream: BinaryIO, encoding: str, shape: RecordShape, first_line: int, *, in_damage: bool = False
) -> Iterator[CsvRecord]:
    """Yield the records of a part of a file that are not blank."""
    for record in csv_records.records(csv_lines.read(stream, encoding), shape, first_line, in_damage=in_damage):
        if not csv_records.is_blank(record, shape.delimiter):
            yield record


def codec(name: str) -> str:
    """Return the codec of an encoding: `Windows-1252` → `cp1252` — FileRefusedError for others."""
    found = csv_encodings.codec(name)
    if found is None:
        raise FileRefusedError("encoding_option_unknown", name=repr(name[:50]), encodings=ENCODINGS)
    return found


def may_have_passwords(open_file: OpenFile) -> bool:
    """Return whether one of the first lines names a column of passwords, even in a broken file."""
    head = open_file().read(HEAD_BYTES)
    texts = (head.decode(encoding, errors="replace") for encoding in ENCODINGS)
    lines = (line for text in texts for line in text.splitlines()[:HEADER_LINES])
    cells = (cell for line in lines for cell in _CELL_ENDS.split(line) if len(cell) <= HEADER_CHARACTERS)
    return csv_headers.names_passwords(cells)


def _require_text(head: bytes) -> None:
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        raise FileRefusedError("empty")
    for pattern, kind in _KINDS:
        if pattern.match(head):
            raise FileRefusedError(f"kind_{kind}")
    if csv_encodings.is_utf_32(head):
        raise FileRefusedError("utf_32")


def _require_short_header(columns: FileColumns) -> None:
    """Raise FileRefusedError for a header that does not fit into the import's item of 400 KB."""
    if len(columns.headers) > MAX_COLUMNS or sum(map(len, columns.headers)) > MAX_HEADER_CHARACTERS:
        count, most = f"{len(columns.headers):,}", f"{MAX_COLUMNS:,}"
        raise FileRefusedError("header_too_long", count=count, columns=most, characters=f"{MAX_HEADER_CHARACTERS:,}")


def _first_decision(open_file: OpenFile, head: bytes, given: str | None) -> Decision:
    proven = csv_encodings.by_beginning(head)
    if proven or given:
        return Decision(proven or codec(given or ""), "certain")
    whole_lines = head[: (_last_line_end(head) or len(head))] if len(head) == HEAD_BYTES else head
    try:
        whole_lines.decode()
    except UnicodeDecodeError:
        return _by_evidence(open_file)
    return Decision("utf-8", "certain")


def _last_line_end(head: bytes) -> int:
    return max(head.rfind(b"\n"), head.rfind(b"\r")) + 1


def _by_evidence(open_file: OpenFile) -> Decision:
    """Read the whole file and decide on its encoding; its header may tell the language."""
    evidence = csv_encodings.gather(csv_lines.read_bytes(open_file()))
    if not evidence.utf_8 + evidence.other:
        evidence = csv_encodings.gather(csv_lines.read_bytes(open_file()), with_controls=True)
    decision = csv_encodings.decide(evidence)
    try:
        header = csv_header_search.find(open_file().read(HEAD_BYTES), decision.encoding, 0)
    except FileRefusedError:
        return decision
    return csv_encodings.decide(evidence, header.columns.language if _is_clear(header.columns) else None)


def _is_clear(columns: FileColumns) -> bool:
    """Return whether the headers are words of a language other than English."""
    return columns.language != "en"


def _layout(open_file: OpenFile, head: bytes, decision: Decision, wishes: _Wishes) -> FileLayout | None:
    """Return the layout of a file in an encoding, or None if it turns out to be another one."""
    encoding = decision.encoding
    bom_size = next((len(bom) for bom, of in BOMS if of == encoding and head.startswith(bom)), 0)
    header = csv_header_search.find(head, encoding, bom_size, wishes.delimiter)
    header = header._replace(columns=csv_headers.remap(header.columns, wishes.mapping))
    stream = open_file()
    stream.read(header.end)
    found = csv_survey.survey(
        csv_records.records(csv_lines.read(stream, encoding), header.shape, header.next_line), header.shape, header.end
    )
    if encoding == "utf-8" and not csv_encodings.is_utf_8(found.utf_8, found.other):
        return None
    columns, date_notes = _with_dates(_with_secrets(header.columns, found), found, wishes)
    notes = [*header.notes, *date_notes, *_notes(columns, decision, has_damage=bool(found.other))]
    confidence: Confidence = "likely" if encoding == "utf-8" and found.other else decision.confidence
    examples = column_examples.of_columns(found.sample, columns)
    return FileLayout(encoding, confidence, header.delimiter, columns, found.chunks, found.repeats, notes, examples)


def _with_secrets(columns: FileColumns, found: Survey) -> FileColumns:
    """Add the unknown columns whose values look like passwords, hashes or keys."""
    unknown = [index for index, field in enumerate(columns.fields) if field is None]
    secret = (
        index
        for index in unknown
        if csv_secrets.look_secret(cells[index].strip() for cells in found.sample if index < len(cells))
    )
    return columns._replace(secrets=columns.secrets.union(secret))


def _with_dates(columns: FileColumns, found: Survey, wishes: _Wishes) -> tuple[FileColumns, list[FileNote]]:
    """Decide the order of day and month in each column of dates, and note where it is open."""
    orders, notes = dict[str, DateOrder](), []
    for index, field in enumerate(columns.fields):
        if field not in DATES:
            continue
        texts = [csv_cells.read(cells[index]) for cells in found.sample if index < len(cells)]
        column = {"column": columns.headers[index][:100]}
        order = wishes.date_order or csv_dates.order_of(texts)
        orders[field] = order or csv_dates.default_order(columns.language, wishes.country)
        if wishes.date_order and csv_dates.contradicts(texts, wishes.date_order):
            notes.append(FileNote("dates_contradict", column))
        elif order is None and csv_dates.is_ambiguous(texts):
            notes.append(FileNote(f"dates_{orders[field]}", column))
    return columns._replace(date_orders=orders), notes


def _notes(columns: FileColumns, decision: Decision, *, has_damage: bool) -> Iterator[FileNote]:
    if "password" in columns.fields:
        yield FileNote("passwords")
    if hidden := [columns.headers[index] for index in sorted(columns.secrets) if columns.fields[index] is None]:
        yield FileNote("secrets", {"columns": tuple(hidden[:MAX_NAMED])})
    if decision.encoding == "utf-8":
        if has_damage:
            yield FileNote("encoding_damaged")
    elif decision.confidence != "certain":
        yield FileNote(f"encoding_{decision.confidence}", {"encoding": decision.encoding})
