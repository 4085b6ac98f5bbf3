"""CSV files: their format is detected, and their chunks split no record."""

import io
import random

import pytest

from clientela.csv import csv_files, csv_records, csv_survey
from clientela.csv.csv_files import FileLayout
from clientela.csv.csv_records import CsvRecord, RecordShape
from clientela.csv.file_texts import FileRefusedError


def survey(content: bytes, **options: str) -> FileLayout:
    return csv_files.inspect(lambda: io.BytesIO(content), **options)


def chunk_rows(content: bytes, layout: FileLayout) -> list[tuple[int, list[str]]]:
    """The valid rows of all chunks, each chunk read by itself."""
    return [
        (record.line, csv_records.cells(record, layout.delimiter))
        for record in chunk_records(content, layout)
        if not record.fault
    ]


def chunk_records(content: bytes, layout: FileLayout) -> list[CsvRecord]:
    shape = RecordShape(layout.delimiter, len(layout.columns.headers), layout.columns.fields.index("email"))
    records = []
    for chunk in layout.chunks:
        stream = io.BytesIO(content[chunk.start : chunk.end])
        found = csv_files.rows(stream, layout.encoding, shape, chunk.first_line, in_damage=chunk.in_damage)
        records += list(found)
    return records


def faults(content: bytes, layout: FileLayout) -> list[tuple[int, str]]:
    return [(record.line, record.fault) for record in chunk_records(content, layout) if record.fault]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("codec", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_encoding_delimiter_and_line_ends_are_found(codec: str, found: str, end: str, delimiter: str) -> None:
    text = end.join(
        delimiter.join(row) for row in (["Prénom", "Nom", "Courriel"], ["Zoé", "Müller", "zoe@example.com"])
    )
    content = text.encode(codec)
    result = survey(content)
    assert (result.encoding, result.delimiter) == (found, delimiter)
    assert result.columns.fields == ("first_name", "last_name", "email")
    assert chunk_rows(content, result) == [(2, ["Zoé", "Müller", "zoe@example.com"])]


@pytest.mark.parametrize("codec", ["utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("has_mark", [True, False])
@pytest.mark.parametrize("named", [None, "utf-16", "utf-8"])
def test_utf_32_is_refused_and_not_read_as_another_encoding(codec: str, has_mark: bool, named: str | None) -> None:
    content = f"{'\ufeff' * (has_mark and codec != 'utf-32')}email,name\nana@example.com,Zoé\n".encode(codec)
    with pytest.raises(FileRefusedError, match="in UTF-32"):
        survey(content, **({"encoding": named} if named else {}))


def test_zero_characters_in_utf_16_do_not_make_it_utf_32() -> None:
    content = "email,name\nana@example.com,\0\0\0\0Ana\n".encode("utf-16-le")
    assert survey(content).encoding == "utf-16-le"


def test_a_letter_far_down_the_file_decides_on_the_encoding() -> None:
    head = b"email,name\n" + b"ana@example.com,Ana\n" * 20_000
    assert survey(head + "bo@example.com,Bö\n".encode()).encoding == "utf-8"
    assert survey(head + "bo@example.com,Bö\n".encode("cp1252")).encoding == "cp1252"


def test_a_line_of_another_encoding_is_rejected_alone() -> None:
    content = (
        "email,name\na@example.com,Zoé\n".encode()
        + b"b@example.com,Bob\n" * 2000
        + "c@example.com,Zoé\n".encode("cp1252")
    )
    layout = survey(content)
    assert (layout.encoding, layout.confidence, layout.rows) == ("utf-8", "likely", 2002)
    assert faults(content, layout) == [(2003, "encoding_invalid")]
    assert [note.code for note in layout.notes] == ["encoding_damaged"]


def test_the_merchants_word_on_encoding_and_delimiter_counts() -> None:
    content = "email,name\nana@example.com,Łucja\n".encode("cp1250")
    assert chunk_rows(content, survey(content, encoding="windows-1250"))[0][1][1] == "Łucja"
    assert survey(b"email;a,b\nx@example.com;1,2\n", delimiter=";").columns.headers == ("email", "a,b")
    with pytest.raises(FileRefusedError, match="rot13"):
        survey(b"email\n", encoding="rot13")


def test_a_single_column_is_a_list_of_addresses() -> None:
    layout = survey(b"email\nana@example.com\nbo@example.com")
    assert (layout.rows, layout.columns.fields) == (2, ("email",))


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_chunks_together_are_the_file(codec: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_survey, "CHUNK_ROWS", size)
    generator = random.Random(7)
    cells = ["", "é", '"a ""q"" b"', '"two\nlines"', '"x, y"', 'in"ner', '"\r\n"', "plain"]
    rows = [f"u{number}@example.com,{generator.choice(cells)},{generator.choice(cells)}" for number in range(50)]
    text = "email,a,b\n" + "\n".join(generator.choice(["", "\n", " ,\n"]) + row for row in rows)
    content = text.encode(codec)
    layout = survey(content)
    read = chunk_rows(content, layout)
    assert [row[0] for _, row in read] == [f"u{number}@example.com" for number in range(50)]
    assert layout.rows == 50
    assert len(layout.chunks) == -(-50 // size)
    lines = text.replace("\r\n", "\n").split("\n")
    assert all(lines[line - 1].startswith(row[0]) for line, row in read)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (b'a@example.com,"' + b"x" * 10_000_000 + b'"\n', "record_too_long"),
        (b"a@example.com," + b"x" * 10_000_000 + b"\r\n", "record_too_long"),
        (b'a@example.com,"' + b"x\n" * 3, "quote_not_closed"),
        (b"a@example.com,\xff\xfe" + b"x" * 3_000_000 + b"\n", "record_too_long"),
    ],
    ids=["long cell in quotes", "long cell", "never closed", "long cell that cannot be decoded"],
)
def test_a_damaged_row_is_rejected_with_its_line_and_the_rows_after_it_are_read(rows: bytes, fault: str) -> None:
    content = b"email,name\n" + rows + b"b@example.com,Bob\nc@example.com,Carl\n"
    layout = survey(content)
    assert faults(content, layout)[0] == (2, fault)
    assert [cells for _, cells in chunk_rows(content, layout)] == [["b@example.com", "Bob"], ["c@example.com", "Carl"]]
    assert layout.rows == len(chunk_records(content, layout))
