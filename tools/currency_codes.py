"""Writes layers/clientela/clientela/schema/currency_codes.json: the ISO 4217 codes that a price can be in.

From Unicode's CLDR as packaged by Babel (a development dependency): what is in use somewhere, and what was since 2000,
for orders of that time. Not what ISO numbers beside money: metals, funds of banks, codes for tests and for none.
Run: python -m tools.currency_codes
"""

import datetime as dt
import json
from pathlib import Path

from babel.core import get_global

SINCE = dt.date(2000, 1, 1)
NO_MONEY = {"XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XFO", "XFU", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"}
NO_CODES_OF_ISO = {"CNH", "LSM"}


def currency_codes() -> list[str]:
    """The codes in alphabetical order."""
    uses = [use for of_territory in get_global("territory_currencies").values() for use in of_territory]
    used = {str(code) for code, _, end, _ in uses if end is None or dt.date(*end) >= SINCE}
    return sorted(used - NO_MONEY - NO_CODES_OF_ISO)


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "layers/clientela/clientela/schema/currency_codes.json"
    target.write_text(json.dumps(currency_codes(), indent=0) + "\n")
    print(f"{len(currency_codes())} codes in {target.name}")  # noqa: T201
