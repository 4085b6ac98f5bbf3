"""Detect the encoding of a CSV file by the evidence of its whole content.

UTF-8 proves itself: text of another encoding is hardly ever valid UTF-8. Between the others, the
letters decide: read in the right encoding, they are those of one language, and no word has a
capital, a symbol or another script in its middle (`JosŽ`, `Josй`).
"""

import codecs
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

type Confidence = Literal["certain", "likely", "guess"]

BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# In order of preference: of two that give the same text, the first is reported.
LEGACY = (
    "cp1252", "cp1250", "cp1251", "mac-roman", "cp850", "cp437", "iso8859-15", "iso8859-2", "cp932",
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", *LEGACY, "iso8859-1")
_ALIASES = {
    "utf-8-sig": "utf-8",
    "utf-16": "utf-16-le",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "macroman": "mac-roman",
}

_WESTERN = {
    "es": "áéíóúüñ", "ca": "àçèéíïòóúü", "it": "àèéìíòóù", "fr": "àâçéèêëîïôùûüœæ", "de": "äöüß",
    "pt": "ãõâêôáéíóúçà", "nordic": "åäöæøéü", "nl": "ëïéèöüó",
}  # fmt: skip
_CENTRAL = {
    "pl": "ąćęłńóśźż", "cs": "áčďéěíňóřšťúůýž", "sk": "áäčďéíĺľňóôŕšťúýž", "hu": "áéíóöőúüű",
    "ro": "ăâîșțşţ", "hr": "čćđšž",
}  # fmt: skip
_LETTERS = {name: frozenset(letters) for name, letters in (_WESTERN | _CENTRAL).items()}
_GROUPS = tuple(frozenset("".join(letters.values())) for letters in (_WESTERN, _CENTRAL))
_PREFERENCE = {"cp1252": 0.1, "cp1251": 0.05, "cp932": 0.05, "cp1250": 0.03, "cp850": 0.01}
_APOSTROPHE = "\u2019"
_PUNCTUATION = frozenset(_APOSTROPHE + "\u2018“”„«»\u2013—…€°ªº·\u00b4`¿¡№\u3000、。・ー")
_INSIDE_WORDS = frozenset(_APOSTROPHE + "·ー")  # of the punctuation
_ENDS = "".join(_PUNCTUATION)
_WORD = re.compile(r"[A-Za-z]*[^\x00-\x7f\s]+(?:[A-Za-z]|[^\x00-\x7f\s])*")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f]")
_CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_LONG_RUN = re.compile(r"[\u00c0-\u024f]{5,}")

FIRST_LINES = 1_000  # all of these that are not ASCII are a sample of a file, and then
EVERY_LINE = 97  # one of so many, up to
MAX_LINES = 4_000
LINE_BYTES = 2_000  # of a line in the sample


class Decision(NamedTuple):
    """An encoding, and how sure it is: `certain`, `likely` or `guess`."""

    encoding: str
    confidence: Confidence


class Evidence(NamedTuple):
    """A sample of the lines that are not ASCII, and how many of all are valid UTF-8, or are not."""

    lines: list[bytes]
    utf_8: int
    other: int


def codec(name: str) -> str | None:
    """Return the codec of a name, or None: `Windows-1252` → `cp1252`, `Shift JIS` → `cp932`."""
    spelling = name.strip().lower().replace(" ", "-")
    try:
        found = codecs.lookup(_ALIASES.get(spelling, spelling)).name
    except LookupError:
        return None
    found = _ALIASES.get(found, found)
    return found if found in ENCODINGS else None


