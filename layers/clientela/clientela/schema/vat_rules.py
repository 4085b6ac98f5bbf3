"""The rules of VAT IDs, used by `vat_ids`: spelling and check digits, offline (python-stdnum)."""

import contextlib
import unicodedata
from collections.abc import Iterable

from stdnum import get_cc_module
from stdnum.ch import uid
from stdnum.eu import vat as eu
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidLength, ValidationError
from stdnum.fr import siren, siret
from stdnum.it import codicefiscale
from stdnum.no import mva

from clientela.schema import countries
from clientela.schema.vat_ids import MAX_LENGTH
from clientela.sentences import Sentence

# EU and IM are the prefixes of the EU's one-stop shops (Regulation (EU) 2019/2026).
_EU_RULES = {country.upper() for country in eu.MEMBER_STATES} | {"EL", "EU", "IM"}
_NOT_A_VAT_ID = "“{text}” is not a VAT ID."
_PROBLEMS: dict[type[ValidationError], str] = {
    InvalidChecksum: "“{text}” is not a valid VAT ID: its check digits are wrong.",
    InvalidLength: "“{text}” is not a valid VAT ID: it has too few or too many characters.",
}
CODICE_FISCALE = 16  # characters; an Italian VAT number has eleven
_SWISS_ENDINGS = {"", "MWST", "TVA", "IVA", "TPV"}

# What people write before a number, as `_compact` returns it, and the countries that call it so.
_LABELS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("NIF", "NIFIVA"), ("ES", "PT")),
    **dict.fromkeys(("NIE", "DNI"), ("ES",)),
    "CIF": ("ES", "RO"),
    **dict.fromkeys(("NIPC", "CONTRIBUINTE"), ("PT",)),
    **dict.fromkeys(("PIVA", "PARTITAIVA", "CF", "CODFISC", "CODFISCALE", "CODICEFISCALE"), ("IT",)),
    **dict.fromkeys(("UST", "USTID", "USTIDNR", "USTIDNO", "USTIDNUMMER"), ("DE",)),
    **dict.fromkeys(("UID", "UIDNR", "UIDNUMMER"), ("AT", "CH")),
    **dict.fromkeys(("MWST", "MWSTNR", "MWSTNUMMER"), ("CH", "DE", "LI")),
    **dict.fromkeys(("TVA", "TVAINTRA", "TVAINTRACOM", "NTVA", "NOTVA", "NODETVA", "NDETVA"), ("FR", "BE", "LU", "CH")),
    **dict.fromkeys(("SIREN", "SIRET"), ("FR",)),
    **dict.fromkeys(("BTW", "BTWNR", "BTWNUMMER", "BTWID"), ("NL", "BE")),
    **dict.fromkeys(("VAT", "VATID", "VATNO", "VATNR", "VATNUMBER", "VATREGNO", "VATREGNUMBER"), ()),
}
_MAX_LABEL = max(map(len, _LABELS))


def normalize(text: str, country: str | None = None) -> str:
    """Return a VAT ID in its compact spelling — ValueError. See `vat_ids.normalize`."""
    compact = _compact(text)
    try:
        vat_id = _without_label(compact, country) or _read(compact, country)
        if len(vat_id) > MAX_LENGTH:
            raise InvalidLength
    except ValidationError as error:
        raise ValueError(Sentence(_PROBLEMS.get(type(error), _NOT_A_VAT_ID), text=text)) from error
    if not vat_id.isascii() or not any(map(str.isdigit, vat_id)):
        raise ValueError(Sentence(_NOT_A_VAT_ID, text=text))
    return vat_id


def search_spellings(text: str, possible_countries: Iterable[str | None]) -> list[str]:
    """Return the compact spellings that a typed VAT ID may have. See `vat_ids`."""
    found = {_compact(text): None}
    for country in possible_countries:
        with contextlib.suppress(ValueError):
            found[normalize(text, country)] = None
    return list(found)


def _compact(text: str) -> str:
    """Return capitals and digits only; digits of other scripts become ASCII digits."""
    capitals = unicodedata.normalize("NFKC", text).upper()
    ascii_digits = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in capitals)
    signs = "+*" if ascii_digits.lstrip().startswith("IE") else ""  # in old Irish numbers
    return "".join(char for char in ascii_digits if char.isalnum() or char in signs)


def _without_label(compact: str, country: str | None) -> str | None:
    """Return the ID behind a label, or None without a label or without a valid ID behind it."""
    for length in range(min(_MAX_LABEL, len(compact) - 1), 1, -1):
        label, number = compact[:length], compact[length:]
        if label not in _LABELS:
            continue
        is_own = country in _LABELS[label] or not _LABELS[label]
        for each in (*([country] if country and is_own else []), *_LABELS[label], None):
            with contextlib.suppress(ValidationError):
                if found := _validate_of(number, each):
                    return found
    return None


def _validate_of(number: str, country: str | None) -> str | None:
    """Return the ID by the rules of its prefix, without one by those of the country, or None."""
    if _has_rules(number[:2]):
        with contextlib.suppress(ValidationError):
            return _validate(number)
    return _national(number, country) if country else None


def _read(compact: str, country: str | None) -> str:
    """Return the ID as it is if it has a prefix with rules, else as a number of the country."""
    if country is None or _has_rules(compact[:2]):
        try:
            return _validate(compact)
        except ValidationError:
            if country is None or (national := _national(compact, country)) is None:
                raise
            return national
    is_foreign = _is_country(compact[:2])  # one without rules
    try:
        return _national(compact, country) or compact
    except ValidationError:
        if is_foreign:
            return compact
        raise


def _is_country(prefix: str) -> bool:
    try:
        return countries.code(prefix) == prefix
    except ValueError:
        return False


def _has_rules(prefix: str) -> bool:
    is_special = prefix in _EU_RULES | {"GR", "CH", "NO", "MC"}
    return is_special or (prefix.isalpha() and get_cc_module(prefix, "vat") is not None)


def _national(compact: str, country: str) -> str | None:
    """Return the ID of a national number, or None if there are no rules for the country."""
    if not _has_rules(country):
        return None
    if country in {"FR", "MC"} and compact.isdecimal() and len(compact) in {9, 14}:
        company = siret.validate(compact)[:9] if len(compact) == 14 else compact
        return _validate("FR" + str(siren.to_tva(company)))
    match country, len(compact):
        case "SE", 10:  # organisationsnummer
            compact += "01"
        case "HU", 11:  # adószám: the VAT number, the kind of taxation, the county
            compact = compact[:8]
        case "JP", 14:  # registration number of a qualified invoice
            compact = compact.removeprefix("T")
    prefix = {"GR": "EL", "CH": "CHE"}.get(country, country)
    return _validate(prefix + compact)


def _validate(compact: str) -> str:
    country, rest = compact[:2], compact[2:]
    match country:
        case "IT" if len(rest) == CODICE_FISCALE:
            return country + str(codicefiscale.validate(rest))
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
