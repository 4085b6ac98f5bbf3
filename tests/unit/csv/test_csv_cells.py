import csv
import io

import pytest

from clientela.csv.csv_cells import DANGEROUS, escape, unescape

TEXTS = [
    "", "ana", "=1+1", "+34911222333", "-5", "@sum", "\tx", "\rx", "\nx", "\x00x", "＝1", "＋1", "－1", "＠1",  # noqa: RUF001
    "'", "''", "'=1", "''=1", "'ana", "'+1", "a=1", "=", "'@", '"=1"', "=cmd@b.com", "+1@b.com",
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
