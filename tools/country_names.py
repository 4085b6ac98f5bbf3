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
    # ISO 3166-1 and WooCommerce, as far as words in another order do not find them.
    "UAE": "AE", "U.A.E.": "AE", "Emirates": "AE", "Belau": "PW", "Congo (Brazzaville)": "CG", "Congo (Kinshasa)": "CD",
    "Congo": "CG", "Republic of the Congo": "CG", "Congo, Democratic Republic of the": "CD", "DRC": "CD",
    "Korea, Democratic People's Republic of": "KP", "Brunei Darussalam": "BN", "Cabo Verde": "CV", "Timor-Leste": "TL",
    "East Timor": "TL", "Holy See": "VA", "Holy See (Vatican City State)": "VA", "Falkland Islands (Malvinas)": "FK",
    "Micronesia, Federated States of": "FM", "Palestine, State of": "PS", "Palestinian Territory, Occupied": "PS",
    "Macedonia, the former Yugoslav Republic of": "MK", "Republic of North Macedonia": "MK", "Czechia": "CZ",
    "Saint Helena, Ascension and Tristan da Cunha": "SH", "Saint Martin (French part)": "MF", "Sint Maarten (Dutch part)": "SX",
    "Saint Martin (Dutch part)": "SX", "Bonaire, Saint Eustatius and Saba": "BQ", "Bonaire, Sint Eustatius and Saba": "BQ",
    "South Georgia/Sandwich Islands": "GS", "Pitcairn": "PN", "Virgin Islands (British)": "VG", "Virgin Islands (US)": "VI",
    "Virgin Islands, British": "VG", "Virgin Islands, U.S.": "VI", "United States (US) Virgin Islands": "VI",
    "United States (US) Minor Outlying Islands": "UM", "Hong Kong SAR": "HK", "Reunion": "RE", "Curacao": "CW",
    "Libyan Arab Jamahiriya": "LY", "State of Libya": "LY", "Republic of Serbia": "RS", "Republic of Moldova": "MD",
    "United Kingdom of Great Britain and Northern Ireland": "GB", "Türkiye": "TR", "Republic of Türkiye": "TR",
    "Kingdom of Spain": "ES", "Reino de España": "ES", "Estados Unidos de América": "US", "Stati Uniti d'America": "US",
    "États-Unis d'Amérique": "US", "Vereinigte Staaten von Amerika": "US", "Estados Unidos da América": "US",
    "Paesi Bassi": "NL", "Bundesrepublik Deutschland": "DE", "Federal Republic of Germany": "DE", "French Republic": "FR",
    "República Dominicana": "DO", "Rep. Dominicana": "DO", "Kingdom of Saudi Arabia": "SA", "KSA": "SA", "PRC": "CN",
    "People's Republic of China": "CN", "Mainland China": "CN", "Republic of China": "TW",
    "Heard Island and McDonald Islands": "HM", "Palestinian Territory": "PS", "United States Minor Outlying Islands": "UM",
    "Lao": "LA", "Netherlands, Kingdom of the": "NL", "Saint Barthélemy": "BL", "Svalbard and Jan Mayen": "SJ",
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
