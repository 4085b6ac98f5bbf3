"""A customer who is signed in by a mail."""

import pytest
from tests.support.email_changes import ANA
from tests.support.sign_ins import NOW, Mailbox, by_link, mailbox

from clientela.customers import customers
from clientela.customers.customer_fields import NewCustomer
from clientela.sign_in.link_sign_in import SignedIn
from clientela.stores.stores import Store


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The notices of another password."""
    found: list[dict[str, str]] = []
    monkeypatch.setattr("clientela.mail.mail_queue.put_later", lambda mail, store_id, **about: found.append(about))
    return found


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch, queued: list[dict[str, str]]) -> Mailbox:
    return mailbox(monkeypatch)


@pytest.fixture
def opened(store: Store, box: Mailbox) -> SignedIn:
    customers.create(store, NewCustomer(email=ANA, name="Ana", language="es"), NOW)
    return by_link(store, box.link(store))
