"""The catalogue of each mail: complete, with the same placeholders, and with the plurals of its language."""

import json
import re

import pytest
from tools.mails import samples

from clientela.mail import mail_rendering, mail_texts
from clientela.mail.mail_rendering import MailContent
from clientela.notifications import mail_dispatch
from clientela.schema import locale_formats, messages
from clientela.schema.languages import SUPPORTED

MAILS = sorted(path.parent.name for path in mail_texts.TEMPLATES.glob("*/texts.json"))
QUOTES = {"en": "“”", "es": "«»", "it": "«»", "fr": "«»", "de": "„“", "pt": "«»"}
SHOP = samples.shop()
SAMPLES = samples.samples(SHOP)


def catalogue(mail: str) -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = json.loads((mail_texts.TEMPLATES / mail / "texts.json").read_text("utf-8"))
    return table


def test_every_mail_that_is_sent_has_a_sample() -> None:
    assert {sample.mail.name for sample in SAMPLES} == set(MAILS)
    # The test of a mail is that mail; a change to a used address is answered by another one.
    assert set(mail_dispatch.DELIVER) - {"mail_test"} | {"email_in_use"} == set(MAILS)


@pytest.mark.parametrize("mail", MAILS)
def test_languages_have_the_same_texts(mail: str) -> None:
    texts = catalogue(mail)
    assert tuple(texts) == SUPPORTED
    assert {tuple(table) for table in texts.values()} == {tuple(texts["en"])}
    assert all(text.strip() == text != "" for table in texts.values() for text in table.values())


@pytest.mark.parametrize("mail", MAILS)
def test_languages_have_the_same_placeholders(mail: str) -> None:
    english = catalogue(mail)["en"]
    for language, texts in catalogue(mail).items():
        for key, text in texts.items():
            assert messages.is_well_formed(text), (language, key)
            assert messages.placeholders(text) == messages.placeholders(english[key]), (language, key)


@pytest.mark.parametrize("language", SUPPORTED)
def test_plurals_have_all_categories_of_the_language(language: str) -> None:
    categories = {locale_formats.plural_of(number, language) for number in (0, 1, 2, 1_000_000)}
    cases = [case for mail in MAILS for text in catalogue(mail)[language].values() for case in messages.plurals(text)]
    assert len(cases) >= 6
    assert all(each == categories for each in cases)


@pytest.mark.parametrize("language", SUPPORTED)
def test_quotes_and_apostrophes_are_those_of_the_language(language: str) -> None:
    for mail in MAILS:
        for key, text in catalogue(mail)[language].items():
            assert not re.search(r"[\"']", text), (mail, key)
            assert set(re.findall("[“”„«»]", text)) <= set(QUOTES[language]), (mail, key)


def test_french_signs_stand_behind_a_space_that_does_not_break() -> None:
    for mail in MAILS:
        for key, text in catalogue(mail)["fr"].items():
            plain = re.sub(r"https?://\S+", "", text)
            assert not re.search(r"(?<![\u00a0\u202f])[?!;:»]|«(?![\u00a0\u202f])", plain), (mail, key)


@pytest.mark.parametrize("number", [0, 1, 2, 1_000_000])
@pytest.mark.parametrize("language", SUPPORTED)
def test_numbers_agree_with_their_words(language: str, number: int) -> None:
    mail = next(sample.mail for sample in SAMPLES if sample.name == "export_ready")
    letter = mail_rendering.render(SHOP, MailContent(mail.name, mail.context | {"rows": number}), language)
    words = {
        "en": ("row", "rows", "rows"), "es": ("fila", "filas", "de filas"), "it": ("riga", "righe", "di righe"),
        "fr": ("ligne", "lignes", "de lignes"), "de": ("Zeile", "Zeilen", "Zeilen"), "pt": ("linha", "linhas", "de linhas"),
    }[language]  # fmt: skip
    is_one = number == 1 or (number == 0 and language == "fr")
    word = words[0] if is_one else words[2] if number == 1_000_000 else words[1]
    assert f"{locale_formats.shown(number, language)} {word}" in letter.text


def test_every_text_of_the_catalogue_is_in_a_mail() -> None:
    shown = "".join(
        letter.subject + letter.text + letter.html
        for letter in (mail_rendering.render(SHOP, sample.mail, "en") for sample in SAMPLES)
    )
    flat = " ".join(re.sub(r"&#39;|&#34;|<br>", " ", shown).split())
    for mail in MAILS:
        for key, text in catalogue(mail)["en"].items():
            for piece in re.split(r"\{(?:[^{}]|\{[^{}]*\})*\}", text):
                assert " ".join(piece.split()) in flat, (mail, key)


def test_welcome_shows_the_order_it_came_from() -> None:
    letters = {
        language: mail_rendering.render(SHOP, dict(SAMPLES)["welcome with many lines"], language)
        for language in SUPPORTED
    }
    assert "3 \N{MULTIPLICATION SIGN} Coffee beans, 1 kg: 56,70\N{NO-BREAK SPACE}€" in letters["de"].text
    assert "und 4 weitere Artikel\nGesamt: 1.234,50\N{NO-BREAK SPACE}€" in letters["de"].text
    assert "Your order A-1001 · Tuesday, 1 December 2026" in letters["en"].text
    assert "A-1001" in letters["en"].html
    assert all(letter.text.count("\N{MULTIPLICATION SIGN}") == 10 for letter in letters.values())


def test_code_stands_first_where_the_browser_is_new_to_the_account() -> None:
    usual, new = (
        mail_rendering.render(SHOP, dict(SAMPLES)[name], "en") for name in ("sign_in_link", "sign_in_link code first")
    )
    for part in ("text", "html"):
        assert getattr(usual, part).index(samples.LINK) < getattr(usual, part).index("428 913")
        assert getattr(new, part).index("428 913") < getattr(new, part).index(samples.LINK)


def test_sign_in_mail_tells_when_where_and_with_what_it_was_asked_for() -> None:
    letter = mail_rendering.render(SHOP, dict(SAMPLES)["sign_in_link"], "it")
    assert "Ora: 1º dicembre 2026, 10:05 (Europe/Madrid)" in letter.text
    assert "Luogo: Spagna" in letter.text
    assert "Browser: Firefox · Windows" in letter.text
    assert "Spagna" in letter.html
    unknown = mail_rendering.render(SHOP, dict(SAMPLES)["sign_in_link of an unknown browser"], "it")
    assert "Luogo" not in unknown.text + unknown.html


def test_french_colons_of_templates_stand_behind_a_space_too() -> None:
    letter = mail_rendering.render(SHOP, dict(SAMPLES)["sign_in_link"], "fr")
    assert "Heure\N{NO-BREAK SPACE}: 1er décembre 2026" in letter.text
    assert "Time: 1 December 2026" in mail_rendering.render(SHOP, dict(SAMPLES)["sign_in_link"], "en").text
