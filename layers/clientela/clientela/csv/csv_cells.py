"""Cells that a spreadsheet takes for text, and the way back.

Excel, LibreOffice and Google Sheets run a cell that begins with one of these as a formula, whatever the quotes around
it: a customer who signs up as `=cmd…@b.com` would run on the merchant's machine. Such a cell gets an apostrophe in
front, as spreadsheets themselves mark text.
Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

import re

DANGEROUS = "=+-@\t\r\n\x00＝＋－＠"  # noqa: RUF001 - the full-width twins are meant: Excel reads them as their ASCII ones

# A text that looks escaped already gets one more apostrophe: so the way back is exact for every text.
_TO_ESCAPE = re.compile(rf"'*[{re.escape(DANGEROUS)}]")
_SUSPECT = frozenset(DANGEROUS + "'")
_ESCAPED = re.compile(rf"'+[{re.escape(DANGEROUS)}]")


def escape(text: str) -> str:
    """The text as a cell that no spreadsheet runs: `=1+1` → `'=1+1`, `'=1+1` → `''=1+1`, `ana` → `ana`."""
    # The first character decides nearly always: an export asks this for each of its cells.
    return "'" + text if text and text[0] in _SUSPECT and _TO_ESCAPE.match(text) else text


def unescape(cell: str) -> str:
    """The text of a cell: undoes `escaped`, and the apostrophe that Excel's users put before phone numbers."""
    return cell[1:] if _ESCAPED.match(cell) else cell
