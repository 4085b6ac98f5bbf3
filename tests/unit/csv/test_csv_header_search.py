"""The header is found under a title, below `sep=`, and by its addresses."""

import io

import pytest

from clientela.csv import csv_files, file_texts
from clientela.csv.csv_files import FileLayout
from clientela.csv.file_texts import FileNote, FileRefusedError


def inspect(text: str | bytes) -> FileLayout:
    content = text if isinstance(text, bytes) else text.encode()
    return csv_files.inspect(lambda: io.BytesIO(content))


@pytest.mark.parametrize(
    ("text", "delimiter", "first_line"),
    [("sep=;\r\nemail;name\r\na@x.es;Ana\r\n", ";", 3), ('"sep=|"\nemail|name\na@x.es|Ana\n', "|", 3),
     ("Customers 2026,,\r\n,,\r\nName,E-mail,Phone\r\nAna,a@x.es,\r\n", ",", 4),
     ("Listado\n\nNombre;Correo\nAna;a@x.es\n", ";", 4), ('"E-\nmail",name\na@x.es,Ana\n', ",", 3)],
)  # fmt: skip
def test_the_header_is_found_below_other_lines(text: str, delimiter: str, first_line: int) -> None:
    layout = inspect(text)
    assert "email" in layout.columns.fields
    assert (layout.delimiter, layout.rows, layout.chunks[0].first_line) == (delimiter, 1, first_line)


def test_without_a_known_header_the_one_column_of_addresses_is_the_email() -> None:
    layout = inspect("Wer;Kontaktadresse\nAna;a@x.es\nBo;b@x.es\nCy;\n")
    assert layout.columns.fields[1] == "email"
    assert [(note.code, note.values) for note in layout.notes] == [
        ("email_column_assumed", {"header": "Kontaktadresse"})
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [("Wer;Eins;Zwei\nAna;a@x.es;b@x.es\n", "no_email_column"), ("name,phone\nAna,1\n", "no_email_column"),
     ("a@x.es,Ana\nb@x.es,Bo\n", "header_missing"), ("a@x.es\nb@x.es\n", "header_missing"), ("", "empty"), ("\r\n \r\n", "empty"),
     ("email,name,E-Mail\na@x.es,A,b@x.es\n", "column_twice"), (b"PK\x03\x04\x14\0\0\0[Content_Types].xml", "kind_excel"),
     (b"PK\x03\x04\x14\0\0\0customers.csv", "kind_zip"), (b"\x1f\x8b\x08\0abc", "kind_compressed"), (b"%PDF-1.7", "kind_pdf"),
     ("<!DOCTYPE html><html>", "kind_html"), ("\n<html><table>", "kind_html"), ('[{"email": "a@x.es"}]', "kind_json"),
     (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 90 + "EncryptedPackage".encode("utf-16-le"), "kind_encrypted"),
     (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 90, "kind_excel"), (b"-----BEGIN PGP MESSAGE-----", "kind_encrypted")],
)  # fmt: skip
def test_what_is_no_list_of_customers_is_refused_by_its_kind(text: str | bytes, code: str) -> None:
    with pytest.raises(FileRefusedError) as refused:
        inspect(text)
    assert refused.value.note.code == code


def test_unknown_columns_may_come_twice() -> None:
    assert inspect("email,Item,Price,Item,Price\na@x.es,A,1,B,2\n").rows == 1


def test_a_column_of_values_that_look_like_passwords_is_secret_with_a_note() -> None:
    layout = inspect("email,Zugang,Stadt\na@x.es,Secreta-123,Ulm\nb@x.es,hunter2,Bonn\n")
    assert layout.columns.secrets == {1}
    assert [note.code for note in layout.notes] == ["secrets"]


@pytest.mark.parametrize("language", ["es", "it", "fr", "de", "pt"])
def test_every_text_is_translated(language: str) -> None:
    for code, english in file_texts.SENTENCES.items():
        values = {part.partition("}")[0]: "x" for part in english.split("{")[1:]}
        text, original = (FileNote(code, values).text(each) for each in (language, "en"))
        assert text != original, code
        assert "{" not in text


def test_a_text_is_in_the_language_of_the_store_or_in_english() -> None:
    assert FileNote("empty").text("es-MX") == "El archivo está vacío."
    assert FileNote("empty").text("ja") == "The file is empty."
