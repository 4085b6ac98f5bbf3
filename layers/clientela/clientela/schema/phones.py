"""Phone numbers in E.164."""

from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumberFormat,
    format_number,
    is_possible_number,
    parse,
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
    try:
        number = parse(text, country)
    except NumberParseException as error:
        alone = "“{text}” is not a phone number. Write it like +34911222333."
        without_country = "“{text}” is not a phone number. Write it like +34911222333, or give a country."
        raise ValueError(Sentence(alone if country else without_country, text=text)) from error
    if not is_possible_number(number):
        raise ValueError(Sentence("“{text}” is not a phone number: it has too few or too many digits.", text=text))
    return format_number(number, PhoneNumberFormat.E164)


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
