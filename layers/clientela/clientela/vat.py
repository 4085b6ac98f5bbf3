"""VAT IDs: their spelling and check digits, offline (python-stdnum). Whether one is registered is asked elsewhere."""

from typing import Annotated

from pydantic import Field
from stdnum import get_cc_module
from stdnum.eu import vat as eu
from stdnum.exceptions import ValidationError

from clientela.documents import checked


def number(text: str) -> str:
    """A VAT ID in its compact spelling, `es B-1234567 4` → `ESB12345674`. ValueError where its check digits are wrong.

    Of the EU, and of every other country that python-stdnum knows by a VAT number; the two letters of the country
    come first. An ID of a country without rules here is taken as it is, in capitals and without spaces.
    """
    compact = "".join(char for char in text.upper() if char.isalnum())
    country = compact[:2].lower()
    try:
        if country in eu.MEMBER_STATES or country in {"el", "xi"}:
            return str(eu.validate(compact))
        module = get_cc_module(country, "vat")
        return (compact[:2] + str(module.validate(compact.removeprefix(compact[:2])))) if module else compact
    except ValidationError as error:
        raise ValueError(f"{text!r} is not a valid VAT ID: {error.message.rstrip('.').lower()}") from error


VatId = Annotated[str, Field(max_length=32, examples=["ESB12345674"]), checked(number)]
