"""Phone numbers in E.164."""

from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumberFormat,
    format_number,
    is_possible_number,
    parse,
)


def to_e164(text: str, country: str | None) -> str:
    """A number as people type it, in E.164: `+34 911 222 333` → `+34911222333`.

    A number without its country's prefix is read as one of `country` (alpha-2). ValueError where it cannot be a number:
    only its length is judged (libphonenumber's "possible"), since numbering plans change faster than any list of them.
    """
    try:
        number = parse(text, country)
    except NumberParseException as error:
        hint = "" if country else ", or give a country"
        raise ValueError(f"{text!r} is not a phone number: write it like +34911222333{hint}") from error
    if not is_possible_number(number):
        raise ValueError(f"{text!r} cannot be a phone number: it has too few or too many digits")
    return format_number(number, PhoneNumberFormat.E164)


def search_prefixes(text: str, country: str | None) -> tuple[str, ...]:
    """What numbers in E.164 begin with that somebody means who types their first digits.

    `911 22` is +91122…, or in Spain +3491122…; a plus sign is lost on its way in a URL, so both are meant. `00` is a plus.
    """
    digits = "".join(char for char in text if char.isdigit())
    if text.strip().startswith("+") or digits.startswith("00"):
        return (f"+{digits.removeprefix('00')}",)
    home = PhoneMetadata.metadata_for_region(country) if country else None
    national = (f"+{home.country_code}{digits.removeprefix(home.national_prefix or '')}",) if home else ()
    return (f"+{digits}", *national)
