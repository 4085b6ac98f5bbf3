"""Dates as people and spreadsheets of six languages write them."""

import io
from datetime import UTC, datetime

import pytest

from clientela.csv import csv_dates, csv_files
from clientela.csv.csv_dates import DateOrder


@pytest.mark.parametrize(
    ("text", "expected"),
    [("21/11/2020", (2020, 11, 21)), ("3.2.2019", (2019, 2, 3)), ("03-02-19", (2019, 2, 3)),
     ("03/02/2019 9:05", (2019, 2, 3, 9, 5)),
     ("21.11.2020, 10:00:07", (2020, 11, 21, 10, 0, 7)), ("2020/01/02", (2020, 1, 2)), ("01/02/99", (1999, 2, 1)),
     ("21 de noviembre de 2020", (2020, 11, 21)), ("21 novembre 2020", (2020, 11, 21)), ("1 août 2020", (2020, 8, 1)),
     ("12. März 2021", (2021, 3, 12)), ("21 dicembre 2020", (2020, 12, 21)), ("5 de março de 2020", (2020, 3, 5)),
     ("21-Nov-20", (2020, 11, 21)), ("Nov 21, 2020", (2020, 11, 21)), ("November 21st, 2020 3:04 pm", (2020, 11, 21, 15, 4)),
     ("44156", (2020, 11, 21)), ("44156.5", (2020, 11, 21, 12)), ("1605960000", (2020, 11, 21, 12)),
     ("2020-01-02 10:00:00 UTC", (2020, 1, 2, 10))],
)  # fmt: skip
def test_a_written_date_is_read(text: str, expected: tuple[int, ...]) -> None:
    assert csv_dates.parse(text) == datetime(*expected, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("order", "text", "month"),
    [("month_first", "03/02/2020", 3), ("day_first", "03/02/2020", 2), ("month_first", "21/11/2020", 11),
     ("day_first", "11/21/2020", 11)],
)  # fmt: skip
def test_the_order_decides_where_the_numbers_do_not(order: DateOrder, text: str, month: int) -> None:
    assert csv_dates.parse(text, order).month == month


@pytest.mark.parametrize("text", ["soon", "31/02/2020", "2020", "1/2", "32 nov 2020", "21 foo 2020", "12/12/123"])
def test_what_is_no_date_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="not a time"):
        csv_dates.parse(text)


def created_at(header: str, *cells: str, country: str | None = "ES") -> tuple[str | None, list[str]]:
    content = "\n".join([header, *(f"a{n}@x.es,{cell}" for n, cell in enumerate(cells))]).encode()

    layout = csv_files.inspect(lambda: io.BytesIO(content), country=country)
    return layout.columns.date_orders.get("created_at"), [note.code for note in layout.notes]


def test_one_value_above_twelve_decides_for_the_whole_column() -> None:
    assert created_at("email,created", "03/02/2020", "04/25/2020") == ("month_first", [])
    assert created_at("email,created", "03/02/2020", "25/04/2020", country="US") == ("day_first", [])


def test_a_column_that_leaves_it_open_is_read_as_the_stores_country_does_with_a_note() -> None:
    assert created_at("email,created", "03/02/2020", country="US") == ("month_first", ["dates_month_first"])
    assert created_at("email,created", "03/02/2020", country="GB") == ("day_first", ["dates_day_first"])
    assert created_at("correo,fecha de alta", "03/02/2020", country="US") == ("day_first", ["dates_day_first"])
    assert created_at("email,created", "2020-02-03", country="US") == ("month_first", [])


def with_option(order: DateOrder, *cells: str) -> tuple[str, list[str]]:
    content = "\n".join(["email,created", *(f"a{n}@x.es,{cell}" for n, cell in enumerate(cells))]).encode()

    layout = csv_files.inspect(lambda: io.BytesIO(content), country="ES", date_order=order)
    return layout.columns.date_orders["created_at"], [note.code for note in layout.notes]


def test_the_order_that_the_merchant_names_comes_before_the_columns_own_evidence() -> None:
    assert with_option("month_first", "03/02/2020") == ("month_first", [])
    assert with_option("day_first", "03/02/2020", "25/04/2020") == ("day_first", [])
    assert with_option("year_first", "20/02/03") == ("year_first", [])


@pytest.mark.parametrize(
    ("order", "cell"),
    [("month_first", "25/04/2020"), ("day_first", "04/25/2020"), ("year_first", "04/03/2020"), ("year_first", "20/25/03")],
)  # fmt: skip
def test_dates_that_cannot_be_of_the_named_order_are_reported(order: DateOrder, cell: str) -> None:
    assert with_option(order, "03/02/10", cell) == (order, ["dates_contradict"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20/02/03", (2020, 2, 3)), ("20-02-03 10:05", (2020, 2, 3, 10, 5)), ("03/02/2020", (2020, 2, 3)),
     ("2020/02/03", (2020, 2, 3)), ("03 feb 2020", (2020, 2, 3))],
)  # fmt: skip
def test_the_year_may_come_first_with_two_digits(text: str, expected: tuple[int, ...]) -> None:
    assert csv_dates.parse(text, "year_first") == datetime(*expected, tzinfo=UTC)  # type: ignore[misc,arg-type]
