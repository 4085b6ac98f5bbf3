"""Values in the texts of mails, made harmless: names come from anybody who can order or sign up."""

import re
import unicodedata
from typing import Any

MAX_VALUE = 200  # characters of a value
_HIDDEN = ("Cc", "Cf", "Zl", "Zp")  # control and format characters, such as marks of direction
_JOINERS = "\u200c\u200d"  # format characters that words of some languages need
_RIGHT_TO_LEFT = ("R", "AL", "AN")
# What mail programs turn into a link by themselves.
_ADDRESS = re.compile(r"://|\bwww\.|[^\s.@]\.[^\W\d_]{2,}|@\w", re.IGNORECASE)


def in_a_text(value: Any) -> Any:
    """Return a text as one line without hidden characters; anything else as it is.

    A text with letters from right to left is isolated, so that it reorders nothing around it.
    """
    if not isinstance(value, str):
        return value
    line = " ".join("".join(_visible(char) for char in value).split())
    if len(line) > MAX_VALUE:
        line = f"{line[:MAX_VALUE]}…"
    is_mixed = any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in line)
    return f"\u2068{line}\u2069" if is_mixed else line


def greetable(name: str | None) -> str | None:
    """Return the name for a greeting, or None if there is none, or if it would become a link.

    Else anybody could sign up with another's address and a name that leads the reader elsewhere.
    """
    return None if not name or _ADDRESS.search(name) else name


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category in _HIDDEN and char not in _JOINERS else char
