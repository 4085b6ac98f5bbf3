"""Encodings: decided by the letters of the whole file, with a confidence."""

import io

import pytest

from clientela.csv import csv_encodings, csv_files
from clientela.csv.csv_files import FileLayout

NAMES = {
    "spanish": ["José Peña Núñez", "Begoña Güell"],
    "italian": ["Niccolò Però", "Forlì, Città"],
    "french": ["François Lefèvre", "Hélène Bézière"],
    "german": ["Jörg Müller", "Bärbel Weiß"],
    "portuguese": ["João Conceição", "Gonçalo Simões"],
    "polish": ["Łukasz Wiśniewski", "Paweł Kołodziej"],
    "czech": ["Jiří Dvořák", "Růžena Kučera", "Šimon Žáček"],
    "russian": ["Иван Петров", "Анна Ёлкина"],
    "japanese": ["山田 太郎", "さくら 東京都渋谷区"],
    "danish": ["Søren Kjær", "Åse Ørsted"],
}
WESTERN = ("spanish", "italian", "french", "german", "portuguese")


def layout(names: list[str], encoding: str, header: str = "email;name") -> tuple[FileLayout, bytes]:
    rows = [f"p{number}@example.com;{name}" for number, name in enumerate(names)]
    content = "\r\n".join([header, *rows]).encode(encoding)
    return csv_files.inspect(lambda: io.BytesIO(content)), content


@pytest.mark.parametrize(
    ("encoding", "language"),
    [(encoding, language) for encoding in ("utf-8", "cp1252", "mac-roman", "cp850") for language in (*WESTERN, "danish")]
    + [("cp1250", "polish"), ("cp1250", "czech"), ("iso8859-2", "polish"), ("iso8859-2", "czech"), ("cp1251", "russian"),
       ("cp932", "japanese"), ("cp437", "german"), ("cp437", "spanish"), ("utf-8", "japanese"), ("utf-16", "russian")],
)  # fmt: skip
def test_names_are_read_with_the_letters_they_have(encoding: str, language: str) -> None:
    found, content = layout(NAMES[language], encoding)
    text = content.decode("utf-16") if encoding == "utf-16" else content.decode(found.encoding)
    assert text.splitlines()[1:] == [f"p{number}@example.com;{name}" for number, name in enumerate(NAMES[language])]
    expected = "certain" if encoding.startswith("utf") else "likely"
    assert found.confidence == expected


def test_ascii_alone_is_certain() -> None:
    assert layout(["Ana"], "ascii")[0].confidence == "certain"


def test_what_may_be_two_encodings_is_a_guess_and_the_merchant_is_told() -> None:
    found, _ = layout(["Nicolè"], "cp1252")
    assert (found.encoding, found.confidence) == ("cp1252", "guess")
    assert [note.code for note in found.notes] == ["encoding_guess"]


def test_the_language_of_the_headers_counts() -> None:
    found, _ = layout(["Nicolè"], "cp1252", "e-mail;nome;cognome")
    assert (found.encoding, found.confidence) == ("cp1252", "likely")


def test_letters_far_down_the_file_count() -> None:
    found, _ = layout(["Ana"] * 20_000 + NAMES["polish"], "cp1250")
    assert found.encoding == "cp1250"


@pytest.mark.parametrize(
    ("name", "codec"),
    [("Windows-1252", "cp1252"), ("Shift JIS", "cp932"), ("shift_jis", "cp932"), ("UTF-8-SIG", "utf-8"), ("latin1", "iso8859-1"),
     ("macroman", "mac-roman"), ("rot13", None), ("utf-7", None)],
)  # fmt: skip
def test_names_of_encodings_are_known_in_many_spellings(name: str, codec: str | None) -> None:
    assert csv_encodings.codec(name) == codec


GARBAGE = bytes([0xF7, 0xFA, 0x1E, 0xAE, 0x81, 0x0F, 0xA3, 0xC9, 0x17, 0xE4, 0xCD, 0xF8, 0xC6, 0xEF, 0xFC, 0xD3] * 5)


def test_binary_data_in_a_line_does_not_decide_on_the_encoding() -> None:
    rows = ["email,name", *(f"p{n}@example.com,{name}" for n, name in enumerate(["Jörg Müßig", "Änne Öztürk"]))]
    content = "\n".join(rows).encode("cp1252") + b"\n" + GARBAGE + b"\n"
    assert csv_files.inspect(lambda: io.BytesIO(content)).encoding == "cp1252"


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_binary_data_in_an_ascii_file_costs_its_own_line(bom: bytes) -> None:
    content = bom + b"email,name\na@example.com,Ana\n" + GARBAGE + b"\nb@example.com,Bob\n"
    layout = csv_files.inspect(lambda: io.BytesIO(content))
    assert layout.rows == 3
    assert content[layout.chunks[0].start :].startswith(b"a@example.com")
