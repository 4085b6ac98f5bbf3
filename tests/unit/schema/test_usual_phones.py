"""The short way for phone numbers gives what libphonenumber gives."""

import random

import phonenumbers
import pytest

from clientela.schema import phones

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def by_the_library(text: str, country: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def demand_same(text: str, country: str | None) -> bool:
    """Return whether the short way was taken."""
    found = phones._usual(text, country)
    assert found in (None, by_the_library(text, country)), (text, country)
    return found is not None


@pytest.mark.parametrize("seed", range(4))
def test_random_numbers_of_every_country_code(seed: int) -> None:
    dice, short = random.Random(seed), 0
    for _ in range(3000):
        digits = "".join(dice.choices("0123456789", k=dice.randint(3, 13)))
        text = f"+{dice.choice(CODES)}{digits}"
        short += demand_same(text, dice.choice([None, *REGIONS]))
    assert short > 500


@pytest.mark.parametrize("seed", range(4))
def test_random_national_numbers_of_every_country(seed: int) -> None:
    dice, short = random.Random(seed), 0
    for _ in range(3000):
        text = "".join(dice.choices("0123456789", k=dice.randint(5, 13)))
        short += demand_same(text, dice.choice(REGIONS))
    assert short > 500


@pytest.mark.parametrize("region", REGIONS)
def test_example_numbers_in_every_usual_format(region: str) -> None:
    for kind in range(11):
        number = phonenumbers.example_number_for_type(region, kind)
        for form in range(3) if number else ():
            text = phonenumbers.format_number(number, form)
            for country in (region, "ES", "US", "IT", None):
                demand_same(text, country)


def test_most_numbers_of_a_shop_go_the_short_way() -> None:
    texts = ["+34911222333", "+34 600 123 456", "+1 212-555-0100", "+49 30 1234567", "911 222 333", "600.123.456"]
    assert all(demand_same(text, "ES") for text in texts)
