"""Countries: ISO 3166-1 alpha-2 codes, also from names in the product's six languages."""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import Field

from clientela.schema.documents import on_input
from clientela.schema.text import fold_for_search
from clientela.sentences import Sentence

_WORD = re.compile(r"\w+")
_IN_BRACKETS = re.compile(r"\(.*?\)")
_SMALL_WORDS = {
    "the",
    "of",
    "and",
    "y",
    "e",
    "et",
    "und",
    "de",
    "del",
    "la",
    "le",
    "les",
    "das",
    "do",
    "da",
    "du",
    "des",
}


def code(text: str) -> str:
    """Return the alpha-2 code of a code or name: `es`, `ESP`, `Spain`, `España`, `Spagna` → `ES`.

    The order of the words, `&`, and what is in brackets do not matter: `Korea, Republic of`,
    `United States (US)`. Names come from Unicode's CLDR and from the spellings in
    tools/country_names.py.

    Raises:
        ValueError: the text is no country.
    """
    folded = fold_for_search(text)
    alpha_2 = _names().get(folded) or _names_by_words().get(_words(folded)) or _names().get(_without_brackets(folded))
    if alpha_2 is None:
        raise ValueError(Sentence("“{text}” is not a country. Use an ISO 3166-1 code such as ES.", text=text))
    return alpha_2


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = json.loads(files("clientela.schema").joinpath("country_names.json").read_text("utf-8"))
    return names


@cache
def _names_by_words() -> dict[str, str]:
    """Return the codes by the words of each name, without those that two countries share."""
    found: dict[str, set[str]] = {}
    for name, alpha_2 in _names().items():
        found.setdefault(_words(name), set()).add(alpha_2)
    return {words: codes.pop() for words, codes in found.items() if len(codes) == 1 and " " in words}


def _words(folded: str) -> str:
    return " ".join(sorted(set(_WORD.findall(folded.replace(".", "").replace("'", ""))) - _SMALL_WORDS))


def _without_brackets(folded: str) -> str:
    return _IN_BRACKETS.sub("", folded).strip()


Country = Annotated[str, Field(max_length=80, examples=["ES"]), on_input(code)]
