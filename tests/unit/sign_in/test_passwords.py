"""Passwords: how they are set, what they open, and what a stranger learns from trying."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support.passwords import ANA, GOOD, OTHER, by_password, refused
from tests.support.sign_ins import NOW, Mailbox, by_link, mailbox

from clientela.customers import customer_history, customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import InvalidInputError, TooManyRequestsError
from clientela.notifications import account_notices
from clientela.sign_in import passwords, sessions
from clientela.sign_in.link_sign_in import SignedIn
from clientela.sign_in.sign_in_errors import (
    CredentialsWrongError,
    FreshSignInNeededError,
    LoginDisabledError,
    SessionInvalidError,
)
from clientela.stores.stores import Store
from clientela.table import dynamodb, keys

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


def test_a_password_of_another_email_proves_nothing_for_the_new_one(store: Store, opened: SignedIn) -> None:
    passwords.change(store, opened.customer, opened.session, GOOD, None, NOW)
    customers.patch(store, opened.customer.id, {"email": "eve@example.com"}, NOW)
    refused(store)
    assert by_password(store, email="eve@example.com").session.email_proven is False


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
