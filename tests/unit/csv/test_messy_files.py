"""Generated messy files: chunks read by themselves are the whole file, and no intact row is lost."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clientela.csv import csv_files, csv_records, csv_survey
from clientela.csv.csv_files import FileLayout
from clientela.csv.csv_records import CsvRecord

TEXT = st.text(st.sampled_from("ab é日;'\\\""), max_size=6)
GOOD = st.builds(
    lambda name, quoted: f'"{name.replace(chr(34), chr(34) * 2)}"' if quoted else name.replace('"', "").strip(),
    TEXT,
    st.booleans(),
)
NOTES = st.one_of(GOOD, st.sampled_from(['"two\nlines"', '"say ""hi"",\nplease"', '"a\r\nb"']))
DAMAGE = st.sampled_from([
    b'BAD,x,"never closed', b'BAD,"x"y,z', b"BAD", b"BAD,1,2,3,4", b"BAD,\x00,x", b"BAD,\xff\xfe,x", b'"', b'",",",",',
    b'BAD,"x\ny"z,1',
    b'BAD,27",x', b'"BAD', b"BAD,,," + b"y" * 3_000, b"", b" , , ",
])  # fmt: skip
END = st.sampled_from([b"\n", b"\r\n", b"\r"])


HEADERS = st.sampled_from([["email", "name", "note"], ["note", "email", "name"], ["name", "note", "email"]])


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, list[str], int]:
    """A file, the e-mails of its intact rows, and the index of their column."""
    header = draw(HEADERS)
    first = ["first@example.com" if name == "email" else "" for name in header]
    content, emails = f"{','.join(header)}\n{','.join(first)}\n".encode(), ["first@example.com"]
    for number in range(draw(st.integers(1, 25))):
        if draw(st.integers(0, 3)):
            email = f"row{number}@example.com"
            emails.append(email)
            cells = {"email": email, "name": draw(GOOD), "note": draw(NOTES)}
            content += ",".join(map(cells.__getitem__, header)).encode()
        else:
            content += draw(DAMAGE).replace(b"BAD", f"bad{number}@example.com".encode())
        content += draw(END)
    return content, emails, header.index("email")


def chunk_records(content: bytes, layout: FileLayout, email: int) -> list[CsvRecord]:
    shape = csv_records.RecordShape(layout.delimiter, 3, email)
    return [
        record
        for chunk in layout.chunks
        for record in csv_files.rows(
            io.BytesIO(content[chunk.start : chunk.end]),
            layout.encoding,
            shape,
            chunk.first_line,
            in_damage=chunk.in_damage,
        )
    ]


@pytest.mark.parametrize("size", [1, 2, 5])
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=files())
def test_chunks_are_the_file_and_every_intact_row_is_read(
    monkeypatch: pytest.MonkeyPatch, size: int, file: tuple[bytes, list[str], int]
) -> None:
    content, emails, place = file
    whole = csv_files.inspect(lambda: io.BytesIO(content), "utf-8")
    monkeypatch.setattr(csv_survey, "CHUNK_ROWS", size)
    layout = csv_files.inspect(lambda: io.BytesIO(content), "utf-8")
    monkeypatch.undo()
    records = chunk_records(content, layout, place)
    assert [record[:4] for record in records] == [record[:4] for record in chunk_records(content, whole, place)]
    assert layout.rows == len(records)
    valid = [record for record in records if not record.fault]
    found = []
    for record in valid:
        try:
            cells = csv_records.cells(record, ",")
        except csv_records.RecordError:
            continue
        found += cells[place : place + 1]
    assert [email for email in emails if email not in found] == []
    # Several rows in one are the file's own only where it quotes them as RFC 4180 says.
    assert all(record.text.count("@example.com") <= 1 or is_one_row(record.text) for record in valid)


def is_one_row(text: str) -> bool:
    return len(list(csv.reader(io.StringIO(text, newline=""), strict=True))) == 1
