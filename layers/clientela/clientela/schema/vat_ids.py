"""VAT IDs: spelling and check digits, offline (python-stdnum). `vies` checks registration."""

import unicodedata
from typing import Annotated

from pydantic import Field
from stdnum import get_cc_module
from stdnum.ch import uid
from stdnum.eu import vat as eu
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidLength, ValidationError
from stdnum.no import mva

from clientela.schema.documents import on_input
from clientela.sentences import Sentence

# EU and IM are the prefixes of the EU's one-stop shops (Regulation (EU) 2019/2026).
_EU_RULES = {country.upper() for country in eu.MEMBER_STATES} | {"EL", "EU", "IM"}
_NOT_A_VAT_ID = "“{text}” is not a VAT ID."
_PROBLEMS: dict[type[ValidationError], str] = {
    InvalidChecksum: "“{text}” is not a valid VAT ID: its check digits are wrong.",
    InvalidLength: "“{text}” is not a valid VAT ID: it has too few or too many characters.",
}
_SWISS_ENDINGS = {"", "MWST", "TVA", "IVA", "TPV"}


def normalize(text: str) -> str:
    """Return a VAT ID in its compact spelling: `es B-1234567 4` → `ESB12345674`.

    A VAT ID starts with the two letters of its country; Greece is EL, as in VIES. The rules are
    those of the EU and of every other country for which python-stdnum has VAT numbers. A Swiss
    number may lack its MWST, TVA, IVA or TPV; a Norwegian number gets its MVA. An ID of any other
    country is only written in capitals and without spaces.

    Raises:
        ValueError: the check digits are wrong, or the text is no VAT ID.
    """
    compact = _compact(text)
    try:
        vat_id = _validate(compact)
    except ValidationError as error:
        raise ValueError(Sentence(_PROBLEMS.get(type(error), _NOT_A_VAT_ID), text=text)) from error
    if not vat_id.isascii() or not any(map(str.isdigit, vat_id)):
        raise ValueError(Sentence(_NOT_A_VAT_ID, text=text))
    return vat_id


def _compact(text: str) -> str:
    """Return capitals and digits only; digits of other scripts become ASCII digits."""
    capitals = unicodedata.normalize("NFKC", text).upper()
    ascii_digits = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in capitals)
    signs = "+*" if ascii_digits.lstrip().startswith("IE") else ""  # in old Irish numbers
    return "".join(char for char in ascii_digits if char.isalnum() or char in signs)


def _validate(compact: str) -> str:
    country, rest = compact[:2], compact[2:]
    match country:
        case "GR":
            return str(eu.validate("EL" + rest))
        case "CH":
            return _validate_swiss(compact)
        case "NO":
            return country + str(mva.validate(rest.removesuffix("MVA") + "MVA"))
        case "MC":  # companies in Monaco have French numbers
            return str(get_cc_module("mc", "vat").validate(rest))  # type: ignore[union-attr]
        case _ if country in _EU_RULES:
            return str(eu.validate(compact))
        case _:
            module = get_cc_module(country, "vat") if country.isalpha() else None
            return country + str(module.validate(rest)) if module else compact


def _validate_swiss(compact: str) -> str:
    """Validate `CHE107787577` or `CHE107787577MWST`: invoices have the ending, registers do not."""
    if compact[12:] not in _SWISS_ENDINGS:
        raise InvalidComponent
    return str(uid.validate(compact[:12])) + compact[12:]


VatId = Annotated[str, Field(max_length=32, examples=["ESB12345674"]), on_input(normalize)]
