"""The merchant's own words: merged, checked, stored on condition of their version, and sent in place of ours."""

from datetime import timedelta
from typing import Any

import pytest
from tools.mails import samples

from clientela import clock
from clientela.errors import InvalidInputError, MailNotFoundError, VersionConflictError
from clientela.mail import mail_delivery, mail_rendering, mail_texts, mail_words
from clientela.mail.mail_delivery import Outgoing
from clientela.mail.mail_rendering import MailContent
from clientela.mail.mail_words import OwnWords
from clientela.notifications import mail_samples
from clientela.stores import audit_trail
from clientela.stores.stores import Store

NOW = clock.now()
WELCOME = MailContent("welcome", dict(mail_samples.content(samples.shop(), "welcome", None).context))
ALL = {
    "subject": "Hola, {name}",
    "preheader": "Lo tuyo en {store}",
    "heading": "Ya estás dentro",
    "intro": "Gracias.\nHasta pronto.",
    "sign_off": "El equipo de {store}",
    "footer": "Porque compraste aquí.",
}


def change(
    store: Store, changes: Any, mail: str = "welcome", language: str = "es", **more: Any
) -> mail_words.MailWords:
    return mail_words.patch(store, mail, language, changes, NOW, **more)


def sent(store: Store, mail: MailContent = WELCOME, language: str = "es") -> dict[str, str]:
    own = mail_words.own_words(store, mail.name, language)
    request = mail_delivery.build_request(store, Outgoing("ana@example.com", language, mail), own)
    content = request["Content"]["Simple"]
    return {
        "subject": content["Subject"]["Data"],
        "html": content["Body"]["Html"]["Data"],
        "text": content["Body"]["Text"]["Data"],
    }


@pytest.fixture(autouse=True)
def sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDER_ADDRESS", "shop@mail.example.com")
    monkeypatch.setenv("EMAIL_CONFIGURATION_SET", "mails")


def test_own_words_are_sent_in_their_language_only_and_null_returns_to_ours(store: Store) -> None:
    before, english = sent(store), sent(store, language="en")
    change(store, ALL)
    after = sent(store)
    assert after["subject"] == "Hola, Ana"
    for shown in (
        "Lo tuyo en Demo",
        "Ya estás dentro",
        "Gracias.<br>Hasta pronto.",
        "El equipo de Demo",
        "Porque compraste aquí.",
    ):
        assert shown in after["html"], shown
    for shown in ("Ya estás dentro", "Gracias.\nHasta pronto.", "El equipo de Demo", "Porque compraste aquí."):
        assert shown in after["text"], shown
    assert sent(store, language="en") == english
    change(store, dict.fromkeys(ALL))
    assert sent(store) == before


def test_what_is_left_out_stays_ours(store: Store) -> None:
    before = sent(store)
    change(store, {"subject": "Otra cosa"})
    after = sent(store)
    assert after["subject"] == "Otra cosa"
    assert after["text"] == before["text"]


def test_a_text_whose_value_is_missing_stays_ours(store: Store) -> None:
    ours = sent(store)
    change(store, {"subject": "Hola, {name}", "intro": "Gracias por todo."})
    after = sent(store, MailContent("welcome", {**WELCOME.context, "name": None}))
    assert after["subject"] == ours["subject"]
    assert "Gracias por todo." in after["text"]


