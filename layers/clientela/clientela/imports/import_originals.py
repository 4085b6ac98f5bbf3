"""The file of an import as the merchant may download it later: without columns of secrets.

A file without secrets is copied as it is. Another one is written anew, row by row, with the cells
that reports would repeat. S3 shows an object when its upload is complete, so nobody gets half a
file.
"""

import csv
import io
from collections.abc import Iterator
from typing import cast

from clientela.csv import csv_files, csv_records
from clientela.csv.csv_records import CsvRecord, RecordError
from clientela.imports import import_files
from clientela.imports.chunk_results import repeat_cells, repeated_columns
from clientela.imports.detected_format import DetectedFormat
from clientela.imports.import_jobs import ImportRecord

MAX_BYTES = 500_000_000  # of a file with secrets: `finish` writes it within the time of a function


def write(record: ImportRecord, detected: DetectedFormat) -> None:
    """Write the file of an import among its own files, in constant memory.

    Nothing is written of a file with secrets that is larger than MAX_BYTES.
    """
    if not any(column.secret for column in detected.columns):
        import_files.copy_source(record.source, record.job.id)
        return
    chunks = import_files.read_plan(record.job.id)
    if chunks and chunks[-1].end <= MAX_BYTES:
        whole = chunks[0].model_copy(update={"end": chunks[-1].end})
        stream = import_files.open_chunk(record.source, whole)
        rows = csv_files.rows(stream, detected.encoding, detected.shape, whole.first_line)
        content = io.BufferedReader(cast("io.RawIOBase", _ByteStream(_lines(rows, detected))))
        import_files.write_report(record.job.id, "file", content)


def _lines(rows: Iterator[CsvRecord], detected: DetectedFormat) -> Iterator[bytes]:
    columns = detected.as_columns()
    yield b"\xef\xbb\xbf" + _line([columns.headers[index] for index in repeated_columns(columns)], detected.delimiter)
    for row in rows:
        yield _line(repeat_cells(_cells(row, detected.delimiter), columns), detected.delimiter)


def _cells(row: CsvRecord, delimiter: str) -> list[str]:
    """Return the cells of a row; none of a damaged one, whose cells may be in other columns."""
    try:
        return csv_records.cells(row, delimiter)
    except RecordError:
        return []


def _line(cells: list[str], delimiter: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerow(cells)
    return text.getvalue().encode()


class _ByteStream(io.RawIOBase):
    """A stream of the bytes that an iterator yields."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts, self._rest = parts, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = part
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
