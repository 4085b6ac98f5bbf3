"""Writes schema/currency_codes.json: the ISO 4217 codes for prices.

Run: python -m tools.currency_codes

The source is Unicode's CLDR in Babel (a development dependency): currencies in use today, and those
used since 2000, for old orders. ISO's codes for metals, bank funds, tests and "no currency" are
left out.
"""

import datetime as dt
import json
from pathlib import Path

from babel.core import get_global

SINCE = dt.date(2000, 1, 1)
NOT_MONEY = {"XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XFO", "XFU", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"}
NOT_ISO = {"CNH", "LSM"}


def currency_codes() -> list[str]:
    """Return the codes in alphabetical order."""
    uses = [use for territory in get_global("territory_currencies").values() for use in territory]
    used = {str(code) for code, _, end, _ in uses if end is None or dt.date(*end) >= SINCE}
    return sorted(used - NOT_MONEY - NOT_ISO)


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "layers/clientela/clientela/schema/currency_codes.json"
    target.write_text(json.dumps(currency_codes(), indent=0) + "\n")
    print(f"{len(currency_codes())} codes in {target.name}")  # noqa: T201
