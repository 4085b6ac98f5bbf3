"""Phone numbers in E.164."""

import re
from functools import lru_cache
from typing import NamedTuple

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberParseException,
    PhoneMetadata,
    PhoneNumberFormat,
    format_number,
    is_possible_number,
    parse,
    region_code_for_country_code,
)

from clientela.sentences import Sentence


def to_e164(text: str, country: str | None) -> str:
    """Return a typed phone number in E.164: `+34 911 222 333` → `+34911222333`.

    A number without a country code is read as a number of `country` (alpha-2). Only the length is
    checked (libphonenumber's "possible"), because numbering plans change faster than any list of
    them.

    Raises:
        ValueError: the text is no phone number.
    """
    if usual := _usual(text):
        return usual
    try:
        number = parse(text, country)
    except NumberParseException as error:
        alone = "“{text}” is not a phone number. Write it like +34911222333."
        without_country = "“{text}” is not a phone number. Write it like +34911222333, or give a country."
        raise ValueError(Sentence(alone if country else without_country, text=text)) from error
    if not is_possible_number(number):
        raise ValueError(Sentence("“{text}” is not a phone number: it has too few or too many digits.", text=text))
    return format_number(number, PhoneNumberFormat.E164)


_INTERNATIONAL = re.compile(r"\+[1-9](?:[ .-]?\d){6,14}")
_SEPARATORS = str.maketrans("", "", " .-")


@lru_cache(maxsize=256)  # a row and its customer are checked one after the other
def _usual(text: str) -> str | None:
    """Return the E.164 of a number with its country code and no national prefix, else None.

    It is what libphonenumber returns, in a twentieth of the time.
    """
    if not text.isascii() or not _INTERNATIONAL.fullmatch(text):
        return None
    number = text.translate(_SEPARATORS)
    plan = _plan(number[1:4])
    if plan is None:
        return None
    national = number[1 + plan.code_length :]
    is_plain = national[0] != "0" and len(national) in plan.lengths
    return number if is_plain and not (plan.prefix and plan.prefix.match(national)) else None


class _Plan(NamedTuple):
    """What a country code says of the number after it: its lengths, and prefixes to remove."""

    code_length: int
    lengths: frozenset[int]
    prefix: re.Pattern[str] | None


@lru_cache(maxsize=1000)
def _plan(digits: str) -> _Plan | None:
    """Return the plan of a number that begins with these three digits; None if it has none."""
    for length in (1, 2, 3):
        code = int(digits[:length])
        if code in COUNTRY_CODE_TO_REGION_CODE:
            region = region_code_for_country_code(code)
            home = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
            if home is None or home.general_desc is None:
                return None
            prefix = home.national_prefix_for_parsing
            return _Plan(length, frozenset(home.general_desc.possible_length), re.compile(prefix) if prefix else None)
    return None


def search_prefixes(text: str, country: str | None) -> tuple[str, ...]:
    """Return the E.164 prefixes that typed first digits may mean.

    `911 22` means +91122…, or in Spain +3491122…: both are searched, because a plus sign may get
    lost in a URL. `00` means plus.
    """
    digits = "".join(char for char in text if char.isdigit())
    if text.strip().startswith("+") or digits.startswith("00"):
        return (f"+{digits.removeprefix('00')}",)
    home = PhoneMetadata.metadata_for_region(country) if country else None
    national = (f"+{home.country_code}{digits.removeprefix(home.national_prefix or '')}",) if home else ()
    return (f"+{digits}", *national)
