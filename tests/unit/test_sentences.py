"""The sentences of refusals: each in six languages, with the same values, from one place."""

import ast
import json
import re
from typing import Any

import pytest
from tests.support.sentences import DOMAIN, LANGUAGES, is_sentence, placeholders, refusals
from tests.support.template_file import PROJECT

from clientela.errors import ClientelaError
from clientela.sentences import MAX_SHOWN, Sentence, translated
from clientela.web import problems


def catalogue(language: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads((DOMAIN / "translations" / f"{language}.json").read_text("utf-8"))
    return texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_and_none_is_left_over(language: str) -> None:
    texts = catalogue(language)
    assert sorted(refusals() - texts.keys()) == [], f"translate these in translations/{language}.json"
    assert sorted(texts.keys() - refusals()) == [], f"remove these from translations/{language}.json"
    assert list(texts) == sorted(texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_values_and_the_full_stop(language: str) -> None:
    for english, text in catalogue(language).items():
        assert placeholders(text) == placeholders(english), text
        assert text.endswith(".") == english.endswith("."), text
        assert not re.search(r"[“”]", text) or language == "de", text
        for literal in re.findall(r"`[^`]+`|\w+_\w+|https?://\S+?(?=[,;.]? |$)|[A-Z]{3,}[ -]\d+", english):
            assert literal in text, f"{literal!r} is missing in {text!r}"


def test_a_list_of_values_is_shown_whole_and_one_long_value_is_not() -> None:
    numbers = tuple(range(1000, 1100))
    assert str(Sentence("{all}.", all=numbers)).startswith("1000, 1001,")
    assert str(Sentence("{all}.", all=numbers)).endswith("1098, 1099.")
    assert Sentence("{all}.", all=("a" * 200, "b")) == f"{'a' * MAX_SHOWN}…, b."


def test_languages_differ() -> None:
    for english in refusals():
        found = {translated(english, language) for language in LANGUAGES}
        assert english not in found or english.startswith(("Session", "Import")), english


def test_every_error_has_a_title_in_every_language() -> None:
    for error in problems.STATUS:
        for language in LANGUAGES:
            assert error.title in catalogue(language), error.code


def test_no_refusal_is_built_by_the_code_itself() -> None:
    """A formatted string has no translation: it must be a Sentence with values."""
    errors = {"ValueError", "FieldError", *(error.__name__ for error in _errors(ClientelaError))}
    rooms = [room for room in DOMAIN.iterdir() if room.name not in {"migrations", "vat", "aws", "notifications"}]
    files = [file for room in rooms for file in ([room] if room.suffix == ".py" else room.rglob("*.py"))]
    for file in [*files, *(PROJECT / "functions").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in errors:
                texts = node.args[1:2] if getattr(node.func, "id", "") == "FieldError" else node.args[:1]
                assert not any(isinstance(text, ast.JoinedStr) for text in texts), f"{file}:{node.lineno}"


def _errors(error: type[Any]) -> set[type[Any]]:
    return {error}.union(*map(_errors, error.__subclasses__()))


def test_a_sentence_is_its_english_text() -> None:
    sentence = Sentence("Group “{id}” not found.", id="grp_1")
    assert (sentence, str(sentence), is_sentence(sentence)) == ("Group “grp_1” not found.", sentence, True)
    assert translated(sentence, "de") == "Die Gruppe „grp_1“ wurde nicht gefunden."
    assert translated(sentence, "en") == sentence
    assert translated("not in any catalogue", "fr") == "not in any catalogue"


def test_values_are_shown_without_control_characters_and_not_in_full_length() -> None:
    sentence = Sentence("Store “{id}” not found.", id="a\nb\x00{c}" + "x" * 500)
    assert sentence.startswith("Store “a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}{c}xx")
    assert len(sentence) < MAX_SHOWN + 30
    assert translated(sentence, "es").startswith("No se encuentra la tienda «a")
