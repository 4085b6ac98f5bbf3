"""Formats: what each country's spreadsheet expects, what a store has by default, what contradicts."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from clientela import clock
from clientela.errors import InvalidInputError
from clientela.exports import export_cells, export_columns, export_formats
from clientela.exports.export_formats import ExportFormat, FormatChoices
from clientela.exports.export_requests import ExportRequest
from clientela.stores.stores import Store

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def store(language: str = "en", country: str | None = None) -> Store:
    return Store(id="demo", name="Demo", language=language, country=country, created_at=NOW, updated_at=NOW)


@pytest.mark.parametrize(
    ("spreadsheet", "delimiter", "decimal", "language"),
    [
        ("en-US", ",", ".", "en"),
        ("en-GB", ",", ".", "en"),
        ("en-ZA", ";", ",", "en"),
        ("es", ";", ",", "es"),
        ("es-MX", ",", ".", "es"),
        ("es-AR", ";", ",", "es"),
        ("it", ";", ",", "it"),
        ("it-CH", ";", ".", "it"),
        ("fr", ";", ",", "fr"),
        ("fr-CH", ";", ",", "fr"),
        ("fr-CA", ";", ",", "fr"),
        ("de", ";", ",", "de"),
        ("de-CH", ";", ".", "de"),
        ("pt", ";", ",", "pt"),
        ("pt-BR", ";", ",", "pt"),
    ],
)
def test_a_spreadsheet_sets_what_its_country_expects(
    spreadsheet: str, delimiter: str, decimal: str, language: str
) -> None:
    found = export_formats.of_spreadsheet(spreadsheet)
    assert (found.delimiter, found.decimal, found.header_language) == (delimiter, decimal, language)
    assert (found.bom, found.times, found.mark_texts) == (True, "local", True)


@pytest.mark.parametrize(
    ("language", "country", "expected"),
    [
        ("en", None, (",", ".", "en")),
        ("en", "ES", (";", ",", "en")),
        ("es", "ES", (";", ",", "es")),
        ("es", "MX", (",", ".", "es")),
        ("es-MX", None, (",", ".", "es")),
        ("es-419", None, (";", ",", "es")),
        ("de-AT", None, (";", ",", "de")),
        ("fr", "CA", (";", ",", "fr")),
        ("en", "CA", (",", ".", "en")),
        ("pl", "PL", (";", ",", "en")),
        ("ja", "JP", (",", ".", "en")),
        ("pl", None, (",", ".", "en")),
    ],
)
def test_the_default_follows_language_and_country(
    language: str, country: str | None, expected: tuple[str, str, str]
) -> None:
    found = export_formats.default_of(store(language, country))
    assert (found.delimiter, found.decimal, found.header_language) == expected


def test_a_format_completes_a_spreadsheet_or_the_default() -> None:
    found = export_formats.resolve(store("es", "ES"), None, FormatChoices(delimiter="|", bom=False))
    assert (found.delimiter, found.decimal, found.header_language, found.bom) == ("|", ",", "es", False)
    found = export_formats.resolve(store(), "es", FormatChoices(times="iso", delimiter=";"))
    assert (found.delimiter, found.decimal, found.times) == (";", ",", "iso")


def test_a_format_that_contradicts_its_spreadsheet_is_refused() -> None:
    with pytest.raises(InvalidInputError) as caught:
        export_formats.resolve(store(), "es", FormatChoices(delimiter=",", decimal=",", bom=False))
    assert [error.pointer for error in caught.value.fields] == ["/format/delimiter", "/format/bom"]


@pytest.mark.parametrize("text", ["ja", "xx", "es-XX", "spain", "es-419", "", "e"])
def test_an_unknown_spreadsheet_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="spreadsheet"):
        ExportRequest.model_validate({"spreadsheet": text})


def test_a_spreadsheet_may_be_written_in_any_case() -> None:
    assert ExportRequest.model_validate({"spreadsheet": "ES_mx"}).spreadsheet == "es-MX"


def test_choices_are_read_from_texts() -> None:
    choices = export_formats.parse_choices(
        {
            "delimiter": "tab",
            "decimal": "comma",
            "header_language": "DE",
            "bom": "no",
            "times": "iso",
            "mark_texts": "no",
        }
    )
    found = export_formats.resolve(store(), None, choices)
    assert found == ExportFormat(
        delimiter="\t", decimal=",", header_language="de", bom=False, times="iso", mark_texts=False
    )


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"delimiter": "colon"}, "Use one of comma, semicolon, tab, pipe."),
        ({"header_language": "xx"}, "Use one of en, es, it, fr, de, pt."),
        ({"separator": ";"}, "Unknown: use one of delimiter, decimal, header_language, bom, times, mark_texts."),
    ],
)
def test_an_unknown_choice_says_what_there_is(texts: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        export_formats.parse_choices(texts)
    assert [error.message for error in caught.value.fields] == [message]


def test_columns_are_chosen_and_ordered() -> None:
    chosen = export_columns.choose("customers", ["name", "email", "total_spent.EUR"])
    assert [column.name for column in chosen] == ["name", "email", "total_spent.EUR"]
    assert export_columns.header("customers", chosen[2], "en") == "total_spent_eur"
    assert export_columns.header("customers", chosen[2], "es") == "Importe gastado EUR"


@pytest.mark.parametrize(
    ("what", "columns", "pointer", "message"),
    [
        ("customers", ["email", "emial"], "/columns/1", "Unknown column “emial”: perhaps you mean “email”."),
        ("customers", ["Email"], "/columns/0", "Unknown column “Email”: perhaps you mean “email”."),
        ("customers", ["name", "email", "name"], "/columns/2", "This column is named twice."),
        ("customers", ["total_spent.XXY"], "/columns/0", None),
        ("customers", ["order_id"], "/columns/0", None),
        ("orders", ["total_spent.EUR"], "/columns/0", None),
        ("customers", [], "/columns", "Name at least one column."),
    ],
)
def test_columns_that_cannot_be_chosen_are_refused(
    what: export_columns.What, columns: list[str], pointer: str, message: str | None
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        export_columns.choose(what, columns)
    assert [error.pointer for error in caught.value.fields] == [pointer]
    if message:
        assert caught.value.fields[0].message == message


def test_an_unknown_column_names_all_that_there_are() -> None:
    with pytest.raises(InvalidInputError) as caught:
        export_columns.choose("order_items", ["xyzzy"])
    assert "sku, item_name, quantity" in caught.value.fields[0].message


def test_names_are_read_from_a_text() -> None:
    assert export_columns.parse_names(" email, name ", "customers") == ["email", "name"]
    assert export_columns.parse_names("importable", "customers") == list(export_columns.IMPORTABLE)


@pytest.mark.parametrize(
    ("zone", "stored", "local"),
    [
        ("UTC", "2026-11-21T09:00:00.500Z", "2026-11-21 09:00:00"),
        ("Europe/Madrid", "2026-11-21T09:00:00.000Z", "2026-11-21 10:00:00"),
        ("Europe/Madrid", "2026-07-21T22:30:59.999Z", "2026-07-22 00:30:59"),
        ("Europe/Madrid", "2026-10-25T00:59:59.000Z", "2026-10-25 02:59:59"),  # the clocks go back here
        ("Europe/Madrid", "2026-10-25T01:00:00.000Z", "2026-10-25 02:00:00"),
        ("Europe/Madrid", "2026-03-29T01:00:00.000Z", "2026-03-29 03:00:00"),
        ("Asia/Kolkata", "2026-11-21T09:00:00.000Z", "2026-11-21 14:30:00"),
        ("Australia/Lord_Howe", "2026-04-04T14:59:59.000Z", "2026-04-05 01:59:59"),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00.000Z", "2026-04-05 01:30:00"),
        ("Europe/Amsterdam", "1930-01-01T00:00:00.000Z", "1930-01-01 00:19:32"),
        ("America/New_York", "0001-01-01T00:00:00.000Z", "0001-01-01 00:00:00"),
    ],
)
def test_times_are_local(zone: str, stored: str, local: str) -> None:
    print_time = export_cells.local_times(zone)
    assert (print_time(stored), print_time(stored)) == (local, local)


@pytest.mark.parametrize(
    "zone",
    ["Europe/Madrid", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "Antarctica/Troll"],
)
def test_times_of_many_years_are_those_of_the_zone(zone: str) -> None:
    print_time, moment = export_cells.local_times(zone), datetime(1975, 1, 1, 0, 30, 15, tzinfo=UTC)
    for _ in range(4000):
        moment += timedelta(hours=113, minutes=17)  # every hour of the day, some close to a change of the clocks
        there = moment.astimezone(ZoneInfo(zone))
        assert print_time(clock.format_timestamp(moment)) == f"{there:%Y-%m-%d %H:%M:%S}"
