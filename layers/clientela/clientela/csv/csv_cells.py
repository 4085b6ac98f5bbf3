r"""Cells that spreadsheets do not run as formulas: escape and unescape.

Excel, LibreOffice and Google Sheets run a cell that begins with one of these characters as a
formula, even in quotes: a customer who signs up as `=cmd…@b.com` would run code on the merchant's
machine. Such a cell gets an apostrophe in front, which spreadsheets themselves use to mark text.
Source: https://owasp.org/www-community/attacks/CSV_Injection

Where Excel separates cells by `;` (es, fr, de, it, pt), it reads `ana,"x;=1"` as `ana,"x` and
`=1"`, and a line break in a cell begins a row. So a cell may begin at the start of the text and
after every separator or line break.

Three more kinds of text get an apostrophe, so that they come back as they were: those that the
import takes for an empty cell (`NULL`), in a text of several lines an address that would make the
line look like a row, and, where an export wants it, those that a spreadsheet turns into another
value (`08001`, `1-2`, `TRUE`).
"""

import re
from collections.abc import Callable

from clientela.csv import csv_dates
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
# Of a text of several lines: `csv_records` takes a line with an address in its place for a row. It
# may have apostrophes, because those that `escape` adds in it must not hide it from `unescape`.
_ADDRESS = r"[^@\s,;\"<>]+@[^@\s,;\"<>]+\.[^@\s,;\"<>]"
_TO_ESCAPE_LINES = re.compile(rf"{_START}'*(?={_FORMULA}|{_ADDRESS})|\A[{_SKIPPED}]*'*(?=[\r\n])")
_ESCAPED_LINES = re.compile(rf"({_START})'(?='*(?:{_FORMULA}|{_ADDRESS}))|\A([{_SKIPPED}]*)'(?='*[\r\n])")


# What other programs write into an empty cell: databases, pandas, spreadsheets.
_NONE = frozenset(
    (
        *("NULL", "null", "(null)", "(NULL)", "\\N", "N/A", "n/a", "#N/A", "#N/D", "#NV", "NaN", "nan"),
        *("-", "--", "\u2013", "\u2014"),
    )
)
_FORMULA_TEXT = re.compile(r'="((?:[^"]|"")*)"')

# Texts that Excel or LibreOffice turn into another number, time or truth value in some language. A
# number that stays as it is, such as 28013, is none of them.
_CURRENCY = r"(?:[$€£¥%]|EUR|USD|GBP|CHF|R\$)"
_CHANGED = re.compile(
    rf"(?:{_CURRENCY} ?)?\(?[.,]?\d[\d.,' \xa0\u202f]*+\)?(?: ?{_CURRENCY})?"  # 08001, 1.00, (5), 10 %
    r"|\d[\d.,]*+[eEdD][+-]?\d+"  # 1E5
    r"|\d{1,4} ?[-/.:] ?\d{1,4}(?: ?[-/.:] ?\d{1,4})?(?:[ T]+\d{1,2}(?::\d{1,2}){0,2}(?:[.,]\d+)?Z?)?(?: ?[apAP]\.?[mM]?\.?)?"
    r"|\d{1,2}(?::\d{1,2}){0,2} ?[apAP]\.?[mM]?\.?|\d+ +\d+/\d+"  # 5 pm, 1 1/2
)
_WITH_MONTH = re.compile(r"(?:\d{1,4}[-/. ]{0,2}(?:de )?)?([^\W\d]{3,10})\.?(?:[-/., ]{0,2}(?:del? )?\d{1,4}){0,2}")
_TRUTHS = frozenset(["true", "false", "verdadero", "falso", "vero", "vrai", "faux", "wahr", "falsch", "verdadeiro"])
_PLAIN_NUMBER = re.compile(r"[1-9]\d{0,10}|0")
_MAX_CHANGED = 60  # characters: a longer text is changed only if it has digits alone
# Faster, and true for more: numbers and signs, with one word before, between or after them. The
# first characters decide which alternative is tried.
_SIGNS = r"[\d.,:/()+\-' \xa0\u202f$€£¥%]*+"
_LETTERS = "adefgjmnosptuchrADEFGJMNOSPTUCHR"  # that begin months, currencies, exponents, am and pm
_WORD = rf"(?:del? )?(?:(?=[{_LETTERS}])[^\W\d]{{1,10}}+{_SIGNS})?(?:del? )?{_SIGNS}(?:Z|[mM]\.?)?"
_LIKE_CHANGED = (
    rf"(?:(?=[\d.,($€£¥%])(?!(?:[1-9]\d{{0,10}}|0)END|\d{{5,}}-){_SIGNS}{_WORD}"
    rf"|(?=[^\W\d])(?:(?=[{_LETTERS}])[^\W\d]{{1,10}}+[$\-/., (]{{0,3}}+(?:del? )?\d{_SIGNS}(?:del? )?{_SIGNS}(?:{_CURRENCY})?"
    rf"|(?=[tfvwTFVW])(?i:{'|'.join(sorted(_TRUTHS))})))"
)


