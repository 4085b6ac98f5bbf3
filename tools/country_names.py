"""Writes schema/country_names.json: country names in the product's languages with their codes.

Run: python -m tools.country_names

The sources are Unicode's CLDR in Babel (a development dependency: its 30 MB are too much for a
function), CLDR's alpha-3 aliases, and common spellings, listed below. Codes are ISO 3166-1 alpha-2.
"""

import json
from pathlib import Path

from babel import Locale
from babel.core import get_global

from clientela.schema.text import fold_for_search

LANGUAGES = ("en", "es", "it", "fr", "de", "pt", "pt_PT")
NOT_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}
SPELLINGS = {
    "USA": "US", "U.S.A.": "US", "U.S.": "US", "United States of America": "US", "America": "US",
    "UK": "GB", "U.K.": "GB", "Great Britain": "GB", "England": "GB", "Scotland": "GB", "Wales": "GB", "Northern Ireland": "GB",
    "Inglaterra": "GB", "Inghilterra": "GB", "Angleterre": "GB", "Gran Bretaña": "GB", "Gran Bretagna": "GB",
    "Grande-Bretagne": "GB",
    "Großbritannien": "GB", "Grã-Bretanha": "GB", "EE. UU.": "US", "EEUU": "US", "EUA": "US",
    "Czech Republic": "CZ", "República Checa": "CZ", "Repubblica Ceca": "CZ", "République tchèque": "CZ",
    "Tschechische Republik": "CZ", "Slovak Republic": "SK", "Holland": "NL", "Holanda": "NL", "Olanda": "NL", "Hollande": "NL",
    "The Netherlands": "NL", "Russia": "RU", "Russian Federation": "RU", "South Korea": "KR", "Republic of Korea": "KR",
    "Korea": "KR",
    "Viet Nam": "VN", "Turkey": "TR", "Burma": "MM", "Ivory Coast": "CI", "Cape Verde": "CV", "Swaziland": "SZ",
    "Macedonia": "MK", "Republic of Ireland": "IE", "Eire": "IE", "Iran, Islamic Republic of": "IR", "Moldova, Republic of": "MD",
    "Tanzania, United Republic of": "TZ", "Venezuela, Bolivarian Republic of": "VE", "Bolivia, Plurinational State of": "BO",
    "Syrian Arab Republic": "SY", "Lao People's Democratic Republic": "LA", "Taiwan, Province of China": "TW", "Hong Kong": "HK",
    "Macao": "MO", "Macau": "MO", "Vatican": "VA", "Palestine": "PS", "Bosnia": "BA", "Deutschland": "DE", "España": "ES",
    "BRD": "DE", "Schweiz": "CH", "Suisse": "CH", "Svizzera": "CH", "Österreich": "AT", "Brasil": "BR", "Italia": "IT",
}  # fmt: skip


def country_names() -> dict[str, str]:
    """Return folded names with their codes. If two languages disagree, English wins."""
    codes = {code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha()} - NOT_COUNTRIES
    names: dict[str, str] = {}
    for language in reversed(LANGUAGES):
        territories = Locale.parse(language).territories
        names |= {fold_for_search(territories[code]): code for code in codes if code in territories}
    aliases = get_global("territory_aliases").items()
    names |= {fold_for_search(three): two[0] for three, two in aliases if len(three) == 3 and three.isalpha()}
    names |= {fold_for_search(spelling): code for spelling, code in SPELLINGS.items()}
    names |= {code.lower(): code for code in codes}
    return {name: code for name, code in sorted(names.items()) if code in codes}


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "layers/clientela/clientela/schema/country_names.json"
    target.write_text(json.dumps(country_names(), ensure_ascii=False, indent=0) + "\n")
    print(f"{len(country_names())} names in {target.name}")  # noqa: T201
