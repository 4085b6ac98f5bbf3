"""Signing in by password: imported hashes, one answer to every failure, limits."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.passwords import ANA, GOOD, by_password, imported, refused
from tests.support.sign_ins import NOW, Mailbox, by_link, mailbox

from clientela.aws import http_connections
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import TooManyRequestsError
from clientela.sign_in import password_hashes, passwords, sessions, sign_in_events, sign_in_limits
from clientela.sign_in.link_sign_in import SignedIn
from clientela.sign_in.sign_in_errors import SessionInvalidError
from clientela.storefront import own_account
from clientela.stores.stores import Store
from clientela.table.rate_limits import Rule


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    return mailbox(monkeypatch)


@pytest.fixture
def ana(store: Store) -> Customer:
    return customers.create(store, NewCustomer(email=ANA, name="Ana Pérez", language="es"), NOW)


@pytest.fixture
def opened(store: Store, ana: Customer, box: Mailbox) -> SignedIn:
    """Ana, signed in by a mail just now."""
    return by_link(store, box.link(store))


def test_an_imported_hash_signs_in_without_proof_and_becomes_ours(store: Store, ana: Customer) -> None:
    imported(store, ana)
    opened = by_password(store)
    assert opened.session.email_proven is False
    assert own_account.own_view(opened.customer, opened.session.email_proven).name == "Ana Pérez"
    record = passwords.find(store, ana.id)
    assert record
    assert password_hashes.is_own(record.hash)
    assert record.proven_email is None
    assert by_password(store).session.email_proven is False


def test_an_imported_password_is_gone_once_the_mailboxs_owner_signs_in(
    store: Store, ana: Customer, box: Mailbox
) -> None:
    imported(store, ana)
    stranger = by_password(store)
    owner = by_link(store, box.link(store))
    assert sessions.current(store, owner.token, NOW)
    with pytest.raises(SessionInvalidError):
        sessions.current(store, stranger.token, NOW)
    refused(store)
    assert passwords.find(store, ana.id) is None


def spied(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> list[str]:
    """The calls to AWS and the hashes, in order."""
    found: list[str] = []
    send, verify = http_connections.Connections.post, password_hashes._verified

    def sending(self: Any, body: bytes, headers: dict[str, str]) -> Any:
        reply = send(self, body, headers)  # what breaks is sent again, and counts once
        found.append({name.lower(): value for name, value in headers.items()}["x-amz-target"])
        return reply

    def verifying(text: str, password: bytes) -> bool:
        found.append("hash")
        return verify(text, password)

    with monkeypatch.context() as patch:
        patch.setattr(http_connections.Connections, "post", sending)
        patch.setattr(password_hashes, "_verified", verifying)
        act()
    return found


def test_unknown_without_password_disabled_and_wrong_are_one_answer_and_the_same_work(
    store: Store, ana: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("wrong", "disabled", "without", "unknown")
    for name in names[:3]:
        made = customers.create(store, NewCustomer(email=f"{name}@example.com"), NOW)
        if name != "without":
            imported(store, made, password_hashes.hash_password(GOOD))
        if name == "disabled":
            customers.patch(store, made.id, {"status": "disabled"}, NOW)
    work = {}
    for name in names:
        password = "a wrong password" if name == "wrong" else GOOD
        work[name] = spied(monkeypatch, lambda p=password, e=f"{name}@example.com": refused(store, p, e))  # type: ignore[misc]
    assert work["wrong"].count("hash") == 1
    assert len(work["wrong"]) > 5
    assert work["disabled"] == work["without"] == work["unknown"] == work["wrong"]
    assert [told(store, name) for name in names[:3]] == ["credentials_wrong", "account_disabled", "no_password"]


def told(store: Store, name: str) -> str | None:
    """What the merchant sees of the last try."""
    customer = customers.find(store, f"{name}@example.com", NOW)
    assert customer
    return sign_in_events.page(store, customer, NOW).items[0].reason


def test_tries_are_limited_by_address_and_by_network(
    store: Store, ana: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(store, ana, password_hashes.hash_password(GOOD))
    for _ in range(10):
        refused(store, "a wrong password")
    with pytest.raises(TooManyRequestsError):
        by_password(store)
    monkeypatch.setattr(sign_in_limits, "tries_of_network", lambda store: Rule(11, 600))
    with pytest.raises(TooManyRequestsError):
        by_password(store, email="other@example.com")
