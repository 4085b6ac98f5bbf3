"""Changes of an e-mail in tests: asked for, confirmed, and their notices."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support.sign_ins import HERE, NOW, Mailbox
from tests.support.streams import arriving, recorded

from clientela import settings
from clientela.customers import customers
from clientela.customers.customer_fields import Customer
from clientela.email_changes import email_changes
from clientela.email_changes.email_changes import EmailChange
from clientela.errors import ClientelaError
from clientela.notifications import account_notices, email_change_mail
from clientela.sign_in.link_sign_in import SignedIn
from clientela.stores.stores import Store
from clientela.table import stream

ANA, NEW, THIEF, THIRD = "ana@example.com", "new@example.org", "thief@example.net", "third@example.net"


SOON = NOW + timedelta(minutes=2)


def latest_change() -> dict[str, str]:
    """The notice that follows from the latest change of an e-mail, as the stream has it."""
    changes = map(stream.read, arriving("FollowUps", recorded(settings.table_name())))
    moves = [moved for change in changes if (moved := account_notices.email_change_in(change))]
    return {"customer_id": moves[-1].customer_id, "version": moves[-1].version}


def asked(
    store: Store, box: Mailbox, opened: SignedIn, email: str = NEW, at: Any = NOW
) -> tuple[EmailChange, str, str]:
    """A change asked for and its mail read: request, token and code."""
    customer = customers.get(store, opened.customer.id)
    request = email_changes.request(store, customer, email, None, HERE, at)
    assert email_change_mail.deliver(store, customer.id, request.request_id, at) == "sent"
    to, mail = box.mails[-1]
    assert (to, mail.name) == (email, "email_change")
    return request, mail.context["link"].partition("#email_change=")[2], mail.context["code"].replace(" ", "")


def confirmed(store: Store, opened: SignedIn, at: Any = NOW, **proof: Any) -> Customer:
    return email_changes.confirm(store, customers.get(store, opened.customer.id), opened.session, HERE, at, **proof)


def moved(store: Store, box: Mailbox, opened: SignedIn, email: str = NEW, at: Any = NOW) -> Customer:
    return confirmed(store, opened, at, token=asked(store, box, opened, email, at)[1])


def notice(store: Store, box: Mailbox, about: dict[str, str], at: Any = NOW) -> tuple[str, str | None]:
    """The notice of a change: to whom it went, and its token."""
    assert account_notices.email_changed(store, **about, now=at) == "sent"
    to, mail = box.mails[-1]
    return to, mail.context["link"] and mail.context["link"].partition("#email_revert=")[2]


def refused(error: type[ClientelaError], *arguments: Any, **more: Any) -> None:
    with pytest.raises(error):
        confirmed(*arguments, **more)
