r"""Cells that spreadsheets do not run as formulas: escape and unescape.

Excel, LibreOffice and Google Sheets run a cell that begins with one of these characters as a
formula, even in quotes: a customer who signs up as `=cmd…@b.com` would run code on the merchant's
machine. Such a cell gets an apostrophe in front, which spreadsheets themselves use to mark text.
Source: https://owasp.org/www-community/attacks/CSV_Injection

Where Excel separates cells by `;` (es, fr, de, it, pt), it reads `ana,"x;=1"` as `ana,"x` and
`=1"`, and a line break in a cell begins a row. So a cell may begin at the start of the text and
after every separator or line break.
"""

import re

from clientela.schema.text import trim

DANGEROUS = "=+-@\t\r\n\x00＝＋－＠"  # noqa: RUF001 - the full-width twins are meant: Excel reads them as their ASCII ones

_SEPARATORS = ",;|\t\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029，；｜"  # noqa: RUF001 - as above
# Spreadsheets may drop these in front of a formula: white space, invisible characters, quotes.
_SKIPPED = '" \x01-\x08\x0e-\x1b\x1f\x7f\xa0\u1680\u180e\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff'
_START = rf"(?<![^{_SEPARATORS}])[{_SKIPPED}]*"
_FORMULA = "[" + re.escape(DANGEROUS.translate({10: None, 13: None})) + "]"

_SUSPECT = re.compile(f"[{re.escape(DANGEROUS)}]")
# A text that looks escaped gets one more apostrophe, so that unescape restores every text exactly.
_TO_ESCAPE = re.compile(rf"{_START}'*(?={_FORMULA})|\A[{_SKIPPED}]*'*(?=[\r\n])")
_ESCAPED = re.compile(rf"({_START})'(?='*{_FORMULA})|\A([{_SKIPPED}]*)'(?='*[\r\n])")


# What other programs write into an empty cell: databases, pandas, spreadsheets.
_NONE = frozenset(
    (
        "NULL",
        "null",
        "(null)",
        "(NULL)",
        "\\N",
        "N/A",
        "n/a",
        "#N/A",
        "#N/D",
        "#NV",
        "NaN",
        "nan",
        "-",
        "--",
        "\u2013",
        "\u2014",
    )
)
_FORMULA_TEXT = re.compile(r'="((?:[^"]|"")*)"')


def read(cell: str) -> str:
    """Return the text of a cell of any program: `="0123"` → `0123`, `NULL` → nothing."""
    text = trim(cell)
    if text in _NONE:
        return ""
    if text.startswith('="') and (match := _FORMULA_TEXT.fullmatch(text)):
        return trim(match[1].replace('""', '"'))
    return trim(unescape(cell))


def escape(text: str) -> str:
    """Return the text as a safe cell: `=1+1` → `'=1+1`, `'=1` → `''=1`, `a;=1` → `a;'=1`."""
    # Most cells have none of these characters, which is fast: an export calls this for every cell.
    return _TO_ESCAPE.sub(r"\g<0>'", text) if _SUSPECT.search(text) else text


def unescape(cell: str) -> str:
    """Return the text of a cell without the apostrophes of `escape`.

    It also removes the apostrophe that users of Excel write before phone numbers.
    """
    return _ESCAPED.sub(r"\1\2", cell) if "'" in cell else cell
