"""Texts with placeholders and plurals, in the part of ICU's MessageFormat that mails need.

`{days, plural, one {# day} other {# days}}` chooses by CLDR's plural category, and `#` is the
number. `{name}` is a value, as the language writes it. There are no nested plurals and no quotes.
Syntax: https://unicode-org.github.io/icu/userguide/format_parse/messages/
"""

import re
from collections.abc import Mapping
from typing import Any

from clientela.schema import locale_formats

# A plural holds one level of braces, in which placeholders may stand.
_CHOICE = r"(?:=\d+|one|many|other)\s*\{(?:[^{}]|\{\w+\})*\}"
_PART = re.compile(rf"\{{(\w+)\}}|\{{(\w+),\s*plural,\s*((?:{_CHOICE}\s*)+)\}}")
_CASES = re.compile(r"(=\d+|one|many|other)\s*\{((?:[^{}]|\{\w+\})*)\}")


def fill(text: str, values: Mapping[str, Any], language: str) -> str:
    """Return a text with its values, as the language writes them — KeyError if one is missing."""

    def part(match: re.Match[str]) -> str:
        name, number_name, cases = match.groups()
        if name:
            return str(locale_formats.shown(values[name], language))
        number = int(values[number_name])
        return fill(_chosen(cases, number, language), values, language)

    return _PART.sub(part, text)


def _chosen(cases: str, number: int, language: str) -> str:
    texts = dict(_CASES.findall(cases))
    category = locale_formats.plural_of(number, language)
    chosen: str = texts.get(f"={number}") or texts.get(category) or texts["other"]
    return chosen.replace("#", str(locale_formats.shown(number, language)))


def placeholders(text: str) -> set[str]:
    """Return the names of the values in a text."""
    names = set()
    for name, number_name, cases in _PART.findall(text):
        names |= {name or number_name} | placeholders("".join(body for _, body in _CASES.findall(cases)))
    return names


def plurals(text: str) -> list[set[str]]:
    """Return the cases of each plural in a text."""
    return [{case for case, _ in _CASES.findall(cases)} for _, _, cases in _PART.findall(text) if cases]


def is_well_formed(text: str) -> bool:
    """Return whether every brace of a text belongs to a placeholder or a plural with `other`."""
    return not re.search("[{}]", _PART.sub("", text)) and all("other" in cases for cases in plurals(text))
