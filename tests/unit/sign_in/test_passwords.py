"""Passwords: how they are set, what they open, and what a stranger learns from trying."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import bcrypt
import pytest
from tests.support.sign_ins import HERE, NOW, Mailbox, by_link, mailbox

from clientela.aws import http_connections
from clientela.customers import customer_history, customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import InvalidInputError, TooManyRequestsError
from clientela.notifications import account_notices
from clientela.sign_in import password_hashes, password_sign_in, passwords, sessions, sign_in_events, sign_in_limits
from clientela.sign_in.link_sign_in import SignedIn
from clientela.sign_in.passwords import PasswordRecord
from clientela.sign_in.sign_in_errors import (
    CredentialsWrongError,
    FreshSignInNeededError,
    LoginDisabledError,
    SessionInvalidError,
)
from clientela.storefront import own_account
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys
from clientela.table.rate_limits import Rule

ANA, GOOD, OTHER = "ana@example.com", "correct horse battery", "another fine phrase"
LATER = NOW + timedelta(minutes=30)


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


def imported(store: Store, customer: Customer, text: str = "") -> None:
    """What an import leaves: a hash of another shop, proven by nobody."""
    text = text or bcrypt.hashpw(GOOD.encode(), bcrypt.gensalt(4)).decode()
    key = keys.customer(store.id, customer.id), keys.PASSWORD
    PasswordRecord(*key, hash=text, changed_at="2026-01-01T00:00:00.000Z").save()


def by_password(store: Store, password: str = GOOD, email: str = ANA, at: Any = NOW) -> SignedIn:
    return password_sign_in.sign_in(store, email, password, HERE, at)


def refused(store: Store, password: str = GOOD, email: str = ANA) -> None:
    with pytest.raises(CredentialsWrongError):
        by_password(store, password, email)


def test_a_password_that_was_set_signs_in_with_the_email_proven(store: Store, opened: SignedIn) -> None:
    passwords.change(store, opened.customer, opened.session, GOOD, None, NOW)
    again = by_password(store, email="ANA@Example.com")
    session, customer = sessions.current(store, again.token, NOW)
    assert (session.signed_in_by, session.email_proven, customer.id) == ("password", True, opened.customer.id)
    assert customer.last_sign_in_at == NOW
    refused(store, GOOD + " ")
    refused(store, GOOD.upper())


def test_a_change_ends_all_other_sessions_and_is_told_by_mail(
    store: Store, opened: SignedIn, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, str]] = []
    monkeypatch.setattr("clientela.mail.mail_queue.put_later", lambda mail, store_id, **about: asked.append(about))
    passwords.change(store, opened.customer, opened.session, GOOD, None, NOW)
    other = by_password(store)
    passwords.change(store, customers.get(store, other.customer.id), other.session, OTHER, GOOD, LATER)
    assert [each.id for each in sessions.list_active(store, other.customer, LATER)] == [other.session.id]
    with pytest.raises(SessionInvalidError):
        sessions.current(store, opened.token, LATER)
    refused(store)
    kinds = [event.type for event in customer_history.page(store, other.customer.id, LATER).items]
    assert kinds[:2] == ["password_updated", "password_updated"]
    box.mails.clear()
    assert [account_notices.password_changed(store, **about, now=LATER) for about in asked * 2] == [
        "sent",
        "sent",
        "repeated",
        "repeated",
    ]
    assert [(to, mail.name) for to, mail in box.mails] == [(ANA, "password_changed")] * 2


def test_a_change_that_did_not_come_about_is_not_told(store: Store, ana: Customer, box: Mailbox) -> None:
    customers.patch(store, ana.id, {"note": "x"}, NOW)
    for version in ("1", "2", "3"):
        assert account_notices.password_changed(store, ana.id, version, NOW) == "withheld"
    assert box.mails == []


def test_the_current_password_is_needed_once_the_mail_is_old(store: Store, opened: SignedIn) -> None:
    ana, session = opened.customer, opened.session
    assert passwords.state(store, ana, session, NOW).model_dump() == {
        "is_set": False,
        "changed_at": None,
        "current_password_needed": False,
    }
    passwords.change(store, ana, session, GOOD, None, LATER)  # the first one needs none
    with pytest.raises(InvalidInputError) as asked:
        passwords.change(store, ana, session, OTHER, None, LATER)
    assert asked.value.fields[0].pointer == "/current_password"
    with pytest.raises(CredentialsWrongError):
        passwords.change(store, ana, session, OTHER, "wrong", LATER)
    assert passwords.state(store, ana, session, LATER).current_password_needed
    passwords.change(store, ana, session, OTHER, GOOD, LATER)
    passwords.change(store, ana, session, GOOD, None, NOW)  # within minutes of the mail


def test_guesses_at_the_current_password_are_limited(store: Store, opened: SignedIn) -> None:
    ana, session = opened.customer, opened.session
    passwords.change(store, ana, session, GOOD, None, NOW)

    def guess() -> None:
        passwords.change(store, ana, session, OTHER, "wrong", LATER)

    for _ in range(10):
        with pytest.raises(CredentialsWrongError):
            guess()
    with pytest.raises(TooManyRequestsError):
        guess()


def test_a_password_is_removed_by_who_has_the_mailbox(store: Store, opened: SignedIn) -> None:
    passwords.remove(store, opened.customer, opened.session, NOW)  # nothing is there
    passwords.change(store, opened.customer, opened.session, GOOD, None, NOW)
    with pytest.raises(FreshSignInNeededError):
        passwords.remove(store, opened.customer, opened.session, LATER)
    passwords.remove(store, opened.customer, opened.session, NOW)
    refused(store)
    assert passwords.find(store, opened.customer.id) is None
    assert customer_history.page(store, opened.customer.id, NOW).items[0].type == "password_removed"


@pytest.mark.parametrize(
    ("password", "complaint"),
    [
        ("short", "at least 8"),
        ("password", "most common"),
        ("PASSWORD1", "most common"),
        ("trustno1", "most common"),
        ("ana@example.com", "your name"),
        ("Ana Pérez", "your name"),
        ("Ana Pe\u0301rez", "your name"),
        # Kept as what it is composed to: whoever guesses `password1` would be in.
        ("\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff441", "most common"),
    ],
)
def test_what_anybody_would_try_first_is_refused(store: Store, opened: SignedIn, password: str, complaint: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        passwords.change(store, opened.customer, opened.session, password, None, NOW)
    assert refusal.value.fields[0].pointer == "/password"
    assert complaint in refusal.value.fields[0].message
    assert passwords.find(store, opened.customer.id) is None


def test_the_common_ones_are_three_thousand_and_long_enough() -> None:
    assert len(passwords._common()) == 3000
    assert min(map(len, passwords._common())) == passwords.MIN_LENGTH


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


def test_a_password_of_another_email_proves_nothing_for_the_new_one(store: Store, opened: SignedIn) -> None:
    passwords.change(store, opened.customer, opened.session, GOOD, None, NOW)
    customers.patch(store, opened.customer.id, {"email": "eve@example.com"}, NOW)
    refused(store)
    assert by_password(store, email="eve@example.com").session.email_proven is False


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
    monkeypatch.setattr(sign_in_limits, "TRIES_OF_NETWORK", Rule(11, 600))
    with pytest.raises(TooManyRequestsError):
        by_password(store, email="other@example.com")


@pytest.mark.parametrize("changes", [{"password_sign_in": False}, {"login_mode": "disabled"}])
def test_a_store_without_passwords_says_so(store: Store, opened: SignedIn, changes: dict[str, Any]) -> None:
    without = store_settings.change_settings(store.id, changes, NOW)
    with pytest.raises(LoginDisabledError):
        by_password(without)
    with pytest.raises(LoginDisabledError):
        passwords.change(without, opened.customer, opened.session, GOOD, None, NOW)


def test_no_item_but_the_passwords_own_holds_the_hash(store: Store, opened: SignedIn) -> None:
    passwords.change(store, opened.customer, opened.session, GOOD, None, NOW)
    record = passwords.find(store, opened.customer.id)
    assert record
    pk = {":pk": {"S": keys.customer(store.id, opened.customer.id)}}
    items = dynamodb.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues=pk)["Items"]
    holding = [item["sk"]["S"] for item in items if record.hash in str(item) or GOOD in str(item)]
    assert holding == [keys.PASSWORD]


def test_two_changes_at_once_leave_one_password(
    store: Store, opened: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, twice = passwords._write, []

    def overtaken(*arguments: Any) -> None:
        if not twice:
            twice.append(1)
            passwords.change(store, opened.customer, opened.session, OTHER, None, NOW)
        original(*arguments)

    monkeypatch.setattr(passwords, "_write", overtaken)
    with pytest.raises(SessionInvalidError):
        passwords.change(store, opened.customer, opened.session, GOOD, None, NOW)
    refused(store)
    assert by_password(store, OTHER)
