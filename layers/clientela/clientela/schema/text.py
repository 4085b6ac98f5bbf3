"""Text made comparable: how names, countries and search words meet without regard to case and accents."""

import unicodedata

# Letters that Unicode does not take apart into a base and an accent.
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "\u0131": "i", "ħ": "h"}
)


def fold_for_search(text: str) -> str:
    """Lower case without accents, white space single, e.g. `Bjørn  Hansén` → `bjorn hansen`."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    return " ".join(bare.translate(_LETTERS).split())
