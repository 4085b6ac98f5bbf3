"""Countries: ISO 3166-1 alpha-2 codes, also from names in the product's six languages."""

import html
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
    "the", "of", "and", "y", "e", "et", "und", "de", "del", "la", "le", "les", "das", "do", "da", "du", "des", "di",
    "della", "dell", "delle", "al",
}  # fmt: skip
# Words for a form of government: names as ISO and treaties print them have some more.
_GOVERNMENT = {
    "republic", "republica", "repubblica", "republique", "republik", "volksrepublik", "kingdom", "reino", "regno",
    "royaume", "konigreich", "state", "estado", "stato", "etat", "staat", "states", "estados", "stati", "etats",
    "staaten", "federal", "federale", "federative", "federativa", "federated", "federados", "federati", "federes",
    "foderierte", "federation", "federacion", "federazione", "federacao", "foderation", "democratic", "democratica",
    "democratico", "democratique", "demokratische", "demokratischer", "socialist", "socialista", "socialiste",
    "sozialistische", "islamic", "islamica", "islamique", "islamische", "people", "peoples", "popular", "popolare",
    "populaire", "plurinational", "plurinacional", "plurinazionale", "plurinationaler", "bolivarian", "bolivariana",
    "bolivarienne", "bolivarische", "united", "unida", "unita", "unie", "vereinigte", "arab", "araba", "arabe",
    "arabische", "principality", "principado", "principato", "principaute", "furstentum", "commonwealth", "union",
    "unione", "uniao", "grand", "grao", "gran", "duchy", "ducado", "granducato", "grandducato", "duche", "grossherzogtum",
    "sultanate", "sultanato", "sultanat", "hashemite", "hachemita", "ascemita", "hachemite", "haschemitisches",
    "independent", "independiente", "independente", "indipendente", "independant", "unabhangiger",
}  # fmt: skip
_TWO_REPUBLICS = {"china", "cina", "chine"}  # which one is meant, only the whole name says
_KOREA = {"korea", "corea", "coree", "coreia"}
_CONGO = {"congo", "kongo"}
_DEMOCRATIC = {
    "democratic",
    "democratica",
    "democratico",
    "democratique",
    "demokratische",
    "peoples",
    "popular",
    "volksrepublik",
}


def code(text: str) -> str:
    """Return the alpha-2 code of a code or name: `es`, `ESP`, `Spain`, `España`, `Spagna` → `ES`.

    The order of the words, `&`, what is in brackets, and the form of government do not matter:
    `Korea, Republic of`, `United States (US)`, `Kingdom of Sweden`. Names come from Unicode's CLDR
    and from the spellings in tools/country_spellings.py.

    Raises:
        ValueError: the text is no country.
    """
    folded = fold_for_search(html.unescape(text) if "&" in text else text)  # `Cura&ccedil;ao`
    alpha_2 = (
        _names().get(folded)
        or _names().get(folded.replace(".", ""))
        or _names_by_words().get(_words(folded))
        or _names().get(_words(folded))
        or _names().get(_without_brackets(folded))
        or _by_words_without_government(_words(folded))
    )
    if alpha_2 is None:
        raise ValueError(Sentence("“{text}” is not a country. Use an ISO 3166-1 code such as ES.", text=text))
    return alpha_2


def is_code(text: str) -> bool:
    """Return whether a text is an alpha-2 code of today."""
    return text in _codes()


@cache
def _codes() -> frozenset[str]:
    return frozenset(_names().values())


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


def _by_words_without_government(words: str) -> str | None:
    """Return the code of `kingdom sweden`; the form of government tells the two Koreas apart."""
    all_words = set(words.split())
    rest = all_words - _GOVERNMENT
    if rest == all_words or not rest:
        return None
    if rest <= _KOREA:
        return "KP" if all_words & _DEMOCRATIC else "KR"
    if rest <= _CONGO:
        return "CD" if all_words & _DEMOCRATIC else "CG"
    name = " ".join(sorted(rest))
    return None if name in _TWO_REPUBLICS else _names_by_words().get(name) or _names().get(name)


def _words(folded: str) -> str:
    return " ".join(sorted(set(_WORD.findall(folded.replace(".", "").replace("'", ""))) - _SMALL_WORDS))


def _without_brackets(folded: str) -> str:
    return _IN_BRACKETS.sub("", folded).strip()


Country = Annotated[str, Field(max_length=80, examples=["ES"]), on_input(code)]
