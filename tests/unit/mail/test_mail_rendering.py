"""The mails: their texts in each language."""

import html
from html.parser import HTMLParser
from string import Formatter
from typing import Any

import pytest

from clientela import clock
from clientela.imports.import_jobs import ImportJob, Status
from clientela.imports.import_reasons import Reason
from clientela.mail import mail_rendering
from clientela.mail.mail_rendering import MailContent
from clientela.notifications import (
    account_notices,
    email_change_mail,
    export_mails,
    import_mail,
    sign_in_mail,
    waiting_mails,
)
from clientela.schema import languages
from clientela.stores import branding, store_urls
from clientela.stores.setting_groups import Branding
from clientela.stores.stores import Store

NOW = clock.now()


LINK = "https://shop.example.com/account#token=req_01K.secret"


@pytest.fixture
def shop() -> Store:
    """A store that is not saved: rendering a mail needs no AWS."""
    return Store(
        id="demo",
        name="Café & Söhne",
        storefront_url="https://shop.example.com",
        created_at=NOW,
        updated_at=NOW,
        language="es",
        branding=Branding(colour="#c8a2ff"),
    )


def import_result(status: Status, rejected: int, *, is_dry_run: bool = False) -> MailContent:
    message = "Die Datei ist leer." if status == "failed" else None
    job = ImportJob(
        id="imp_1",
        status=status,
        file="Kunden <2026>.csv",
        dry_run=is_dry_run,
        created=7,
        rejected=rejected,
        rows_done=7 + rejected,
        message=message,
        started_at=NOW,
    )
    reasons = [Reason(code="phone_invalid", message="“1 2” is no phone.", rows=3, lines=[2, 5, 9])] if rejected else []
    store = Store(id="demo", name="Demo", created_at=NOW, updated_at=NOW)
    return import_mail.import_mail(
        store, job, reasons, f"https://api.example.com/v1/stores/demo/imports/{job.id}/rejects"
    )


ALL_MAILS = [
    sign_in_mail.sign_in_link_mail(LINK, "123456"),
    sign_in_mail.sign_in_link_mail(None, "123456"),
    MailContent("welcome", {"link": LINK, "name": "Ana"}),
    MailContent("approved", {"link": LINK, "name": "Ana"}),
    MailContent("invitation", {"link": LINK, "name": "Ana"}),
    waiting_mails.waiting_mail(),
    MailContent("approval_requested", {"email": "ana@example.com"}),
    MailContent("email_in_use", {"link": LINK}),
    email_change_mail.email_change_mail(LINK, "123456"),
    account_notices.email_changed_mail(LINK),
    account_notices.email_changed_mail(None),
    import_result("succeeded", 3),
    import_result("succeeded", 3, is_dry_run=True),
    import_result("failed", 0),
    import_result("cancelled", 1),
    MailContent("new_device", {"link": LINK, "device": "Firefox · Windows", "time": "2026-11-21 10:00 (UTC)"}),
    MailContent("new_device", {"link": LINK, "device": None, "time": "2026-11-21 10:00 (UTC)"}),
    MailContent("password_changed", {"link": LINK}),
    MailContent("password_changed", {"link": LINK}, "removed"),
    export_mails.ready_mail(LINK, "Ana", 59, 18_250, "2026-12-08"),
    export_mails.failed_mail("Ana", "exp_1"),
]


NAMES = {mail.name for mail in ALL_MAILS}


@pytest.mark.parametrize("mail", ALL_MAILS)
@pytest.mark.parametrize("language", languages.SUPPORTED)
def test_every_mail_is_whole_in_every_language(shop: Store, language: str, mail: MailContent) -> None:
    letter = mail_rendering.render(shop, mail, language)
    assert f'<html lang="{language}" dir="ltr">' in letter.html
    assert len(letter.html.encode()) < 20_000  # Gmail cuts at 102 kB
    assert "Café & Söhne" in letter.subject
    assert "Café &amp; Söhne" in letter.html
    assert "{" not in letter.subject + letter.text + letter.html.partition("</style>")[2]
    if mail.context.get("link"):
        assert LINK in letter.text
        assert f'href="{LINK}"' in letter.html


VALUES = {
    "store": "Café & Söhne",
    "minutes": 10,
    "days": 7,
    "name": "Ana",
    "email": "ana@example.com",
    "file": "Kunden <2026>.csv",
    "rows": 59,
    "size": "19 KB",
    "until": "2026-12-08",
    "export": "exp_1",
}


def test_every_text_of_the_table_is_in_the_mail(shop: Store) -> None:
    letters = [mail_rendering.render(shop, mail, "en") for mail in ALL_MAILS]
    everything = "".join(letter.subject + html.unescape(letter.html) for letter in letters)
    for name in NAMES:
        for text in mail_rendering._texts(name)["en"].values():
            assert text.format(**VALUES) in everything