def is_utf_32(head: bytes) -> bool:
    """Return whether a file is UTF-32: no character is above U+10FFFF, so a byte of each is 0.

    The mark of its little-endian form begins with the one of UTF-16.
    """
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return True
    whole = head[: len(head) // 4 * 4]
    return any(
        bool(whole) and not any(whole[highest::4]) and max(whole[second::4]) <= 0x10
        for highest, second in ((3, 2), (0, 1))
    )


def by_beginning(head: bytes) -> str | None:
    """Return the encoding that a byte-order mark or the zero bytes of UTF-16 prove, else None."""
    for bom, encoding in BOMS:
        if head.startswith(bom):
            return encoding
    if head.count(0) > len(head) // 5:  # every second byte of ASCII text in UTF-16 is 0
        return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
    return None


def gather(lines: Iterable[bytes], *, with_controls: bool = False) -> Evidence:
    """Return the evidence of a whole file.

    Lines with control characters are damaged, and no evidence unless `with_controls`.
    """
    sample: list[bytes] = []
    utf_8 = other = 0
    for line in lines:
        if line.isascii() or (not with_controls and _CONTROL_BYTES.search(line)):
            continue
        try:
            line.decode()
            utf_8 += 1
        except UnicodeDecodeError:
            other += 1
            if (other <= FIRST_LINES or other % EVERY_LINE == 0) and len(sample) < MAX_LINES:
                sample.append(line[:LINE_BYTES])
    return Evidence(sample, utf_8, other)


def has_controls(text: str) -> bool:
    """Return whether a text has control characters: it is damaged, and no evidence."""
    return _CONTROLS.search(text) is not None


def is_utf_8(valid: int, invalid: int) -> bool:
    """Return whether a file is UTF-8 with some damaged lines, by its lines that are not ASCII."""
    return valid * 9 >= invalid


def decide(evidence: Evidence, language: str | None = None) -> Decision:
    """Return the encoding that explains the evidence best. `language` is that of the headers."""
    if is_utf_8(evidence.utf_8, evidence.other):
        return Decision("utf-8", "likely" if evidence.other else "certain")
    scores: list[tuple[float, str]] = []
    seen: set[str] = set()
    for encoding in LEGACY:
        text = _decode(evidence.lines, encoding)
        if text is not None and text not in seen:
            seen.add(text)
            is_expected = encoding == "cp1252" and language in _WESTERN
            scores.append((_score(text) + _PREFERENCE.get(encoding, 0) + 0.1 * is_expected, encoding))
    scores.sort(reverse=True)
    if not scores:
        return Decision("cp1252", "guess")
    (best, encoding), second = scores[0], scores[1][0] if len(scores) > 1 else -1.0
    return Decision(encoding, "likely" if best >= 0.7 and best - second >= 0.15 else "guess")


def _decode(lines: Iterable[bytes], encoding: str) -> str | None:
    """Return the lines as text, or None if more than one of twenty is invalid."""
    texts, invalid = [], 0
    for line in lines:
        try:
            texts.append(line.decode(encoding))
        except UnicodeDecodeError as error:
            # The sample cuts long lines, perhaps in the middle of a character.
            if error.end < len(line) or len(line) < LINE_BYTES:
                invalid += 1
    return "\n".join(texts) if invalid * 20 <= len(texts) else None


def _score(text: str) -> float:
    """Return how well a text reads, from about -1 to 1."""
    foreign: list[str] = []
    faults, apostrophes = 0.0, 0
    for word in _WORD.findall(text):
        apostrophes += _APOSTROPHE in word[1:-1]
        foreign += [char for char in word if char > "\x7f" and char not in _PUNCTUATION]
        faults += _faults(word)
    if not foreign:
        return (1.0 if apostrophes else 0.8) - min(1.0, faults)
    count = len(foreign)
    lower = [char.lower() for char in foreign]
    east = sum(_is_cyrillic(char) for char in lower) / count, sum(_is_japanese(char) for char in lower) / count
    language = max(sum(map(letters.__contains__, lower)) for letters in _LETTERS.values()) / count
    group = max(sum(map(letters.__contains__, lower)) for letters in _GROUPS) / count
    return max(*east, 0.7 * language + 0.3 * group) - min(1.5, faults / count)


def _faults(word: str) -> float:
    """Return how often a word has something in it that no word of a language has."""
    faults = 2.0 * sum("\x80" <= char <= "\x9f" for char in word)
    faults += sum(len(run) for run in _LONG_RUN.findall(word))
    has_letter = any(map(str.isalpha, word))
    inner = word.strip(_ENDS)
    faults += 3.0 * sum(not char.isalpha() and char not in _INSIDE_WORDS for char in inner if has_letter)
    if len(word) == 1:
        return faults + 0.4 * has_letter
    padded = f" {word} "
    for before, char, after in zip(padded, word, padded[2:], strict=False):
        if char > "\x7f" or before > "\x7f":
            faults += before.islower() and char.isupper()
            faults += before.isalpha() and char.isalpha() and _script(before) != _script(char)
        faults += char > "\x7f" and before.isupper() and char.isupper() and after.islower()
        faults += 0.5 * (char == "õ" and after != "e")  # in Portuguese: Simões, Camões
    return faults


def _script(char: str) -> str:
    if _is_cyrillic(char.lower()):
        return "cyrillic"
    if _is_japanese(char):
        return "japanese"
    return "latin" if char < "\u0250" else "other"


def _is_cyrillic(char: str) -> bool:
    return "\u0400" <= char <= "\u045f" or char in "ґғ"


def _is_japanese(char: str) -> bool:
    return "\u3041" <= char <= "\u30ff" or "\u4e00" <= char <= "\u9fff" or "\uff66" <= char <= "\uff9f" or char == "々"
