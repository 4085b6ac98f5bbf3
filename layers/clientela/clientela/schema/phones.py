"""Phone numbers in E.164.

libphonenumber is imported where a number is read, because most calls read none.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from clientela.sentences import Sentence

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata


def to_e164(text: str, country: str | None) -> str:
    """Return a typed phone number in E.164: `+34 911 222 333` → `+34911222333`.

    A number without a country code is read as a number of `country` (alpha-2). Only the length is
    checked (libphonenumber's "possible"), because numbering plans change faster than any list of
    them.

    Raises:
        ValueError: the text is no phone number.
    """
    if found := _usual(text, country):
        return found
    from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_possible_number, parse

    try:
        number = parse(text, country)
    except NumberParseException as error:
        alone = "“{text}” is not a phone number. Write it like +34911222333."
        without_country = "“{text}” is not a phone number. Write it like +34911222333, or give a country."
        raise ValueError(Sentence(alone if country else without_country, text=text)) from error
    if not is_possible_number(number):
        raise ValueError(Sentence("“{text}” is not a phone number: it has too few or too many digits.", text=text))
    return format_number(number, PhoneNumberFormat.E164)


_DIGITS = re.compile(r"\+?[1-9](?:[ .-]?\d){6,14}")
_SEPARATORS = str.maketrans("", "", " .-")


@lru_cache(maxsize=256)  # a row and its customer are checked one after the other
def _usual(text: str, country: str | None) -> str | None:
    """Return the E.164 of a number as most are written, else None.

    It has its country code, or is a national one that is not to be taken for an international one;
    it has no national prefix. The result is libphonenumber's, in a twentieth of the time.
    """
    if not text.isascii() or not _DIGITS.fullmatch(text):
        return None
    number = text.translate(_SEPARATORS)
    if number[0] == "+":
        plan = _plan(number[1:4])
        return number if plan and plan.is_plain(number[1 + len(plan.code) :]) else None
    home = _home_plan(country) if country else None
    if home is None or number.startswith(home.code) or not home.is_plain(number):
        return None
    return f"+{home.code}{number}"


class _Plan(NamedTuple):
    """A country code, the lengths of the numbers after it, and the prefixes to remove from them."""

    code: str
    lengths: frozenset[int]
    prefixes: tuple[re.Pattern[str], ...]

    def is_plain(self, national: str) -> bool:
        """Return whether a number has a possible length, and nothing is to be removed from it."""
        is_possible = len(national) in self.lengths and national[0] != "0"
        return is_possible and not any(prefix.match(national) for prefix in self.prefixes)


@lru_cache(maxsize=1000)
def _plan(digits: str) -> _Plan | None:
    """Return the plan of an international number by its first three digits; None if it has none."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, region_code_for_country_code

    for length in (1, 2, 3):
        code = int(digits[:length])
        if code in COUNTRY_CODE_TO_REGION_CODE:
            region = region_code_for_country_code(code)
            return _plan_of(PhoneMetadata.metadata_for_region_or_calling_code(code, region))
    return None


@lru_cache(maxsize=300)
def _home_plan(country: str) -> _Plan | None:
    """Return the plan of the numbers of a country; None for a country without its own plan."""
    from phonenumbers import PhoneMetadata, region_code_for_country_code

    home = PhoneMetadata.metadata_for_region(country)
    if home is None or home.country_code is None or region_code_for_country_code(home.country_code) != country:
        return None
    plan = _plan_of(home)
    international = re.compile(home.international_prefix) if home.international_prefix else None
    return plan and plan._replace(prefixes=(*plan.prefixes, *([international] if international else [])))


def _plan_of(home: "PhoneMetadata | None") -> _Plan | None:
    if home is None or home.general_desc is None:
        return None
    prefix = home.national_prefix_for_parsing
    lengths = frozenset(home.general_desc.possible_length)
    return _Plan(str(home.country_code), lengths, (re.compile(prefix),) if prefix else ())


def search_prefixes(text: str, country: str | None) -> tuple[str, ...]:
    """Return the E.164 prefixes that typed first digits may mean.

    `911 22` means +91122…, or in Spain +3491122…: both are searched, because a plus sign may get
    lost in a URL. `00` means plus.
    """
    digits = "".join(char for char in text if char.isdigit())
    if text.strip().startswith("+") or digits.startswith("00"):
        return (f"+{digits.removeprefix('00')}",)
    from phonenumbers import PhoneMetadata

    home = PhoneMetadata.metadata_for_region(country) if country else None
    national = (f"+{home.country_code}{digits.removeprefix(home.national_prefix or '')}",) if home else ()
    return (f"+{digits}", *national)
