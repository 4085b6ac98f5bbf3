"""What the tests of sign-in share: ask for a link, read the mail, present what was in it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from clientela import clock
from clientela.mail.mail_rendering import MailContent
from clientela.notifications import sign_in_mail
from clientela.sign_in import link_sign_in
from clientela.sign_in.link_sign_in import LinkRequest, SignedIn
from clientela.sign_in.visitors import Visitor
from clientela.stores.stores import Store

NOW = clock.now()
ANA = "ana@example.com"
HERE = Visitor("192.0.2.1", "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")


@dataclass
class Sent:
    """What the mail of a request held."""

    request: LinkRequest
    token: str
    code: str


@dataclass
class Mailbox:
    """Stands where SES is: what it was given, as recipient and mail."""

    mails: list[tuple[str, MailContent]] = field(default_factory=list)
    last: LinkRequest = field(init=False)

    def take(self, store: Store, outgoing: Any) -> str:
        """What `mail_delivery` calls in place of SES."""
        self.mails.append((outgoing.address, outgoing.mail))
        return "sent"

    def link(self, store: Store, email: str = ANA, at: datetime = NOW) -> Sent:
        """Ask for a link and read the mail."""
        request = link_sign_in.request_link(store, email, HERE, "es", None, at)
        assert sign_in_mail.deliver(store, request.request_id, at) == "sent"
        context = self.mails[-1][1].context
        self.last = request
        return Sent(request, context["link"].partition("#token=")[2], context["code"].replace(" ", ""))


def mailbox(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """A mailbox in the place of SES."""
    box = Mailbox()
    monkeypatch.setattr("clientela.mail.mail_delivery._send", box.take)
    return box


def by_link(store: Store, sent: Sent, at: datetime = NOW, **changes: Any) -> SignedIn:
    """Press the link in the browser that asked."""
    given = {"token": sent.token, "nonce": sent.request.nonce} | changes
    return link_sign_in.verify(store, link_sign_in.parse_proof(**given), HERE, at)


def by_code(store: Store, sent: Sent, code: str, at: datetime = NOW) -> SignedIn:
    """Type a code in any browser."""
    return link_sign_in.verify(store, link_sign_in.parse_proof(request_id=sent.request.request_id, code=code), HERE, at)


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 10**6:06d}"
