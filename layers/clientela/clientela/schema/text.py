"""Text in a form that is compared without case and accents: names, countries, search words."""

import unicodedata

# Letters that Unicode does not decompose into a base and an accent.
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "\u0131": "i", "ħ": "h"}
)


def fold_for_search(text: str) -> str:
    """Return the text in lower case without accents: `Bjørn  Hansén` → `bjorn hansen`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    base_letters = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(base_letters.translate(_LETTERS).split())