def test_languages_have_the_same_texts() -> None:
    for name in NAMES:
        texts = mail_rendering._texts(name)
        assert set(texts) == set(languages.SUPPORTED)
        assert len({frozenset(table) for table in texts.values()}) == 1


def test_languages_have_the_same_placeholders() -> None:
    for name in NAMES:
        english = mail_rendering._texts(name)["en"]
        for language, texts in mail_rendering._texts(name).items():
            for key, text in texts.items():
                assert placeholders(text) == placeholders(english[key]), (name, language, key)


def placeholders(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}


class Reader(HTMLParser):
    """What a screen reader and a browser get of a mail: elements by tag with their attributes."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize("mail", ALL_MAILS)
@pytest.mark.parametrize("language", languages.SUPPORTED)
def test_every_mail_can_be_read_by_a_screen_reader(shop: Store, language: str, mail: MailContent) -> None:
    letter = mail_rendering.render(shop, mail, language)
    reader = Reader(letter.html)
    [article] = [each for each in reader.all("div") if each.get("role") == "article"]
    # Mail clients strip html and body: the wrapper has the language too.
    assert (article["aria-label"], article["lang"], article["dir"]) == (letter.subject, language, "ltr")
    assert all(table["role"] == "presentation" for table in reader.all("table") if table.get("role"))
    assert len(reader.all("h1")) == 1
    [preheader] = [each for each in reader.all("div") if "display:none" in (each.get("style") or "")]
    assert preheader["aria-hidden"] == "true"
    assert f"<title>{letter.subject}</title>" in html.unescape(letter.html)


@pytest.mark.parametrize("mail", ALL_MAILS)
@pytest.mark.parametrize("language", languages.SUPPORTED)
def test_text_and_html_have_the_same_links_and_nothing_is_loaded_but_the_logo(
    shop: Store, language: str, mail: MailContent
) -> None:
    branding_ = shop.branding.model_copy(update={"logo_url": "https://shop.example.com/logo.png"})
    letter = mail_rendering.render(shop.model_copy(update={"branding": branding_}), mail, language)
    reader = Reader(letter.html)
    assert {each["href"] for each in reader.all("a")} <= set(letter.text.split())
    assert {each["src"] for each in reader.all("img")} == {"https://shop.example.com/logo.png"}
    assert [each["alt"] for each in reader.all("img")] == [shop.name]
    assert "url(" not in letter.html
    assert not reader.all("script") + reader.all("link") + reader.all("iframe") + reader.all("form")


def test_language_falls_back_to_the_stores(shop: Store) -> None:
    assert mail_rendering.render(shop, ALL_MAILS[0], "ja").subject == "Entra en Café & Söhne"
    assert mail_rendering.render(shop, ALL_MAILS[0], "pt-BR").subject == "Entrar em Café & Söhne"


def test_a_store_may_offer_fewer_languages(shop: Store) -> None:
    shop = shop.model_copy(update={"languages": ["fr", "de"]})
    assert (
        mail_rendering.render(shop, ALL_MAILS[0], "de-AT").subject
        == mail_rendering.render(shop, ALL_MAILS[0], "de").subject
    )
    assert '<html lang="fr"' in mail_rendering.render(shop, ALL_MAILS[0], "it").html


def test_code_is_in_the_body_but_not_in_the_subject(shop: Store) -> None:
    letter = mail_rendering.render(shop, ALL_MAILS[0], "en")
    assert "123 456" in letter.text
    assert "123 456" in letter.html
    assert "123" not in letter.subject


def test_markup_in_names_stays_text(shop: Store) -> None:
    evil = shop.model_copy(update={"name": "<script>alert(1)</script>{link}"})
    letter = mail_rendering.render(evil, MailContent("welcome", {"link": LINK, "name": '"><img src=x>'}), "en")
    assert "<script" not in letter.html
    assert "<img" not in letter.html


def test_html_is_well_formed(shop: Store) -> None:
    class Balance(HTMLParser):
        open: list[str] = []

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            if tag not in {"meta", "img", "br"}:
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    for mail in ALL_MAILS:
        checker = Balance()
        checker.feed(mail_rendering.render(shop, mail, "fr").html)
        assert checker.open == []


@pytest.mark.parametrize(("colour", "ink"), [("#1f4f46", "#ffffff"), ("#ffe08a", "#1a1a1a"), ("#c8a2ff", "#1a1a1a")])
def test_button_can_be_read_on_every_colour(colour: str, ink: str) -> None:
    assert branding.contrast_colour(colour) == ink


def test_links_lead_to_our_page_where_the_store_has_none_or_has_chosen_so(store: Store) -> None:
    own, ours = "https://shop.example.com/account", "https://api.example.com/v1/stores/demo/sign-in"
    assert store_urls.sign_in_url(store) == own
    assert store_urls.sign_in_url(store.model_copy(update={"storefront_url": None})) == ours
    assert store_urls.sign_in_url(store.model_copy(update={"hosted_sign_in": True})) == ours
