"""A customer of the storefront API, with a link and signed in."""

from typing import Any

import pytest
from tests.support.storefront import NOW, call

from clientela import clock
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.notifications import sign_in_mail
from clientela.stores.stores import Store


@pytest.fixture
def link(store: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask for a link and read the mail: the body of POST /sessions, and the code."""
    mails: list[Any] = []

    def take(store: Store, outgoing: Any) -> str:
        mails.append(outgoing)
        return "sent"

    monkeypatch.setattr("clientela.mail.mail_delivery._send", take)

    def ask(email: str = "ana@example.com") -> tuple[dict[str, str], str]:
        forged = {"host": "evil.example", "x-forwarded-host": "evil.example"}  # the link must not lead there
        asked = call("POST", "/login-links", {"email": email, "return_to": "/account"}, headers=forged)
        assert asked["statusCode"] == 202, asked
        sign_in_mail.deliver(store, asked["json"]["request_id"], clock.now())
        context = mails[-1].mail.context
        token = context["link"].removeprefix("https://shop.example.com/account#token=")
        return {"token": token, "nonce": asked["json"]["nonce"]}, context["code"]

    return ask


@pytest.fixture
def ana(store: Store) -> Customer:
    new = NewCustomer(email="ana@example.com", name="Ana", note="pays late", tags=["vip"])
    return customers.create(store, new, NOW)


@pytest.fixture
def bearer(ana: Customer, link: Any) -> dict[str, str]:
    """The headers of Ana, signed in."""
    opened = call("POST", "/sessions", link()[0])
    return {"authorization": f"Bearer {opened['json']['session_token']}"}
