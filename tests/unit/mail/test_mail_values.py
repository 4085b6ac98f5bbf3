"""Names that anybody chooses do no harm in a mail."""

import pytest
from tools.mails import samples

from clientela.customers.customer_fields import Customer
from clientela.mail import mail_rendering, mail_values
from clientela.notifications import approval_mail, invitation_mail, welcome_mail


@pytest.mark.parametrize(
    "name", ["Ana", "J. R. R. Tolkien", "Dr. Ana", "O'Neill", "Jean-Luc", "Ana P.", "李雷", "Zoë 2."]
)
def test_names_are_greeted(name: str) -> None:
    assert mail_values.greetable(name) == name


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "https://evil.example",
        "Win at www.evil",
        "evil.com",
        "Claim 500€ at evil.example/win",
        "mail ana@evil",
        "HTTPS://EVIL",
    ],
)
def test_what_would_become_a_link_is_not_greeted(name: str | None) -> None:
    assert mail_values.greetable(name) is None


def test_mails_to_new_accounts_carry_no_address_of_somebody_else() -> None:
    store = samples.shop()
    moment = samples.NOW
    evil = Customer(
        id="cus_1", email="ana@example.com", name="Win at evil.example", created_at=moment, updated_at=moment
    )
    for mail in (
        welcome_mail.welcome_mail(store, evil),
        approval_mail.approved_mail(store, evil),
        invitation_mail.invitation_mail(store, evil),
    ):
        rendered = mail_rendering.render(store, mail, "en")
        assert "evil" not in rendered.html + rendered.text + rendered.subject


def test_long_and_hidden_text_is_cut() -> None:
    assert mail_values.in_a_text("a\r\nb\u202ec\u2066d\x00e") == "a bcd e"
    assert len(mail_values.in_a_text("x" * 100_000)) == mail_values.MAX_VALUE + 1
    assert mail_values.in_a_text(7) == 7
