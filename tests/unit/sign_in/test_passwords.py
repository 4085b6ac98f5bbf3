"""Passwords: how they are set, what they open, and what a stranger learns from trying."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support.passwords import ANA, GOOD, OTHER, by_password, refused
from tests.support.sign_ins import NOW, Mailbox, by_link, mailbox

from clientela.customers import customer_history, customers, store_settings
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import ClientelaError, InvalidInputError
from clientela.notifications import account_notices
from clientela.sign_in import passwords, sessions
from clientela.sign_in.link_sign_in import SignedIn
from clientela.sign_in.sign_in_errors import (
    FreshSignInNeededError,
    LoginDisabledError,
    PasswordSignInDisabledError,
    SessionInvalidError,
)
from clientela.stores.stores import Store, StoreSettings
from clientela.table import dynamodb, keys

LATER, MOMENT = NOW + timedelta(minutes=30), timedelta(milliseconds=1)


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
    passwords.change(store, opened.customer, opened.session, GOOD, NOW)
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
    passwords.change(store, opened.customer, opened.session, GOOD, NOW)
    other = by_link(store, box.link(store, at=LATER), LATER)
    passwords.change(store, other.customer, other.session, OTHER, LATER)
    assert [each.id for each in sessions.list_active(store, other.customer, LATER)] == [other.session.id]
    with pytest.raises(SessionInvalidError):
        sessions.current(store, opened.token, LATER)
    refused(store)
    kinds = [event.type for event in customer_history.page(store, other.customer, LATER).items]
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


def test_a_change_needs_a_fresh_sign_in_by_mail(store: Store, opened: SignedIn) -> None:
    ana, session = opened.customer, opened.session
    last, first_late = NOW + sessions.RECENT - MOMENT, NOW + sessions.RECENT
    assert passwords.state(store, ana, session, last).model_dump() == {
        "is_set": False,
        "changed_at": None,
        "fresh_sign_in_needed": False,
    }
    assert passwords.state(store, ana, session, first_late).fresh_sign_in_needed
    with pytest.raises(FreshSignInNeededError):
        passwords.change(store, ana, session, GOOD, first_late)
    refused(store)
    passwords.change(store, ana, session, GOOD, last)
    by_the_password = by_password(store, at=last)  # knowing the password is not having the mailbox
    with pytest.raises(FreshSignInNeededError):
        passwords.change(store, by_the_password.customer, by_the_password.session, OTHER, last)
    by_password(store)


def test_a_password_is_removed_by_who_has_the_mailbox(store: Store, opened: SignedIn) -> None:
    passwords.remove(store, opened.customer, opened.session, NOW)  # nothing is there
    passwords.change(store, opened.customer, opened.session, GOOD, NOW)
    with pytest.raises(FreshSignInNeededError):
        passwords.remove(store, opened.customer, opened.session, LATER)
    passwords.remove(store, opened.customer, opened.session, NOW)
    refused(store)
    assert passwords.find(store, opened.customer.id) is None
    assert customer_history.page(store, opened.customer, NOW).items[0].type == "password_removed"


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
        passwords.change(store, opened.customer, opened.session, password, NOW)
    assert refusal.value.fields[0].pointer == "/password"
    assert complaint in refusal.value.fields[0].message
    assert passwords.find(store, opened.customer.id) is None


def test_the_common_ones_are_three_thousand_and_long_enough() -> None:
    assert len(passwords._common()) == 3000
    assert min(map(len, passwords._common())) == passwords.MIN_LENGTH


def test_a_password_of_another_email_proves_nothing_for_the_new_one(store: Store, opened: SignedIn) -> None:
    passwords.change(store, opened.customer, opened.session, GOOD, NOW)
    customers.patch(store, opened.customer.id, {"email": "eve@example.com"}, NOW)
    refused(store)
    assert by_password(store, email="eve@example.com").session.email_proven is False


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"password_sign_in": False}, PasswordSignInDisabledError), ({"login_mode": "disabled"}, LoginDisabledError)],
)
def test_a_store_without_passwords_says_so(
    store: Store, opened: SignedIn, changes: dict[str, Any], error: type[ClientelaError]
) -> None:
    without = store_settings.change_settings(store.id, changes, NOW)
    with pytest.raises(error):
        by_password(without)
    with pytest.raises(error):
        passwords.change(without, opened.customer, opened.session, GOOD, NOW)


def test_passwords_are_off_unless_a_store_switches_them_on() -> None:
    assert StoreSettings(name="Shop", login_mode="optional").password_sign_in is False


def test_a_store_that_switched_passwords_off_lets_its_customers_remove_theirs(store: Store, opened: SignedIn) -> None:
    passwords.change(store, opened.customer, opened.session, GOOD, NOW)
    without = store_settings.change_settings(store.id, {"password_sign_in": False}, NOW)
    passwords.remove(without, opened.customer, opened.session, NOW)
    assert passwords.find(store, opened.customer.id) is None


def test_no_item_but_the_passwords_own_holds_the_hash(store: Store, opened: SignedIn) -> None:
    passwords.change(store, opened.customer, opened.session, GOOD, NOW)
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
            passwords.change(store, opened.customer, opened.session, OTHER, NOW)
        original(*arguments)

    monkeypatch.setattr(passwords, "_write", overtaken)
    with pytest.raises(SessionInvalidError):
        passwords.change(store, opened.customer, opened.session, GOOD, NOW)
    refused(store)
    assert by_password(store, OTHER)
