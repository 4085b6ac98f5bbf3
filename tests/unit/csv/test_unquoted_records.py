"""A record without quotes is split as Python's csv module does it."""

import csv

from hypothesis import given
from hypothesis import strategies as st

from clientela.csv import csv_records
from clientela.csv.csv_records import CsvRecord


@given(
    text=st.text("ab,;\t| 'é\x85\u2028\f", max_size=30),
    end=st.sampled_from(["", "\n", "\r\n", "\r"]),
    delimiter=st.sampled_from(",;\t|"),
)
def test_its_cells_are_those_of_the_csv_module(text: str, end: str, delimiter: str) -> None:
    record = CsvRecord(2, text + end, len(text + end))
    expected = next(csv.reader([text + end], delimiter=delimiter, strict=True, skipinitialspace=True), [])
    assert csv_records.cells(record, delimiter) == expected
