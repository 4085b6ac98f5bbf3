"""Sentences for people, in the product's six languages: titles, details and messages of refusals.

The English sentence stands where a rule is checked. It is the key of its translations in
`translations/<language>.json`, which a function reads at its first refusal in that language.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

MAX_SHOWN = 100  # characters of a value
LANGUAGES = ("en", "es", "it", "fr", "de", "pt")


class Sentence(str):
    """An English sentence with values: `Sentence("Group “{id}” not found.", id="grp_1")`."""

    __slots__ = ("template", "values")

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, **values: object) -> "Sentence":
        """Fill the template with values. Control characters are not shown, and long text is cut.

        A tuple is shown as a list that is not cut: `Sentence("Use {modes}.", modes=MODES)`. A value
        that is a sentence itself is shown whole and translated with the other.
        """
        shown = {name: value if isinstance(value, Sentence) else _shown(value) for name, value in values.items()}
        sentence = super().__new__(cls, template.format_map(shown) if shown else template)
        sentence.template, sentence.values = template, shown
        return sentence


def translated(text: str, language: str) -> str:
    """Return a sentence in a language such as `es` or `pt-BR`; in English for others."""
    template, values = (text.template, text.values) if isinstance(text, Sentence) else (text, {})
    translation = _catalogue(language.split("-")[0].lower()).get(template)
    if translation is None:
        return text
    translated_values = {
        name: translated(value, language) if isinstance(value, Sentence) else value for name, value in values.items()
    }
    return translation.format_map(translated_values) if values else translation


def reason_of(error: Exception) -> Sentence:
    """Return the sentence with which an error was raised."""
    reason = error.args[0]
    return reason if isinstance(reason, Sentence) else Sentence(reason)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    text = str(value)
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[: MAX_SHOWN + 1])
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


@cache
def _catalogue(language: str) -> dict[str, str]:
    """Return the translations by the English sentence; none for English and other languages."""
    if language == "en" or language not in LANGUAGES:
        return {}
    file = files("clientela").joinpath("translations", f"{language}.json")
    catalogue: dict[str, str] = json.loads(file.read_text("utf-8"))
    return catalogue
