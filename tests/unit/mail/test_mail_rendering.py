"""The mails: their texts in each language."""

import html
from html.parser import HTMLParser
from typing import Any

import pytest
from tools.mails import samples

from clientela import clock
from clientela.mail import mail_rendering
from clientela.mail.mail_rendering import MailContent
from clientela.schema import languages
from clientela.stores import branding, store_urls
from clientela.stores.setting_groups import Branding
from clientela.stores.stores import Store

NOW = clock.now()


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


ALL_MAILS = [sample.mail for sample in samples.samples(samples.shop())]
SIGN_IN, WELCOME = ALL_MAILS[0], next(mail for mail in ALL_MAILS if mail.name == "welcome")


@pytest.mark.parametrize("mail", ALL_MAILS)
@pytest.mark.parametrize("language", languages.SUPPORTED)
def test_every_mail_is_whole_in_every_language(shop: Store, language: str, mail: MailContent) -> None:
    letter = mail_rendering.render(shop, mail, language)
    assert f'<html lang="{language}" dir="ltr">' in letter.html
    assert len(letter.html.encode()) < 20_000  # Gmail cuts at 102 kB
    assert "Café & Söhne" in letter.subject
    assert "Café &amp; Söhne" in letter.html
    assert "{" not in letter.subject + letter.text + letter.html.partition("</style>")[2]
    if link := mail.context.get("link"):
        assert link in letter.text
        assert f'href="{link}"' in letter.html


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
    assert "428 913" in letter.text
    assert "428 913" in letter.html
    assert "428" not in letter.subject


def test_markup_in_names_stays_text(shop: Store) -> None:
    evil = shop.model_copy(update={"name": "<script>alert(1)</script>{link}"})
    letter = mail_rendering.render(evil, MailContent("welcome", WELCOME.context | {"name": '"><img src=x>'}), "en")
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
