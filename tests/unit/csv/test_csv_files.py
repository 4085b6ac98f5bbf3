"""CSV files: their format is detected, and their chunks split no record."""

import io
import random

import pytest

from clientela.csv import csv_files, csv_records
from clientela.csv.csv_files import FileLayout, FileRefusedError


def survey(content: bytes, **options: str) -> FileLayout:
    return csv_files.inspect(lambda: io.BytesIO(content), **options)


def chunk_rows(content: bytes, layout: FileLayout) -> list[tuple[int, list[str]]]:
    """The rows of all chunks, each chunk read by itself."""
    rows = []
    for chunk in layout.chunks:
        lines = csv_files.lines(io.BytesIO(content[chunk.start : chunk.end]), layout.encoding)
        for record in csv_records.records(lines, layout.delimiter, chunk.first_line):
            if not csv_records.is_blank(record, layout.delimiter):
                rows.append((record.line, csv_records.cells(record, layout.delimiter)))
    return rows


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


def test_a_letter_far_down_the_file_decides_on_the_encoding() -> None:
    head = b"email,name\n" + b"ana@example.com,Ana\n" * 20_000
    assert survey(head + "bo@example.com,Bö\n".encode()).encoding == "utf-8"
    assert survey(head + "bo@example.com,Bö\n".encode("cp1252")).encoding == "cp1252"


def test_a_file_of_two_encodings_is_refused_rather_than_garbled() -> None:
    rows = (
        "email,name\na@example.com,Zoé\n".encode()
        + b"b@example.com,Bob\n" * 2000
        + "c@example.com,Zoé\n".encode("cp1252")
    )
    with pytest.raises(FileRefusedError, match="is not utf-8"):
        survey(rows)


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
    monkeypatch.setattr(csv_files, "CHUNK_ROWS", size)
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
    "rows",
    [
        b'a@example.com,"open\n' + b"b@example.com,x\n" * 60_000,
        b'a@example.com,"open\n' + b"b@example.com,x\n" * 100_000,
        b'a@example.com,"' + b"x" * 10_000_000 + b'"\n',
        b"a@example.com," + b"x" * 10_000_000 + b"\n",
    ],
    ids=["never closed", "never closed, long", "long cell in quotes", "long cell"],
)
def test_an_endless_record_is_refused_early_with_its_line(rows: bytes) -> None:
    with pytest.raises(FileRefusedError, match=r"(?i)line 2 is (never closed|longer)"):
        survey(b"email,name\n" + rows)
