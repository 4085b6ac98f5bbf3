"""Numbers, amounts and days in six languages, compared with Babel's CLDR."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from babel import Locale, dates, numbers
from tools import locale_formats as generator

from clientela.schema import locale_formats
from clientela.schema.languages import SUPPORTED
from clientela.schema.locale_formats import Country, Day, Moment, MoneyAmount, Size, shown

AMOUNTS = [Decimal(text) for text in ("0", "0.5", "24.95", "999", "1234.5", "12345.67", "1234567.8", "-3.2")]


def test_file_is_what_the_generator_writes() -> None:
    assert json.loads(generator.TARGET.read_text("utf-8")) == generator.locale_formats()


@pytest.mark.parametrize("language", SUPPORTED)
def test_plural_categories_are_those_of_cldr(language: str) -> None:
    rule = Locale.parse(generator.LOCALES[language]).plural_form
    for number in [*range(205), 1000, 999_999, 1_000_000, 1_000_001, 3_000_000]:
        assert locale_formats.plural_of(number, language) == rule(number), number


@pytest.mark.parametrize("currency", ["EUR", "USD", "GBP", "CHF", "JPY", "BRL", "KWD"])
@pytest.mark.parametrize("language", SUPPORTED)
def test_amounts_are_written_as_cldr_says(language: str, currency: str) -> None:
    locale = Locale.parse(generator.LOCALES[language])
    if language in generator.MINIMUM_GROUPING_DIGITS:
        amounts = [amount for amount in AMOUNTS if not 1000 <= abs(amount) < 10_000]  # Babel groups four digits, too
    else:
        amounts = AMOUNTS
    for amount in amounts:
        places = {"JPY": "1", "KWD": "0.001"}.get(currency, "0.01")
        expected = numbers.format_currency(amount.quantize(Decimal(places)), currency, locale=locale)
        if currency == "JPY" and amount != amount.to_integral():
            continue  # it has no decimals: such an amount is shown whole
        if language == "en" and currency in expected:  # CLDR's currencySpacing, which Babel lacks
            expected = expected.replace(currency, f"{currency}\N{NO-BREAK SPACE}")
        assert shown(MoneyAmount(amount, currency), language) == expected


def test_four_digits_are_grouped_where_people_do() -> None:
    assert [shown(1234, language) for language in ("en", "de", "es", "pt")] == ["1,234", "1.234", "1234", "1234"]
    assert shown(12_345, "es") == "12.345"


@pytest.mark.parametrize("language", SUPPORTED)
def test_days_are_written_as_cldr_says(language: str) -> None:
    for month in range(1, 13):
        day = dt.date(2026, month, 2 + month)
        assert shown(Day(day), language) == dates.format_date(day, "full", locale=generator.LOCALES[language])


def test_first_of_a_month_is_an_ordinal_where_people_say_so() -> None:
    first = Day(dt.date(2026, 5, 1))
    assert shown(first, "fr") == "vendredi 1er mai 2026"
    assert shown(first, "it") == "venerdì 1º maggio 2026"
    assert shown(first, "de") == "Freitag, 1. Mai 2026"


def test_moment_is_in_its_zone_with_its_name() -> None:
    at = dt.datetime(2026, 12, 7, 23, 30, tzinfo=dt.UTC)
    assert shown(Moment(at, "Europe/Madrid"), "es") == "8 de diciembre de 2026, 00:30 (Europe/Madrid)"


@pytest.mark.parametrize(
    ("size", "english", "french"),
    [(1, "1 kB", "1 ko"), (18_250, "19 kB", "19 ko"), (12_000_001, "13 MB", "13 Mo")],
)
def test_sizes_are_whole(size: int, english: str, french: str) -> None:
    assert [shown(Size(size), "en"), shown(Size(size), "fr")] == [
        text.replace(" ", "\N{NO-BREAK SPACE}") for text in (english, french)
    ]


def test_country_has_its_name_in_each_language() -> None:
    assert [shown(Country("DE"), language) for language in SUPPORTED] == [
        "Germany", "Alemania", "Germania", "Allemagne", "Deutschland", "Alemanha",
    ]  # fmt: skip
    assert shown(Country("T1"), "en") == "T1"


def test_other_values_stay() -> None:
    values = ["Ana", None, True, [1], {"a": 1}]
    assert [shown(value, "de") for value in values] == values
