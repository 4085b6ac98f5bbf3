"""Writes schema/locale_formats.json: how the languages of the mails write numbers, money and time.

Run: python -m tools.locale_formats

The source is Unicode's CLDR in Babel (a development dependency: its 30 MB are too much for a
function). Of each language only what `schema.locale_formats` uses is kept. English is that of
Britain, because 3/4 is another day in America than elsewhere; Portuguese is that of Portugal, as in
the texts of the mails.
"""

import json
import re
from pathlib import Path
from typing import Any

from babel import Locale
from babel.numbers import get_currency_symbol

LOCALES = {"en": "en_GB", "es": "es_ES", "it": "it_IT", "fr": "fr_FR", "de": "de_DE", "pt": "pt_PT"}
MINIMUM_GROUPING_DIGITS = {"es": 2, "pt": 2}  # CLDR's minimumGroupingDigits, which Babel lacks: 1234, but 12 345
TARGET = Path(__file__).parent.parent / "layers/clientela/clientela/schema/locale_formats.json"
_CURRENCIES = TARGET.with_name("currency_codes.json")


def locale_formats() -> dict[str, dict[str, Any]]:
    """Return the formats by language."""
    return {language: _formats(Locale.parse(name)) for language, name in LOCALES.items()}


def _formats(locale: Locale) -> dict[str, Any]:
    symbols = locale.number_symbols["latn"]
    pattern = locale.currency_formats["standard"].pattern.split(";")[0]
    codes = json.loads(_CURRENCIES.read_text("utf-8"))
    return {
        "one": [number for number in range(100) if locale.plural_form(number) == "one"],
        "millions": locale.plural_form(1_000_000),
        "decimal": symbols["decimal"],
        "group": symbols["group"],
        "min_grouping": MINIMUM_GROUPING_DIGITS.get(locale.language, 1),
        "amount_first": pattern.index("0") < pattern.index("¤"),
        "date": _template(locale.date_formats["long"].pattern),
        "day": _template(locale.date_formats["full"].pattern),
        "months": [locale.months["format"]["wide"][month] for month in range(1, 13)],
        "weekdays": [locale.days["format"]["wide"][day] for day in range(7)],
        "countries": {
            code: name
            for code, name in sorted(locale.territories.items())
            if len(code) == 2 and code not in {"ZZ", "EU"}
        },
        "symbols": {code: symbol for code in codes if (symbol := get_currency_symbol(code, locale)) != code},
    }


def _template(pattern: str) -> str:
    """Return a pattern of CLDR for `str.format`: `d 'de' MMMM` → `{day} de {month}`."""
    names = {"EEEE": "{weekday}", "MMMM": "{month}", "d": "{day}", "y": "{year}"}
    return re.sub("EEEE|MMMM|d|y|'([^']*)'", lambda match: names.get(match[0], match[1] or ""), pattern)


def text() -> str:
    """Return the file."""
    return json.dumps(locale_formats(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), "utf-8")
    print(f"{len(text())} characters in {TARGET.name}")  # noqa: T201
