import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, create_model

from clientela.csv.csv_cells import DANGEROUS, escape, escaper, read, unescape
from clientela.schema.documents import Model
from clientela.schema.text import trim

TEXTS = [
    "", "ana", "=1+1", "+34911222333", "-5", "@sum", "\tx", "\rx", "\nx", "\x00x", "＝1", "＋1", "－1", "＠1",  # noqa: RUF001
    "'", "''", "'=1", "''=1", "'ana", "'+1", "a=1", "=", "'@", '"=1"', "=cmd@b.com", "+1@b.com",
    "x;=1", "x\n=1", "x\r\n-1", "x\t@a", "x|+1", "x;\"=1;y", "x; =1", " =1", "\x1c=1", "x;'=1", "x;=1;=2", "\t=1", ";\t=1",
    "x；＝1",  # noqa: RUF001
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_no_cell_is_a_formula_and_the_way_back_is_exact(text: str) -> None:
    cell = escape(text)
    assert cell[:1] not in set(DANGEROUS)
    assert unescape(cell) == text


@pytest.mark.parametrize("text", TEXTS)
def test_the_way_back_is_exact_through_csv(text: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow(["x", escape(text)])
    [[_, cell]] = csv.reader(io.StringIO(file.getvalue(), newline=""), strict=True)
    assert unescape(cell) == text


def test_a_phone_with_the_apostrophe_of_excel_is_a_phone() -> None:
    assert unescape("'+34911222333") == "+34911222333"
    assert unescape("O'Neil") == "O'Neil"


HOSTILE = st.text(st.sampled_from("=+-@＝＋－＠\t\r\n\x00,;|'\"  \x1c\x1f\x85\xa0\u2028\ufeffa1"), max_size=12)  # noqa: RUF001
Trimmed = create_model("Trimmed", __base__=Model, text=(str, Field()))


@settings(max_examples=1000, deadline=None)
@given(HOSTILE, HOSTILE)
def test_no_spreadsheet_of_any_separator_finds_a_formula(first: str, second: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["ana", escape(first), escape(second)], [escape(second), escape(first), "x"]])
    for separator in ",;\t|":
        for row in csv.reader(io.StringIO(file.getvalue(), newline=""), delimiter=separator):
            assert not [cell for cell in row if cell.lstrip(' "\x1c\x1f\x85\xa0\u2028\ufeff')[:1] in {*"=+-@＝＋－＠"}]  # noqa: RUF001


@settings(max_examples=1000, deadline=None)
@given(st.one_of(HOSTILE, st.text(max_size=20)))
def test_every_text_comes_back_as_it_was(text: str) -> None:
    assert unescape(escape(text)) == text
    assert escape(text) == text or escape(text)[:1] not in set(DANGEROUS)
    stored = Trimmed(text=text).text
    assert trim(unescape(escape(stored))) == stored


@pytest.mark.parametrize(
    "text",
    ["08001", "007", "1.0", "1,50", "10 %", "$5", "5 €", "EUR 5", "(5)", "1E5", "1e+05", "1-2", "1/2", "3.4.2026", "10:30",
     "2026-11-21", "2026-11-21T10:00:00Z", "2026-11-21 10:00:00", "5 pm", "5 p.m.", "10:30 AM", "may 5", "5-may", "21 nov. 2020",
     "21 de noviembre de 2020", "Mar 2020", "1 1/2", "TRUE", "false", "verdadero", "VRAI", "Falsch", "123456789012", ".5"],
)  # fmt: skip
def test_what_a_spreadsheet_changes_is_marked(text: str) -> None:
    assert (escape(text), escape(text, mark=True)) == (text, f"'{text}")
    assert unescape(f"'{text}") == text
    assert escape(f"'{text}") == f"''{text}"


@pytest.mark.parametrize(
    "text",
    ["28013", "0", "12345678901", "12227-000", "94043-1351", "SW1A 1AA", "T6G 2C7", "1234 AB", "12 Main Street", "Rilská 3174/6",
     "Ana", "May", "May Johnson", "trueman", "version 2", "3rd floor", "Calle Mayor 12", "A-1001", "cus_01", "7 Eleven"],
)  # fmt: skip
def test_what_a_spreadsheet_shows_as_it_is_has_no_mark(text: str) -> None:
    assert escape(text, mark=True) == text


def test_what_an_import_takes_for_an_empty_cell_comes_back() -> None:
    for text in ("NULL", "'NULL", "(null)", "\\N", "N/A", "#N/A", "NaN", "-", "--", "\u2013"):
        assert read(escape(text)) == text
        assert read(text) in ("", text.lstrip("'"))


def test_no_line_of_a_text_looks_like_a_row() -> None:
    plain = ("x\nana@example.com,y", "x\n1;2;ana@example.com", "x\n'ana@example.com", "ana@example.com\nx")
    with_two_beginnings = ("x\n|ana@b.c", "x\ny|ana@b.c", "x\n'y|'ana@b.c", "x\nana@b|=1.c", "x\n，ana@b.c")  # noqa: RUF001
    for text in (*plain, *with_two_beginnings):
        assert unescape(escape(text)) == text
        assert not [line for line in escape(text).split("\n")[1:] if re.search(r"(^|[,;|\t])ana@", line)]


PIECES = st.sampled_from(
    [
        *"0123456789.,:/-()'$€%\x1c\n;|=@ ",
        "EUR",
        "may",
        "de ",
        "nov",
        "T",
        "Z",
        "pm",
        "p.m.",
        "E",
        "true",
        "NULL",
        "Main",
        "ana@b.c",
    ]
)


@settings(max_examples=2000, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=8).map("".join), min_size=1, max_size=5), st.booleans())
def test_one_search_for_a_row_finds_what_a_call_for_each_text_finds(texts: list[str], mark: bool) -> None:
    texts = [text for text in map(trim, texts) if text and "\x1c" not in text]
    found = escaper("\x1c", mark=mark)("".join(f"\x1c{text}" for text in texts))
    assert found == {text: cell for text in texts if (cell := escape(text, mark=mark)) != text}


@settings(max_examples=2000, deadline=None)
@given(st.lists(PIECES, max_size=8).map("".join))
def test_a_marked_text_comes_back_as_it_was(text: str) -> None:
    stored = trim(text)
    assert read(escape(stored, mark=True)) == read(escape(stored)) == stored
