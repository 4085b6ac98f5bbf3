"""The checks of mails: every sample passes, and each kind of fault is found."""

import dataclasses

import pytest
from tools.mails import checks, gallery, samples

from clientela.mail import mail_rendering
from clientela.mail.mail_rendering import RenderedMail

SHOP = samples.shop()
MAIL = dict(samples.samples(SHOP))["sign_in_link"]


@pytest.fixture(autouse=True)
def sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDER_ADDRESS", "shop@example.com")
    monkeypatch.setenv("EMAIL_CONFIGURATION_SET", "clientela-test")


def letter() -> RenderedMail:
    return mail_rendering.render(SHOP, MAIL, "en")


@pytest.mark.parametrize("sample", samples.samples(SHOP), ids=lambda sample: sample.name)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_samples_have_no_issue(sample: samples.Sample, language: str) -> None:
    rendered = mail_rendering.render(SHOP, sample.mail, language)
    assert checks.issues(SHOP, sample.mail, rendered, language) == []


@pytest.mark.parametrize(
    ("old", "new", "issue"),
    [
        ("</h1>", "", "</td> ends h1"),
        ("<h1", "<script>x</script><h1", "<script> is not an element of mails"),
        ("<h1 ", '<h1 onclick="x" ', "<h1> has onclick"),
        ("<h1", "<p><div></div></p><h1", "<div> in <p>"),
        ('<html lang="en"', '<html lang="de"', "html has another language or direction"),
        ('role="article"', 'role="region"', "the article is not named by the subject"),
        ("<h1", "<h1>Again</h1><h1", "not one h1"),
        ("<h1", '<img src="https://t.example/p.gif" alt="x" width="1"><h1', "another image than the logo"),
        ("body { margin", "body { background: url(https://t.example/); margin", "the styles load something"),
        (
            "<h1",
            '<a href="https://other.example/">Read the terms</a><h1',
            "not in the text part: https://other.example/",
        ),
        ("<h1", f'<a href="{samples.LINK}">here</a><h1', "a link that does not say what it does: here"),
        ("<h1", '<a href="javascript:x">Read the terms</a><h1', "a link to javascript:x"),
        (samples.LINK, f"{samples.LINK}?utm_source=mail", "a link that tracks"),
        ("Never give the code to anyone.", "Keep the code.", "only in the text part: without it, nobody"),
        ("<h1", f"{'<p>x</p>' * 15_000}<h1", "102 kB or more"),
    ],
)
def test_each_fault_is_found(old: str, new: str, issue: str) -> None:
    rendered = letter()
    assert old in rendered.html
    found = checks.issues(SHOP, MAIL, dataclasses.replace(rendered, html=rendered.html.replace(old, new, 1)), "en")
    assert any(each.startswith(issue) for each in found), found


def test_another_order_than_in_the_text_part_is_found() -> None:
    rendered = letter()
    lines = rendered.text.splitlines()
    backwards = dataclasses.replace(rendered, text="\n".join(reversed(lines)))
    assert any(each.startswith("in another order") for each in checks.issues(SHOP, MAIL, backwards, "en"))


def test_gallery_forces_light_and_dark() -> None:
    html = letter().html
    assert "@media all {" in gallery.in_scheme(html, "dark")
    assert "@media not all {" in gallery.in_scheme(html, "light")
    assert "prefers-color-scheme" not in gallery.in_scheme(html, "dark")
