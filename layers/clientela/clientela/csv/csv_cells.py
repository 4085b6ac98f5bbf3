"""Cells that spreadsheets do not run as formulas: escape and unescape.

Excel, LibreOffice and Google Sheets run a cell that begins with one of these characters as a
formula, even in quotes: a customer who signs up as `=cmd…@b.com` would run code on the merchant's
machine. Such a cell gets an apostrophe in front, which spreadsheets themselves use to mark text.
Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

import re

DANGEROUS = "=+-@\t\r\n\x00＝＋－＠"  # noqa: RUF001 - the full-width twins are meant: Excel reads them as their ASCII ones

# A text that looks escaped gets one more apostrophe, so that unescape restores every text exactly.
_TO_ESCAPE = re.compile(rf"'*[{re.escape(DANGEROUS)}]")
_SUSPECT = frozenset(DANGEROUS + "'")
_ESCAPED = re.compile(rf"'+[{re.escape(DANGEROUS)}]")


def escape(text: str) -> str:
    """Return the text as a safe cell: `=1+1` → `'=1+1`, `'=1+1` → `''=1+1`, `ana` → `ana`."""
    # The first character nearly always decides, which is fast: an export calls this for every cell.
    return "'" + text if text and text[0] in _SUSPECT and _TO_ESCAPE.match(text) else text


def unescape(cell: str) -> str:
    """Return the text of a cell without the apostrophe of `escape`.

    It also removes the apostrophe that users of Excel write before phone numbers.
    """
    return cell[1:] if _ESCAPED.match(cell) else cell
