"""The texts of the mails keep to one word for one thing, in each language: docs/glossary."""

import json
import re
from typing import NamedTuple

import pytest
from tests.support.template_file import PROJECT

from clientela.mail import mail_texts
from clientela.schema.languages import SUPPORTED

GLOSSARY = PROJECT / "docs" / "glossary"
MAILS = sorted(path.parent.name for path in mail_texts.TEMPLATES.glob("*/texts.json"))
TRANSLATED = [language for language in SUPPORTED if language != "en"]


class Term(NamedTuple):
    english: str
    write: list[str]
    avoid: list[str]


def terms(language: str) -> list[Term]:
    rows = re.findall(r"^\| (?!Term|-)(.+?) \|(.*?)\|(.*?)\|$", (GLOSSARY / f"{language}.md").read_text("utf-8"), re.M)
    return [Term(english, *([word.strip() for word in cell.split(";") if word.strip()] for cell in cells))
            for english, *cells in rows]  # fmt: skip


def texts(mail: str) -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = json.loads((mail_texts.TEMPLATES / mail / "texts.json").read_text("utf-8"))
    return table


def has(text: str, beginning: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(beginning)}", re.sub(r"\{\w+\}", "", text), re.I) is not None


def test_every_language_has_the_same_terms() -> None:
    english = [term.english for term in terms("en")]
    assert len(english) > 15
    for language in TRANSLATED:
        assert [term.english for term in terms(language)] == [name for name in english if name != "e-mail"], language


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("mail", MAILS)
def test_a_term_has_its_translation(mail: str, language: str) -> None:
    english, own = texts(mail)["en"], texts(mail)[language]
    # `order` in "order the account" would be another word; "sign in" is also "signed in", and no "sign-in".
    faults = [
        (key, term.english, own[key])
        for term in terms(language)
        for key, text in english.items()
        if re.search(rf"\b{term.english}s?\b", re.sub(r"\{\w+\}", "", text))
        and not any(has(own[key], word) for word in term.write)
    ]
    assert faults == []


@pytest.mark.parametrize("language", SUPPORTED)
@pytest.mark.parametrize("mail", MAILS)
def test_no_other_word_stands_for_a_term(mail: str, language: str) -> None:
    faults = [
        (key, word, text)
        for term in terms(language)
        for key, text in texts(mail)[language].items()
        for word in term.avoid
        if has(text, word)
    ]
    assert faults == []
