"""Writes schema/language_codes.json: subtags of BCP 47 tags, with replacements for deprecated ones.

Run: python -m tools.language_codes

The source is Unicode's CLDR in Babel (a development dependency), which follows IANA's registry of
language subtags: languages with an English name in CLDR, scripts, and regions by ISO 3166-1 and UN
M.49. The value of a subtag is its replacement, or null.
"""

import json
from pathlib import Path

from babel import Locale
from babel.core import get_global

NOT_LANGUAGES = {"und", "mul", "mis", "zxx", "root"}
NOT_SCRIPTS = {"Zxxx", "Zyyy", "Zzzz", "Zinh", "Zmth", "Zsym"}
NOT_REGIONS = {"EZ", "QO", "XA", "XB", "ZZ"}

type Codes = dict[str, str | None]


def language_codes() -> dict[str, Codes]:
    """Return the subtags by kind, each with its replacement or None."""
    english = Locale("en")
    return {
        "languages": _codes(english.languages, _language_replacements(), NOT_LANGUAGES, (2, 3)),
        "scripts": _codes(english.scripts, {}, NOT_SCRIPTS, (4,)),
        "regions": _codes(english.territories, _region_replacements(), NOT_REGIONS, (2, 3)),
    }


def _codes(codes: object, replacements: dict[str, str], excluded: set[str], lengths: tuple[int, ...]) -> Codes:
    names = {str(code) for code in codes if len(code) in lengths} - excluded  # type: ignore[attr-defined]
    current: Codes = dict.fromkeys(names - replacements.keys())
    deprecated = {old: new for old, new in replacements.items() if new in current}
    return dict(sorted((current | deprecated).items()))


def _language_replacements() -> dict[str, str]:
    """Return `iw` → `he`, `spa` → `es`.

    For `sh`, Serbian in Latin letters, only the language is used.
    """
    return {old: new.split("_")[0] for old, new in get_global("language_aliases").items() if len(old) in (2, 3)}


def _region_replacements() -> dict[str, str]:
    """Return `UK` → `GB`, `840` → `US`. For a country that split up, use the first successor.

    Three-letter codes are not valid regions of tags.
    """
    return {old: new[0] for old, new in get_global("territory_aliases").items() if len(old) == 2 or old.isdigit()}


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "layers/clientela/clientela/schema/language_codes.json"
    codes = language_codes()
    target.write_text(json.dumps(codes, indent=0) + "\n")
    print({kind: len(found) for kind, found in codes.items()}, "in", target.name)  # noqa: T201
