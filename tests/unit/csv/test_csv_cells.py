import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, create_model

from clientela.csv.csv_cells import DANGEROUS, escape, unescape
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