def read(cell: str) -> str:
    """Return the text of a cell of any program: `="0123"` → `0123`, `NULL` → nothing."""
    text = trim(cell)
    if text in _NONE:
        return ""
    if text.startswith('="') and (match := _FORMULA_TEXT.fullmatch(text)):
        return trim(match[1].replace('""', '"'))
    return trim(unescape(cell))


def escape(text: str, *, mark: bool = False) -> str:
    """Return the text as a safe cell: `=1+1` → `'=1+1`, `'=1` → `''=1`, `a;=1` → `a;'=1`.

    With `mark` also a text that a spreadsheet would change has an apostrophe: `08001` → `'08001`.
    """
    bare = text.lstrip("'")
    if bare in _READ_OTHERWISE or (is_changed(bare) if mark or bare != text else False):
        return f"'{text}"
    if not _SUSPECT.search(text):  # most texts
        return text
    return (_TO_ESCAPE_LINES if _has_lines(text) else _TO_ESCAPE).sub(r"\g<0>'", text)


def unescape(cell: str) -> str:
    """Return the text of a cell without the apostrophes of `escape`.

    It also removes the apostrophe that users of Excel write before phone numbers.
    """
    if "'" not in cell:
        return cell
    bare = cell.lstrip("'")
    if bare != cell and (bare in _READ_OTHERWISE or is_changed(bare)):
        return cell[1:]
    return (_ESCAPED_LINES if _has_lines(cell) else _ESCAPED).sub(r"\1\2", cell)


def escaper(joint: str, *, mark: bool = False) -> Callable[[str], dict[str, str]]:
    """Return a function that finds the texts of a row to escape, and returns their cells by text.

    Each text of the row follows a `joint`, which is one of the separators. One search for a row is
    faster than a call per text: it finds what may need an escape, and only that is looked at
    closely.
    """
    # The pattern begins with a set of characters, because Python then skips all others fast.
    end = rf"(?:\Z|(?={joint}))"
    words = "|".join(re.escape(each) for each in sorted(_READ_OTHERWISE))
    firsts = "".join(sorted({re.escape(each[0]) for each in _READ_OTHERWISE}))
    changed = f"|{_LIKE_CHANGED.replace('END', end)}{end}" if mark else ""
    suspects = rf"['{_SKIPPED}]|(?=[{firsts}])(?:{words}){end}{changed}"
    search = re.compile(rf"[{_SEPARATORS}](?:(?<={joint})(?:{suspects})|[{_SKIPPED}']*+{_FORMULA}|(?<=[\r\n]))").search

    def escaped(joined: str) -> dict[str, str]:
        found: dict[str, str] = {}
        match = search(joined)
        while match:
            start = joined.rfind(joint, 0, match.start() + 1) + 1
            end = joined.find(joint, start)
            text = joined[start:end] if end >= 0 else joined[start:]
            if (cell := escape(text, mark=mark)) != text:
                found[text] = cell
            match = search(joined, end) if end >= 0 else None
        return found

    return escaped


def is_changed(text: str) -> bool:
    """Return whether a spreadsheet turns a text into another value: `08001`, `1-2`, `TRUE`."""
    if len(text) > _MAX_CHANGED:
        return text.isascii() and text.isdecimal()
    if text.isalpha():
        return text.casefold() in _TRUTHS
    if _CHANGED.fullmatch(text):
        return not _PLAIN_NUMBER.fullmatch(text)
    match = _WITH_MONTH.fullmatch(text)
    return match is not None and any(map(str.isdigit, text)) and csv_dates.is_month(match[1])


def _has_lines(text: str) -> bool:
    return "\n" in text or "\r" in text


# Taken for an empty cell without the apostrophe. The others of `_NONE` begin like a formula.
_READ_OTHERWISE = frozenset(each for each in _NONE if each[0] not in DANGEROUS)
