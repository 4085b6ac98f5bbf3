"""Writes schema/country_names.json: country names in the product's languages with their codes.

Run: python -m tools.country_names

The sources are Unicode's CLDR in Babel (a development dependency: its 30 MB are too much for a
function) in the languages below and in the official languages of each country, CLDR's alpha-3
aliases, and the spellings of tools/country_spellings.py. Codes are ISO 3166-1 alpha-2.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from babel import Locale
from babel.core import get_global
from babel.languages import get_official_languages
from babel.localedata import locale_identifiers

from clientela.schema.text import fold_for_search
from tools.country_spellings import SPELLINGS

LANGUAGES = ("en", "es", "it", "fr", "de", "pt", "pt_PT")
# Of the neighbours, for files that come from there.
MORE_LANGUAGES = (
    "en_GB", "en_AU", "es_MX", "es_AR", "fr_CA", "fr_CH", "de_AT", "de_CH", "it_CH", "pt_AO", "ca", "gl", "eu", "nl",
    "pl", "cs", "sk", "hu", "ro", "sv", "da", "nb", "nn", "fi", "et", "lv", "lt", "sl", "hr", "sr", "bs", "mk", "sq",
    "bg", "el", "tr", "uk", "be", "ru", "is", "ga", "mt", "ja", "zh", "ko", "ar", "he",
)  # fmt: skip
_AVAILABLE = set(locale_identifiers())
NOT_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}


def country_names() -> dict[str, str]:
    """Return folded names with their codes. If two languages disagree, English wins."""
    known = codes()
    names = _unambiguous(known)
    for language in reversed(LANGUAGES):
        names |= {fold_for_search(name): code for code, name in _territories(language, known)}
    aliases = get_global("territory_aliases").items()
    names |= {fold_for_search(three): two[0] for three, two in aliases if len(three) == 3 and three.isalpha()}
    names |= {fold_for_search(spelling): code for spelling, code in SPELLINGS.items()}
    names |= {code.lower(): code for code in known}
    return {name: code for name, code in sorted(names.items()) if code in known}


def codes() -> set[str]:
    """Return the alpha-2 codes of countries."""
    return {code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha()} - NOT_COUNTRIES


def _unambiguous(known: set[str]) -> dict[str, str]:
    """Return the names in other languages, without those that mean two countries."""
    found: dict[str, set[str]] = {}
    for language in MORE_LANGUAGES:
        for code, name in _territories(language, known):
            found.setdefault(fold_for_search(name), set()).add(code)
    for code in known:
        for language in get_official_languages(code, regional=True, de_facto=True):
            if language in _AVAILABLE and code in (territories := Locale.parse(language).territories):
                found.setdefault(fold_for_search(territories[code]), set()).add(code)
    return {name: of.pop() for name, of in found.items() if len(of) == 1}


def _territories(language: str, known: set[str]) -> Iterator[tuple[str, str]]:
    territories = Locale.parse(language).territories
    return ((code, territories[code]) for code in sorted(known) if code in territories)


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "layers/clientela/clientela/schema/country_names.json"
    target.write_text(json.dumps(country_names(), ensure_ascii=False, indent=0) + "\n")
    print(f"{len(country_names())} names in {target.name}")  # noqa: T201
