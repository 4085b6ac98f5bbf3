"""VAT IDs: their spelling and check digits, offline (python-stdnum). Whether one is registered is asked elsewhere (vies)."""

import unicodedata
from typing import Annotated

from pydantic import Field
from stdnum import get_cc_module
from stdnum.ch import uid
from stdnum.eu import vat as eu
from stdnum.exceptions import InvalidComponent, ValidationError
from stdnum.no import mva

from clientela.schema.documents import on_input

# EU and IM stand before the numbers of the EU's one-stop shops (Regulation (EU) 2019/2026).
_EU_RULES = {country.upper() for country in eu.MEMBER_STATES} | {"EL", "EU", "IM"}
_SWISS_ENDINGS = {"", "MWST", "TVA", "IVA", "TPV"}


def normalize(text: str) -> str:
    """A VAT ID in its one compact spelling, `es B-1234567 4` → `ESB12345674`. ValueError where its check digits are wrong.

    Of the EU, and of every other country that python-stdnum knows by a VAT number; the two letters of the country
    come first. Greece is EL, as in VIES. A Swiss number may go without its MWST, TVA, IVA or TPV; a Norwegian one is
    given its MVA. An ID of a country without rules here is taken as it is, in capitals and without spaces.
    """
    compact = _compact(text)
    try:
        spelled = _spelled(compact)
    except ValidationError as error:
        raise ValueError(f"{text!r} is not a valid VAT ID: {str(error).rstrip('.').lower()}") from error
    if not spelled.isascii() or not any(map(str.isdigit, spelled)):
        raise ValueError(f"{text!r} is not a VAT ID")
    return spelled


def _compact(text: str) -> str:
    """Capitals and digits, of any script as Latin ones where Unicode calls them the same."""
    capitals = unicodedata.normalize("NFKC", text).upper()
    digits = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in capitals)
    signs = "+*" if digits.lstrip().startswith("IE") else ""  # Irish numbers of old may hold one
    return "".join(char for char in digits if char.isalnum() or char in signs)


def _spelled(compact: str) -> str:
    country, rest = compact[:2], compact[2:]
    match country:
        case "GR":
            return str(eu.validate("EL" + rest))
        case "CH":
            return _swiss(compact)
        case "NO":
            return country + str(mva.validate(rest.removesuffix("MVA") + "MVA"))
        case "MC":  # companies of Monaco have French numbers
            return str(get_cc_module("mc", "vat").validate(rest))  # type: ignore[union-attr]
        case _ if country in _EU_RULES:
            return str(eu.validate(compact))
        case _:
            module = get_cc_module(country, "vat") if country.isalpha() else None
            return country + str(module.validate(rest)) if module else compact


def _swiss(compact: str) -> str:
    """`CHE107787577` or `CHE107787577MWST`: bills carry the ending, registers do not."""
    if compact[12:] not in _SWISS_ENDINGS:
        raise InvalidComponent
    return str(uid.validate(compact[:12])) + compact[12:]


VatId = Annotated[str, Field(max_length=32, examples=["ESB12345674"]), on_input(normalize)]
