"""Writes layers/clientela/clientela/schema/language_codes.json: parts of BCP 47 tags, deprecated ones with their heirs.

From Unicode's CLDR as packaged by Babel (a development dependency), which keeps up with IANA's registry of language
subtags: languages that CLDR has an English name for, scripts, and regions by ISO 3166-1 and UN M.49. A value is what to
write instead, or null. Run: python -m tools.language_codes
"""

import json
from pathlib import Path

from babel import Locale
from babel.core import get_global

NO_LANGUAGES = {"und", "mul", "mis", "zxx", "root"}
NO_SCRIPTS = {"Zxxx", "Zyyy", "Zzzz", "Zinh", "Zmth", "Zsym"}
NO_REGIONS = {"EZ", "QO", "XA", "XB", "ZZ"}

type Codes = dict[str, str | None]


def language_codes() -> dict[str, Codes]:
    """The parts of tags by their kind, each with its heir."""
    english = Locale("en")
    return {
        "languages": _codes(english.languages, _languages_heirs(), NO_LANGUAGES, (2, 3)),
        "scripts": _codes(english.scripts, {}, NO_SCRIPTS, (4,)),
        "regions": _codes(english.territories, _regions_heirs(), NO_REGIONS, (2, 3)),
    }


def _codes(known: object, heirs: dict[str, str], left_out: set[str], lengths: tuple[int, ...]) -> Codes:
    names = {str(code) for code in known if len(code) in lengths} - left_out  # type: ignore[attr-defined]
    living: Codes = dict.fromkeys(names - heirs.keys())
    return dict(sorted((living | {old: new for old, new in heirs.items() if new in living}).items()))


def _languages_heirs() -> dict[str, str]:
    """`iw` → `he`, `spa` → `es`; `sh` is Serbian in Latin letters, of which the language is kept."""
    return {old: new.split("_")[0] for old, new in get_global("language_aliases").items() if len(old) in (2, 3)}


def _regions_heirs() -> dict[str, str]:
    """`UK` → `GB`, `840` → `US`; of a country that fell apart the first heir. Letters by three are no regions of tags."""
    return {old: new[0] for old, new in get_global("territory_aliases").items() if len(old) == 2 or old.isdigit()}


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "layers/clientela/clientela/schema/language_codes.json"
    codes = language_codes()
    target.write_text(json.dumps(codes, indent=0) + "\n")
    print({kind: len(found) for kind, found in codes.items()}, "in", target.name)  # noqa: T201