def test_variants_have_words_of_their_own(store: Store) -> None:
    removed = MailContent("password_changed", {"link": samples.LINK}, "removed")
    changed = MailContent("password_changed", {"link": samples.LINK})
    ours = sent(store, removed)
    change(store, {"intro": "Contraseña nueva."}, "password_changed")
    assert "Contraseña nueva." in sent(store, changed)["text"]
    # A text about the other variant would be false.
    assert sent(store, removed) == ours
    change(store, {"variants": {"removed": {"intro": "Sin contraseña."}}}, "password_changed")
    assert "Sin contraseña." in sent(store, removed)["text"]
    change(store, {"variants": {"removed": None}}, "password_changed")
    assert sent(store, removed) == ours


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"subject": "{nobody}"}, "/subject"),
        ({"subject": "{"}, "/subject"),
        ({"subject": "{store.__class__}"}, "/subject"),
        ({"subject": "{store!r}"}, "/subject"),
        ({"subject": "{0}"}, "/subject"),
        ({"intro": "{{ 7 * 7 }}"}, "/intro"),
        ({"intro": "{% include 'layout.html' %}"}, "/intro"),
        ({"intro": "{link}"}, "/intro"),
        ({"subject": "a\r\nBcc: everybody@example.com"}, "/subject"),
        ({"subject": "a\nb"}, "/subject"),
        ({"subject": "invoice\u202efdp.exe"}, "/subject"),
        ({"intro": "a\u202eb"}, "/intro"),
        ({"intro": "a\x00b"}, "/intro"),
        ({"intro": "x" * 100_000}, "/intro"),
        ({"subject": "x" * 201}, "/subject"),
        ({"subject": ""}, "/subject"),
        ({"body": "x"}, "/body"),
        ({"variants": {"failed": {"subject": "x"}}}, "/variants/failed"),
        ({"variants": {"failed": {"body": "x"}}}, "/variants/failed/body"),
        ({"intro": 5}, "/intro"),
    ],
)
def test_hostile_words_are_refused_with_their_place(store: Store, changes: Any, pointer: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        change(store, changes)
    assert [field.pointer for field in refused.value.fields] == [pointer]
    assert mail_words.get(store, "welcome", "es").version == 0


def test_codes_and_links_are_no_placeholders(store: Store) -> None:
    for mail in mail_texts.names():
        assert not {"code", "link", "token"} & set(mail_texts.placeholders(mail))


def test_a_text_that_only_variants_have_is_refused_for_the_mail(store: Store) -> None:
    with pytest.raises(InvalidInputError) as refused:
        change(store, {"subject": "Import of {file}"}, "import_result")
    assert "imported" in refused.value.fields[0].message
    change(store, {"variants": {"failed": {"subject": "Fehler in {file}"}}}, "import_result")
    failed = mail_samples.content(samples.shop(), "import_result", "failed")
    assert sent(store, failed)["subject"] == "Fehler in customers.csv"


def test_markup_in_words_stays_text(store: Store) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    change(
        store, {"heading": evil, "intro": f"{evil}\n</td></table>", "sign_off": evil, "footer": evil, "subject": evil}
    )
    html = sent(store)["html"]
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;/td&gt;" in html


@pytest.mark.parametrize(
    "name", ["{store}", "{{ 7*7 }}", "<b>x</b>", "a\r\nBcc: b@example.com", "a\u2028b", "\u202egnp.exe"]
)
def test_a_hostile_name_is_one_line_of_text(store: Store, name: str) -> None:
    change(store, {"subject": "Hola, {name}", "intro": "Hola, {name}"})
    mail = sent(store, MailContent("welcome", {**WELCOME.context, "name": name}))
    assert not any(char in mail["subject"] for char in "\r\n\u2028\u202e")
    assert "<b>" not in mail["html"]
    assert "49" not in mail["subject"]
    if "{store}" in name:
        assert mail["subject"] == "Hola, {store}"


def test_names_from_right_to_left_are_isolated(store: Store) -> None:
    change(store, {"subject": "Hola, {name}: 2 pedidos"})
    mail = sent(store, MailContent("welcome", {**WELCOME.context, "name": "דנה כהן"}))
    assert mail["subject"] == "Hola, \u2068דנה כהן\u2069: 2 pedidos"


def test_a_change_is_conditional_and_in_the_audit_trail(store: Store) -> None:
    first = change(store, {"subject": "Uno"}, version=0)
    assert (first.version, first.subject, first.intro) == (1, "Uno", None)
    with pytest.raises(VersionConflictError):
        change(store, {"subject": "Dos"}, version=0)
    assert change(store, {"subject": "Uno"}, version=0).version == 1  # the same request, repeated
    assert change(store, {"subject": "Dos"}, version=1).version == 2
    entries = [
        each for each in audit_trail.page(store, NOW + timedelta(seconds=1)).items if each.action == "mail.changed"
    ]
    told = {(each.target, each.changes[0].field, each.changes[0].before, each.changes[0].after) for each in entries}
    assert told == {("welcome/es", "subject", None, "Uno"), ("welcome/es", "subject", "Uno", "Dos")}


def test_every_mail_is_listed_in_every_language_of_the_store(store: Store) -> None:
    change(store, {"subject": "Uno"})
    listed = mail_words.list_all(store)
    assert len(listed) == 6 * len(mail_texts.names())
    assert [(each.mail, each.language) for each in listed if each.own != OwnWords()] == [("welcome", "es")]
    fewer = store.model_copy(update={"languages": ["fr"]})
    assert {each.language for each in mail_words.list_all(fewer)} == {"fr"}


@pytest.mark.parametrize(("mail", "language"), [("nothing", "es"), ("welcome", "ja"), ("../welcome", "es"), ("", "es")])
def test_unknown_mails_and_languages_are_not_found(store: Store, mail: str, language: str) -> None:
    with pytest.raises(MailNotFoundError):
        mail_words.get(store, mail, language)


def test_words_are_read_once_for_many_mails(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sent(store)
    monkeypatch.setattr(mail_words.MailWordsRecord, "find", lambda *_: pytest.fail("read again"))
    sent(store)


def test_our_own_texts_would_be_accepted_as_words(store: Store) -> None:
    for mail in mail_texts.names():
        ours = mail_words.get(store, mail, "de").ours
        mail_words.patch(store, mail, "de", ours.model_dump(exclude_none=True), NOW)
    for sample in mail_samples.samples(samples.shop()):
        own = mail_words.own_words(store, sample.mail.name, "de")
        assert mail_rendering.render(store, sample.mail, "de", own) == mail_rendering.render(store, sample.mail, "de")
